//! Frames: how messages travel between servers of this kind, many in one notification or one in many.
//!
//! PostgreSQL's cost of a notification grows with its bytes. So the messages of a batch become one block, compressed
//! where that helps, in a text of ASCII characters ([`ascii`]), cut into pieces of the size of a notification:
//!
//! ```text
//! <bytes of uid> <uid> <stream> <block> <index> <count>\n<text>
//! ```
//!
//! with the number of the sender's stream (random, new in each life of a server), the number of the block in it,
//! counted from 1, the place of the piece in the block, counted from 0, and how many pieces the block has. So a block
//! that comes a second time is recognised.
//!
//! A block is a byte that tells whether the rest is compressed (LZ4, with the length of the original before it), and
//! then one entry after the other: the type of the message, the lengths of its namespace, options, data and number of
//! parts, the length of each part, and after these numbers (LEB128) the bytes themselves. A broadcast that consists of
//! an event and options alone has the type 0: its data is just the event, an array, and empty options are the usual
//! ones, for everybody. The control character U+0001 stands in the data for each binary part, in order; no JSON text
//! holds it.

pub mod ascii;
mod block;
mod reader;
mod writer;

pub use block::{Binary, Entry};
pub use reader::{Block, Piece, Streams};
pub use writer::{Message, Piece as WrittenPiece, Writer};

/// The most bytes of a message in a frame. A larger one travels through the attachment table.
pub const MAX_MESSAGE_BYTES: usize = 2 * 1024 * 1024;
/// The most bytes of a block.
const MAX_BLOCK_BYTES: usize = 4 * 1024 * 1024;

/// The most binary parts of a message in a frame. Each becomes an object of JavaScript and a message to every client,
/// however few bytes it has, and many empty ones compress to nothing. More travel through the attachment table.
const MAX_PARTS: usize = 1000;

/// Stands for a binary part.
const PART: char = '\u{1}';

/// Why a text is no piece, or a block holds something that is no entry. The text itself is never part of it.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
pub enum FrameError {
    /// The first line of a piece is not one.
    #[error("the notification does not begin as a frame does")]
    Piece,
    /// The text of a block is no compressed or plain content.
    #[error("the frame cannot be unpacked")]
    Block,
    /// A block holds something else than entries.
    #[error("the frame holds something that is no message")]
    Entry,
    /// There are other binary parts than those that the data names.
    #[error("the binary content of the message is malformed")]
    Parts,
}

#[cfg(test)]
mod tests;
