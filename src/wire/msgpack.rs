//! Attachments: JSON text with binary parts to msgpack and back, without a tree of values in between.
//!
//! In JSON text a binary part stands as the string `<marker><index>`. The marker is a string that nobody can guess,
//! made at random for each process and never leaving it, so that no string of a user is mistaken for one.
//!
//! The counterpart is `@msgpack/msgpack` 2.8, which the JavaScript packages use. Same bytes where JSON allows it:
//!
//! * a `Date`, `undefined` or `NaN` has become a string, nothing, or `null` in the JSON text already;
//! * a lone surrogate in a string of more than 200 characters is kept here, there it becomes U+FFFD.
//!
//! Same values when reading, as JSON has them, with these exceptions:
//!
//! * integers above 2<sup>53</sup> keep their digits; `JSON.parse` rounds them;
//! * bytes that are not UTF-8 become U+FFFD in strings of any length;
//! * a key named `__proto__` is kept, as `JSON.parse` keeps it, and not an error.

mod decode;
mod encode;
mod number;
mod reader;
mod timestamp;

pub use decode::decode;
pub use encode::encode;

use std::ops::Range;

use super::json::JsonError;
use super::MAX_DEPTH;

/// The most binary parts of a message. Each becomes an object of JavaScript and a message to every client, which takes
/// far more memory than an empty one takes here.
pub const MAX_PARTS: usize = 65_536;

/// Why a JSON text cannot become msgpack.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone)]
pub enum EncodeError {
    /// Not one complete JSON value.
    #[error("the message is not valid JSON")]
    Json(#[from] JsonError),
    /// A string stands for a binary part that is not there.
    #[error("the message names a binary part that does not exist")]
    UnknownPart,
    /// More than [`MAX_PARTS`] binary parts.
    #[error("it has {0} binary parts, more than {MAX_PARTS}")]
    TooManyParts(usize),
    /// More bytes, items or members than msgpack can count.
    #[error("a value of the message is larger than msgpack allows")]
    TooLarge,
}

/// Why bytes are not one msgpack value, or none that JSON can express. Offsets count bytes from the start.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone)]
pub enum DecodeError {
    /// The bytes stop within a value.
    #[error("the msgpack data ends in the middle of a value")]
    Truncated,
    /// A complete value, and something else behind it.
    #[error("more data after the end of the msgpack value at byte {0}")]
    Trailing(usize),
    /// More than [`MAX_DEPTH`] arrays and maps inside each other.
    #[error("more than {MAX_DEPTH} levels of nesting in the msgpack data at byte {0}")]
    TooDeep(usize),
    /// More than [`MAX_PARTS`] binary parts.
    #[error("more than {MAX_PARTS} binary parts in the msgpack data at byte {0}")]
    TooManyParts(usize),
    /// The one byte that starts no value.
    #[error("invalid msgpack type at byte {0}")]
    InvalidType(usize),
    /// The key of a map is neither a string nor a number.
    #[error("a key that is neither a string nor a number in the msgpack data at byte {0}")]
    InvalidKey(usize),
    /// A timestamp that is not 4, 8 or 12 bytes long.
    #[error("invalid timestamp in the msgpack data at byte {0}")]
    InvalidTimestamp(usize),
}

/// A decoded msgpack value.
#[derive(Debug, PartialEq, Eq, Clone)]
pub struct Decoded {
    /// The value as JSON text, a marker and an index in place of every binary part.
    pub json: String,
    /// Where in the input the binary parts are, by index.
    pub parts: Vec<Range<usize>>,
}

#[cfg(test)]
mod tests;
