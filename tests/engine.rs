//! What the engine guarantees, shown with engines that talk over a fake database which fails on command.

// A test that fails may panic, also in its helpers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

#[path = "engine/attachments.rs"]
mod attachments;
#[path = "engine/buffer.rs"]
mod buffer;
#[path = "engine/closing.rs"]
mod closing;
#[path = "engine/faults.rs"]
mod faults;
#[path = "engine/filtering.rs"]
mod filtering;
#[path = "engine/frames.rs"]
mod frames;
#[path = "engine/membership.rs"]
mod membership;
#[path = "engine/ordering.rs"]
mod ordering;
#[path = "engine/refusals.rs"]
mod refusals;
#[path = "engine/roles.rs"]
mod roles;
#[path = "engine/stats.rs"]
mod stats;
