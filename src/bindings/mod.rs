//! The Node.js addon: the only place that names `napi`. Each function converts, delegates to the engine, and
//! does nothing else.

// The macros of napi expand to unsafe code; nothing here is written by hand.
#![allow(unsafe_code, missing_docs)]
// napi hands values over, never references to them.
#![allow(clippy::needless_pass_by_value)]

mod engine;
mod failure;
mod promise;
mod runtime;
mod wake;
