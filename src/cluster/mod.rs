//! Pure state machines of the cluster: time and randomness are arguments, nothing waits, nothing does I/O.

pub mod backoff;
pub mod batch;
pub mod frame_policy;
pub mod membership;
pub mod rooms;
