//! A place in a JSON text, and the tokens that are more than one character: numbers, strings and words.

use std::ops::Range;

use super::string::plain_run;
use super::JsonError;

/// A place in a JSON text.
pub struct Cursor<'a> {
    text: &'a str,
    position: usize,
}

impl<'a> Cursor<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text, position: 0 }
    }

    /// How many bytes stand before this place.
    pub fn position(&self) -> usize {
        self.position
    }

    /// The text at a place that [`number`](Self::number) or [`string`](Self::string) gave. Its ends are next to ASCII
    /// characters, hence at boundaries.
    pub fn slice(&self, range: Range<usize>) -> Result<&'a str, JsonError> {
        let start = range.start;
        self.text.get(range).ok_or(JsonError::Unexpected(start))
    }

    /// Goes on by the one byte that was looked at.
    pub fn advance(&mut self) {
        self.position += 1;
    }

    /// Passes over just this word.
    pub fn literal(&mut self, word: &str) -> Result<(), JsonError> {
        word.bytes().try_for_each(|byte| self.expect(byte))
    }

    /// Passes over a number.
    pub fn number(&mut self) -> Result<Range<usize>, JsonError> {
        let start = self.position;
        self.accept(|byte| byte == b'-');
        // A leading zero stands alone: `01` is no number.
        if !self.accept(|byte| byte == b'0') {
            self.digits()?;
        }
        if self.accept(|byte| byte == b'.') {
            self.digits()?;
        }
        if self.accept(|byte| matches!(byte, b'e' | b'E')) {
            self.accept(|byte| matches!(byte, b'+' | b'-'));
            self.digits()?;
        }
        Ok(start..self.position)
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let count = self
            .rest()
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        self.position += count;
        match count {
            0 => Err(self.unexpected()),
            _ => Ok(()),
        }
    }

    /// Passes over a string. Returns what stands between the quotes, and whether a backslash is in there.
    pub fn string(&mut self) -> Result<(Range<usize>, bool), JsonError> {
        self.expect(b'"')?;
        let start = self.position;
        let mut escaped = false;
        loop {
            self.position += plain_run(self.rest());
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.position += 1;
                    self.escape()?;
                }
                _ => return Err(self.unexpected()),
            }
        }
        let content = start..self.position;
        self.position += 1;
        Ok((content, escaped))
    }

    /// What follows a backslash.
    fn escape(&mut self) -> Result<(), JsonError> {
        if self.accept(|byte| byte == b'u') {
            for _ in 0..4 {
                if !self.accept(|byte| byte.is_ascii_hexdigit()) {
                    return Err(self.unexpected());
                }
            }
            return Ok(());
        }
        if self.accept(|byte| matches!(byte, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't')) {
            return Ok(());
        }
        Err(self.unexpected())
    }

    /// The next byte that is no whitespace, up to which it goes.
    pub fn peek_past_whitespace(&mut self) -> Option<u8> {
        loop {
            let byte = self.peek()?;
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.position += 1;
        }
    }

    /// Passes over just this byte.
    pub fn expect(&mut self, expected: u8) -> Result<(), JsonError> {
        if self.accept(|byte| byte == expected) {
            return Ok(());
        }
        Err(self.unexpected())
    }

    fn accept(&mut self, matches: impl Fn(u8) -> bool) -> bool {
        let accepted = self.peek().is_some_and(matches);
        self.position += usize::from(accepted);
        accepted
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.position).copied()
    }

    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.position..).unwrap_or_default()
    }

    /// The error for the byte here, or for the end of the text.
    fn unexpected(&self) -> JsonError {
        match self.peek() {
            Some(_) => JsonError::Unexpected(self.position),
            None => JsonError::Truncated,
        }
    }
}
