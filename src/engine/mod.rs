//! The engine: tasks that own their state and talk by messages.
//!
//! ```text
//!   JavaScript ── publish ──► outbox ──► publisher ──► PostgreSQL
//!   JavaScript ◄── drain ──── inbox ◄── router ◄── listener ◄── PostgreSQL
//!                                        │
//!                    namespaces (rooms, members) ◄── heartbeat
//! ```

pub mod cleaner;
pub mod clock;
pub mod credentials;
pub mod frame_reader;
pub mod frame_writer;
pub mod framing;
pub mod gathered;
pub mod handle;
pub mod handoff;
pub mod heartbeat;
pub mod inbox;
pub mod listener;
pub mod namespaces;
pub mod outbox;
pub mod peer_wait;
pub mod pending;
pub mod prepare;
pub mod publisher;
mod questions;
pub mod randomness;
pub mod received;
pub mod router;
pub mod shared;
pub mod shutdown;
pub mod stats;
pub mod supervisor;
pub mod unsent;
