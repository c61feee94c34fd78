//! The tokens of a JSON text, one after the other.

use super::nesting::{Container, Nesting};
use super::string::{plain_run, RawStr};
use super::JsonError;

/// One step through a JSON text. Commas and colons are checked and not reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token<'a> {
    /// `{`
    BeginObject,
    /// `}`
    EndObject,
    /// `[`
    BeginArray,
    /// `]`
    EndArray,
    /// The name of a member; its value follows.
    Key(RawStr<'a>),
    /// A string value.
    String(RawStr<'a>),
    /// A number as it stands in the text.
    Number(&'a str),
    /// `true` or `false`
    Bool(bool),
    /// `null`
    Null,
}

/// What may come next.
#[derive(Clone, Copy)]
enum State {
    Value,
    FirstItemOrEnd,
    FirstKeyOrEnd,
    AfterValue,
}

/// Reads the tokens of one JSON value and checks on the way that it is one.
pub struct Scanner<'a> {
    text: &'a str,
    position: usize,
    nesting: Nesting,
    state: State,
}

impl<'a> Scanner<'a> {
    /// Starts at the beginning of `text`.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Self {
            text,
            position: 0,
            nesting: Nesting::default(),
            state: State::Value,
        }
    }

    /// The next token; none when the value is complete and only whitespace follows it.
    ///
    /// # Errors
    /// The text is no JSON value, or nests too deep. The scanner is of no use afterwards.
    pub fn next_token(&mut self) -> Result<Option<Token<'a>>, JsonError> {
        self.skip_whitespace();
        let Some(byte) = self.peek() else {
            return self.at_end();
        };
        match (self.state, byte) {
            (State::FirstItemOrEnd, b']') => Ok(self.close(Token::EndArray)),
            (State::FirstKeyOrEnd, b'}') => Ok(self.close(Token::EndObject)),
            (State::Value | State::FirstItemOrEnd, _) => self.value(byte),
            (State::FirstKeyOrEnd, _) => self.key(),
            (State::AfterValue, _) => self.after_value(byte),
        }
        .map(Some)
    }

    /// Like [`next_token`](Self::next_token), where the value cannot be complete yet.
    ///
    /// # Errors
    /// As for `next_token`, and for a text that ends here.
    pub fn expect_token(&mut self) -> Result<Token<'a>, JsonError> {
        self.next_token()?.ok_or(JsonError::Truncated)
    }

    /// After [`Token::BeginObject`] or the value of a member: the name of the next member; none at the end of the
    /// object.
    ///
    /// # Errors
    /// As for [`next_token`](Self::next_token).
    pub fn next_key(&mut self) -> Result<Option<RawStr<'a>>, JsonError> {
        match self.expect_token()? {
            Token::Key(name) => Ok(Some(name)),
            _ => Ok(None),
        }
    }

    /// Passes over the value whose first token was `first`.
    ///
    /// # Errors
    /// As for [`next_token`](Self::next_token).
    pub fn skip_rest_of(&mut self, first: Token<'a>) -> Result<(), JsonError> {
        if matches!(first, Token::BeginArray | Token::BeginObject) {
            let outside = self.nesting.depth().saturating_sub(1);
            while self.nesting.depth() > outside {
                self.expect_token()?;
            }
        }
        Ok(())
    }

    /// Passes over the next value.
    ///
    /// # Errors
    /// As for [`next_token`](Self::next_token).
    pub fn skip_value(&mut self) -> Result<(), JsonError> {
        let first = self.expect_token()?;
        self.skip_rest_of(first)
    }

    /// Checks that only whitespace follows the complete value.
    ///
    /// # Errors
    /// Something else follows, or the value is not complete.
    pub fn finish(&mut self) -> Result<(), JsonError> {
        match self.next_token()? {
            None => Ok(()),
            Some(_) => Err(JsonError::Trailing(self.position)),
        }
    }

    fn at_end(&self) -> Result<Option<Token<'a>>, JsonError> {
        match (self.state, self.nesting.innermost()) {
            (State::AfterValue, None) => Ok(None),
            _ => Err(JsonError::Truncated),
        }
    }

    fn after_value(&mut self, byte: u8) -> Result<Token<'a>, JsonError> {
        match (self.nesting.innermost(), byte) {
            (None, _) => Err(JsonError::Trailing(self.position)),
            (Some(Container::Array), b']') => Ok(self.close(Token::EndArray)),
            (Some(Container::Object), b'}') => Ok(self.close(Token::EndObject)),
            (Some(container), b',') => {
                self.position += 1;
                self.skip_whitespace();
                match container {
                    Container::Object => self.key(),
                    Container::Array => self.value(self.peek().ok_or(JsonError::Truncated)?),
                }
            }
            _ => Err(JsonError::Unexpected(self.position)),
        }
    }

    fn key(&mut self) -> Result<Token<'a>, JsonError> {
        self.expect_byte(b'"')?;
        let name = self.string()?;
        self.skip_whitespace();
        self.expect_byte(b':')?;
        self.state = State::Value;
        Ok(Token::Key(name))
    }

    fn value(&mut self, byte: u8) -> Result<Token<'a>, JsonError> {
        match byte {
            b'{' => return self.open(Container::Object),
            b'[' => return self.open(Container::Array),
            _ => self.state = State::AfterValue,
        }
        match byte {
            b'"' => {
                self.position += 1;
                self.string().map(Token::String)
            }
            b't' => self.literal("true", Token::Bool(true)),
            b'f' => self.literal("false", Token::Bool(false)),
            b'n' => self.literal("null", Token::Null),
            b'-' | b'0'..=b'9' => self.number(),
            _ => Err(JsonError::Unexpected(self.position)),
        }
    }

    fn open(&mut self, container: Container) -> Result<Token<'a>, JsonError> {
        if !self.nesting.push(container) {
            return Err(JsonError::TooDeep(self.position));
        }
        self.position += 1;
        match container {
            Container::Object => {
                self.state = State::FirstKeyOrEnd;
                Ok(Token::BeginObject)
            }
            Container::Array => {
                self.state = State::FirstItemOrEnd;
                Ok(Token::BeginArray)
            }
        }
    }

    fn close(&mut self, token: Token<'a>) -> Token<'a> {
        self.nesting.pop();
        self.position += 1;
        self.state = State::AfterValue;
        token
    }

    fn literal(&mut self, word: &str, token: Token<'a>) -> Result<Token<'a>, JsonError> {
        for &byte in word.as_bytes() {
            self.expect_byte(byte)?;
        }
        Ok(token)
    }

    fn number(&mut self) -> Result<Token<'a>, JsonError> {
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
        self.slice_from(start).map(Token::Number)
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        if !self.accept(|byte| byte.is_ascii_digit()) {
            return Err(self.unexpected());
        }
        while self.accept(|byte| byte.is_ascii_digit()) {}
        Ok(())
    }

    /// The rest of a string whose opening quote has been read.
    fn string(&mut self) -> Result<RawStr<'a>, JsonError> {
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
        let raw = self.slice_from(start)?;
        self.position += 1;
        Ok(RawStr::new(raw, escaped))
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

    fn skip_whitespace(&mut self) {
        while self.accept(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t')) {}
    }

    fn expect_byte(&mut self, expected: u8) -> Result<(), JsonError> {
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

    /// The text from `start` to here. Both ends are always next to an ASCII character, hence at a boundary.
    fn slice_from(&self, start: usize) -> Result<&'a str, JsonError> {
        self.text
            .get(start..self.position)
            .ok_or(JsonError::Unexpected(start))
    }

    fn unexpected(&self) -> JsonError {
        match self.peek() {
            Some(_) => JsonError::Unexpected(self.position),
            None => JsonError::Truncated,
        }
    }
}
