//! Watches over what the server sends, message by message, before the driver sees it.
//!
//! The driver keeps every notice that arrives before the login is complete, takes a message of any length into memory,
//! and computes a password hash of many rounds where the server asks for it. So whoever sits at the other end could use
//! up the memory, or the processor, of a process that has not even logged in.

use std::fmt;

/// The most that may arrive before the login is complete, in bytes. A login of PostgreSQL 18 takes about 500.
const MAX_LOGIN_BYTES: usize = 1024 * 1024;
/// The longest message, in bytes, but for a row, whose length is a matter of the query: the longest notification has 8
/// kB, and an error quotes the value that it is about at most.
const MAX_MESSAGE_BYTES: usize = 1024 * 1024;
/// With more rounds the password hash takes longer than a few milliseconds.
const HEAVY_ITERATIONS: u64 = 10_000;
/// What the length in a message counts beside the content: itself.
const LENGTH_BYTES: usize = 4;

/// Types of messages, by their first byte.
mod kind {
    pub(super) const AUTHENTICATION: u8 = b'R';
    pub(super) const DATA_ROW: u8 = b'D';
    pub(super) const NOTICE: u8 = b'N';
    pub(super) const READY_FOR_QUERY: u8 = b'Z';
}

/// The number in an authentication message that carries the server's first message of SCRAM (RFC 5802).
const SASL_CONTINUE: [u8; 4] = 11_u32.to_be_bytes();

/// Why the connection has to be given up.
#[derive(Debug, PartialEq, Eq)]
pub enum Violation {
    /// A message is shorter than its own length.
    BadLength,
    /// A message is longer than any that is expected.
    MessageTooLong,
    /// The login does not come to an end.
    LoginTooLong,
    /// The number of rounds of the password hash is none.
    BadIterations,
    /// The server asks for more rounds of the password hash than the settings allow.
    TooManyIterations {
        /// What it asks for.
        asked: u64,
        /// How many are done at most.
        limit: u32,
    },
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadLength => f.write_str("the server sent a message with an impossible length"),
            Self::MessageTooLong => write!(
                f,
                "the server sent a message of more than {} KiB that is no row",
                MAX_MESSAGE_BYTES / 1024
            ),
            Self::BadIterations => f.write_str("the server asks for an impossible number of SCRAM iterations"),
            Self::LoginTooLong => write!(
                f,
                "the server sent more than {} KiB before the login was complete",
                MAX_LOGIN_BYTES / 1024
            ),
            Self::TooManyIterations { asked, limit } => write!(
                f,
                "the server asks for {asked} SCRAM iterations, and no more than {limit} are done (\"scramMaxIterations\")"
            ),
        }
    }
}

impl std::error::Error for Violation {}

/// Where in the stream of messages the next byte stands.
#[derive(Clone, Copy, Debug)]
enum Position {
    Kind,
    Length {
        kind: u8,
        bytes: [u8; LENGTH_BYTES],
        known: usize,
    },
    Content {
        kind: u8,
        left: usize,
    },
}

/// The filter for one connection.
#[derive(Debug)]
pub struct InboundFilter {
    position: Position,
    /// How much may still come before the login is complete; `None` once it is.
    login_bytes_left: Option<usize>,
    max_iterations: u32,
    /// What has arrived of the content of an authentication message.
    authentication: Vec<u8>,
    /// Whether the server asks for a hash that takes long.
    heavy: bool,
}

impl InboundFilter {
    /// A filter for a new connection, on which the server may ask for so many rounds of the password hash.
    #[must_use]
    pub fn new(max_iterations: u32) -> Self {
        Self {
            position: Position::Kind,
            login_bytes_left: Some(MAX_LOGIN_BYTES),
            max_iterations,
            authentication: Vec::new(),
            heavy: false,
        }
    }

    /// Whether the bytes that were filtered last make the driver compute for longer than a few milliseconds.
    pub fn take_heavy(&mut self) -> bool {
        std::mem::take(&mut self.heavy)
    }

