//! A small pull parser for JSON text.
//!
//! It differs from `serde_json` in what this crate needs: it never recurses, it refuses exactly what `JSON.parse`
//! refuses (a lone surrogate escape such as `\ud800` is fine), and it hands out borrowed tokens, so that a part nobody
//! looks at costs one scan and no allocation.

mod cursor;
mod nesting;
mod scanner;
mod string;

pub use scanner::{Scanner, Token};
pub use string::{push_escaped, push_string, RawStr};

use super::MAX_DEPTH;

/// Why a text is not one JSON value. Offsets count bytes from the start of the text.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
pub enum JsonError {
    /// A character that no JSON value can have at this place.
    #[error("unexpected character at byte {0}")]
    Unexpected(usize),
    /// The text stops within a value.
    #[error("the text ends in the middle of a value")]
    Truncated,
    /// More than [`MAX_DEPTH`] arrays and objects inside each other.
    #[error("more than {MAX_DEPTH} levels of nesting at byte {0}")]
    TooDeep(usize),
    /// A complete value, and something else behind it.
    #[error("more text after the end of the value at byte {0}")]
    Trailing(usize),
}

#[cfg(test)]
mod tests;
