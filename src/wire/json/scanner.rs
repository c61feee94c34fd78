//! The tokens of a JSON text, one after the other.

use std::ops::Range;

use super::cursor::Cursor;
use super::nesting::{Container, Nesting};
use super::string::RawStr;
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

/// A [`Token`] without what it holds: passing over tokens nobody looks at need not build them.
#[derive(Clone, Copy)]
enum Step {
    BeginObject,
    EndObject,
    BeginArray,
    EndArray,
    Key,
    String,
    Number,
    True,
    False,
    Null,
    /// The value is complete.
    Done,
}

/// Reads the tokens of one JSON value and checks on the way that it is one.
pub struct Scanner<'a> {
    cursor: Cursor<'a>,
    nesting: Nesting,
    state: State,
    /// Where the last key, string or number stands, without quotes.
    content: Range<usize>,
    /// Whether the last key or string holds a backslash.
    escaped: bool,
    /// See [`odd_numbers`](Self::odd_numbers).
    odd_numbers: usize,
}

/// How many characters of a number a double holds in any case.
const SAFE_DIGITS: usize = 15;

impl<'a> Scanner<'a> {
    /// Starts at the beginning of `text`.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Self {
            cursor: Cursor::new(text),
            nesting: Nesting::default(),
            state: State::Value,
            content: 0..0,
            escaped: false,
            odd_numbers: 0,
        }
    }

    /// The next token; none when the value is complete and only whitespace follows it.
    ///
    /// # Errors
    /// The text is no JSON value, or nests too deep. The scanner is of no use afterwards.
    pub fn next_token(&mut self) -> Result<Option<Token<'a>>, JsonError> {
        Ok(Some(match self.step()? {
            Step::BeginObject => Token::BeginObject,
            Step::EndObject => Token::EndObject,
            Step::BeginArray => Token::BeginArray,
            Step::EndArray => Token::EndArray,
            Step::Key => Token::Key(RawStr::new(self.content()?, self.escaped)),
            Step::String => Token::String(RawStr::new(self.content()?, self.escaped)),
            Step::Number => Token::Number(self.content()?),
            Step::True => Token::Bool(true),
            Step::False => Token::Bool(false),
            Step::Null => Token::Null,
            Step::Done => return Ok(None),
        }))
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
        match self.step()? {
            Step::Key => Ok(Some(RawStr::new(self.content()?, self.escaped))),
            _ => Ok(None),
        }
    }

    /// Passes over the value whose first token was `first`.
    ///
    /// # Errors
    /// As for [`next_token`](Self::next_token).
    pub fn skip_rest_of(&mut self, first: Token<'a>) -> Result<(), JsonError> {
        if matches!(first, Token::BeginArray | Token::BeginObject) {
            self.skip_open()?;
        }
        Ok(())
    }

    /// Passes over the next value.
    ///
    /// # Errors
    /// As for [`next_token`](Self::next_token).
    pub fn skip_value(&mut self) -> Result<(), JsonError> {
        if matches!(self.step()?, Step::BeginArray | Step::BeginObject) {
            self.skip_open()?;
        }
        Ok(())
    }

    /// How many numbers were passed so far that are long or have an exponent: JavaScript may know them only rounded,
    /// or as infinite.
    #[must_use]
    pub fn odd_numbers(&self) -> usize {
        self.odd_numbers
    }

    /// Directly after [`Token::BeginArray`] or [`Token::BeginObject`]: where the container begins.
    #[must_use]
    pub fn container_start(&self) -> usize {
        self.cursor.position().saturating_sub(1)
    }

    /// Directly after the end of a container: its text, from where it begins.
    ///
    /// # Errors
    /// `start` is not such a place.
    pub fn container_text(&self, start: usize) -> Result<&'a str, JsonError> {
        self.cursor.slice(start..self.cursor.position())
    }

    /// Checks that only whitespace follows the complete value.
    ///
    /// # Errors
    /// Something else follows, or the value is not complete.
    pub fn finish(&mut self) -> Result<(), JsonError> {
        match self.step()? {
            Step::Done => Ok(()),
            _ => Err(JsonError::Trailing(self.cursor.position())),
        }
    }

    /// Passes over the rest of the container that was opened last.
    fn skip_open(&mut self) -> Result<(), JsonError> {
        let outside = self.nesting.depth().saturating_sub(1);
        while self.nesting.depth() > outside {
            self.step()?;
        }
        Ok(())
    }

    fn step(&mut self) -> Result<Step, JsonError> {
        let Some(byte) = self.cursor.peek_past_whitespace() else {
            return self.at_end();
        };
        match (self.state, byte) {
            (State::AfterValue, _) => self.after_value(byte),
            (State::FirstItemOrEnd, b']') => Ok(self.close(Step::EndArray)),
            (State::FirstKeyOrEnd, b'}') => Ok(self.close(Step::EndObject)),
            (State::FirstKeyOrEnd, _) => self.key(),
            (State::Value | State::FirstItemOrEnd, _) => self.value(byte),
        }
    }

    fn at_end(&self) -> Result<Step, JsonError> {
        match (self.state, self.nesting.innermost()) {
            (State::AfterValue, None) => Ok(Step::Done),
            _ => Err(JsonError::Truncated),
        }
    }

    fn after_value(&mut self, byte: u8) -> Result<Step, JsonError> {
        match (self.nesting.innermost(), byte) {
            (None, _) => Err(JsonError::Trailing(self.cursor.position())),
            (Some(Container::Array), b']') => Ok(self.close(Step::EndArray)),
            (Some(Container::Object), b'}') => Ok(self.close(Step::EndObject)),
            (Some(container), b',') => {
                self.cursor.advance();
                match (container, self.cursor.peek_past_whitespace()) {
                    (Container::Object, _) => self.key(),
                    (Container::Array, Some(byte)) => self.value(byte),
                    (Container::Array, None) => Err(JsonError::Truncated),
                }
            }
            _ => Err(JsonError::Unexpected(self.cursor.position())),
        }
    }

    fn key(&mut self) -> Result<Step, JsonError> {
        let step = self.string(Step::Key)?;
        self.cursor.peek_past_whitespace();
        self.cursor.expect(b':')?;
        self.state = State::Value;
        Ok(step)
    }

    fn value(&mut self, byte: u8) -> Result<Step, JsonError> {
        match byte {
            b'{' => return self.open(Container::Object, Step::BeginObject),
            b'[' => return self.open(Container::Array, Step::BeginArray),
            _ => self.state = State::AfterValue,
        }
        match byte {
            b'"' => self.string(Step::String),
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.literal("true", Step::True),
            b'f' => self.literal("false", Step::False),
            b'n' => self.literal("null", Step::Null),
            _ => Err(JsonError::Unexpected(self.cursor.position())),
        }
    }

    fn open(&mut self, container: Container, step: Step) -> Result<Step, JsonError> {
        if !self.nesting.push(container) {
            return Err(JsonError::TooDeep(self.cursor.position()));
        }
        self.cursor.advance();
        self.state = match container {
            Container::Object => State::FirstKeyOrEnd,
            Container::Array => State::FirstItemOrEnd,
        };
        Ok(step)
    }

    fn close(&mut self, step: Step) -> Step {
        self.nesting.pop();
        self.cursor.advance();
        self.state = State::AfterValue;
        step
    }

    fn literal(&mut self, word: &str, step: Step) -> Result<Step, JsonError> {
        self.cursor.literal(word)?;
        Ok(step)
    }

    fn number(&mut self) -> Result<Step, JsonError> {
        let number = self.cursor.number()?;
        if number.len() > SAFE_DIGITS || self.cursor.slice(number.clone())?.contains(['e', 'E']) {
            self.odd_numbers += 1;
        }
        self.content = number;
        Ok(Step::Number)
    }

    fn string(&mut self, step: Step) -> Result<Step, JsonError> {
        (self.content, self.escaped) = self.cursor.string()?;
        Ok(step)
    }

    /// The text of the last key, string or number.
    fn content(&self) -> Result<&'a str, JsonError> {
        self.cursor.slice(self.content.clone())
    }
}