    /// Takes the bytes that arrived next. Moves those that the driver is to see to the front, and returns how many they
    /// are: notices are left out, whatever their length, since nobody reads them here.
    ///
    /// # Errors
    /// [`Violation`] when the connection has to be given up.
    pub fn filter(&mut self, bytes: &mut [u8]) -> Result<usize, Violation> {
        let (mut read, mut kept) = (0, 0);
        while read < bytes.len() {
            let (kind, taken) = self.step(&bytes[read..])?;
            if kind != kind::NOTICE {
                if kept != read {
                    bytes.copy_within(read..read + taken, kept);
                }
                kept += taken;
            }
            read += taken;
        }
        Ok(kept)
    }

    /// Goes forward by at least one byte, within one message; returns its type, and how far.
    fn step(&mut self, bytes: &[u8]) -> Result<(u8, usize), Violation> {
        let (kind, taken) = match self.position {
            Position::Kind => {
                let kind = bytes[0];
                self.position = Position::Length {
                    kind,
                    bytes: [0; LENGTH_BYTES],
                    known: 0,
                };
                (kind, 1)
            }
            Position::Length {
                kind,
                bytes: mut length,
                known,
            } => {
                let taken = bytes.len().min(LENGTH_BYTES - known);
                length[known..known + taken].copy_from_slice(&bytes[..taken]);
                let known = known + taken;
                self.position = if known < LENGTH_BYTES {
                    Position::Length {
                        kind,
                        bytes: length,
                        known,
                    }
                } else {
                    let left = content_length(kind, length)?;
                    Position::Content { kind, left }
                };
                (kind, taken)
            }
            Position::Content { kind, left } => {
                let taken = bytes.len().min(left);
                if kind == kind::AUTHENTICATION && self.login_bytes_left.is_some() {
                    self.authentication.extend_from_slice(&bytes[..taken]);
                }
                let left = left - taken;
                self.position = Position::Content { kind, left };
                (kind, taken)
            }
        };
        self.count(taken)?;
        if let Position::Content { kind, left: 0 } = self.position {
            self.position = Position::Kind;
            self.complete(kind)?;
        }
        Ok((kind, taken))
    }

    fn count(&mut self, taken: usize) -> Result<(), Violation> {
        if let Some(left) = &mut self.login_bytes_left {
            *left = left.checked_sub(taken).ok_or(Violation::LoginTooLong)?;
        }
        Ok(())
    }

    /// A message is complete; the driver has not seen its last byte yet.
    fn complete(&mut self, kind: u8) -> Result<(), Violation> {
        match kind {
            kind::READY_FOR_QUERY => self.login_bytes_left = None,
            kind::AUTHENTICATION => {
                let content = std::mem::take(&mut self.authentication);
                if let Some(message) = content.strip_prefix(&SASL_CONTINUE) {
                    self.check_iterations(message)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn check_iterations(&mut self, message: &[u8]) -> Result<(), Violation> {
        // A message without the number is one that the driver refuses.
        let Some(digits) = iterations_in(message) else {
            return Ok(());
        };
        let is_number =
            digits.iter().all(u8::is_ascii_digit) && digits.first().is_some_and(|first| *first != b'0');
        let text = std::str::from_utf8(digits).ok().filter(|_| is_number);
        // One that is too long for any computer is the largest there is.
        let asked = text.ok_or(Violation::BadIterations)?.parse().unwrap_or(u64::MAX);
        let limit = self.max_iterations;
        if asked > u64::from(limit) {
            return Err(Violation::TooManyIterations { asked, limit });
        }
        self.heavy |= asked > HEAVY_ITERATIONS;
        Ok(())
    }
}

fn content_length(kind: u8, length: [u8; LENGTH_BYTES]) -> Result<usize, Violation> {
    let length = usize::try_from(i32::from_be_bytes(length)).map_err(|_| Violation::BadLength)?;
    let is_bounded = !matches!(kind, kind::DATA_ROW | kind::NOTICE);
    if is_bounded && length > MAX_MESSAGE_BYTES {
        return Err(Violation::MessageTooLong);
    }
    length.checked_sub(LENGTH_BYTES).ok_or(Violation::BadLength)
}

/// The number of iterations in `r=…,s=…,i=4096`, as it stands there.
fn iterations_in(message: &[u8]) -> Option<&[u8]> {
    message
        .split(|byte| *byte == b',')
        .find_map(|attribute| attribute.strip_prefix(b"i="))
}

#[cfg(test)]
mod tests;
