//! The wire layer: pure functions over bytes and text, without any input or output.
//!
//! In reading order:
//!
//! * [`message`]: the types of cluster messages, and the part of a message that routing needs
//! * [`payload`]: the text of a notification: inline, or the header of an attachment
//! * [`frame`]: many messages in one notification, between servers of this kind
//! * [`channel`]: the name of the channel of a namespace
//! * [`msgpack`]: attachments: JSON text with binary parts to msgpack and back
//! * [`json`]: the tokens of a JSON text, shared by the modules above
//!
//! All input is hostile: clients can name namespaces, and whoever reaches the database can write to a channel or to
//! the table. Nothing here recurses, panics, or allocates more than a small multiple of what it was given.

pub mod channel;
pub mod frame;
pub mod json;
pub mod message;
pub mod msgpack;
pub mod payload;

/// How many arrays and objects may stand inside each other, in JSON and in msgpack alike.
///
/// The JavaScript packages write at most 100 levels of msgpack, so that nothing legitimate comes near.
pub const MAX_DEPTH: usize = 512;
