//! The native engine of `@socket.io/postgres-adapter-rs`: a Socket.IO cluster over PostgreSQL whose hot path
//! never touches the JavaScript thread unless a local client must receive something.
//!
//! The layers, in reading order; each uses only those above it:
//!
//! | module | layer |
//! | --- | --- |
//! | [`error`], [`options`], [`redacted`] | L0: the error type; validated options; what is not shown |
//! | [`wire`] | L1: pure bytes: messages, envelopes, msgpack, channel names |
//! | [`cluster`] | L1: pure state machines: members, rooms, batches, backoff |
//! | [`pg`] | L2: the only place that names `tokio_postgres` |
//! | [`engine`] | L3: tasks that own their state and talk by messages |
//! | `bindings` | L4: the only place that names `napi`; behind the feature of that name |

pub mod cluster;
pub mod engine;
pub mod error;
pub mod options;
pub mod pg;
pub mod redacted;
pub mod wire;

#[cfg(feature = "napi")]
mod bindings;
