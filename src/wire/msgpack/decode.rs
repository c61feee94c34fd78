//! msgpack to JSON text.

use std::fmt::Write;
use std::ops::Range;

use super::number::{push_float, push_float_key};
use super::reader::{Item, Reader};
use super::{timestamp, DecodeError, Decoded, MAX_PARTS};
use crate::wire::json::push_escaped;
use crate::wire::MAX_DEPTH;

/// Decodes one msgpack value to compact JSON text; binary parts become the strings `<marker><index>`.
///
/// The value is the one that `JSON.stringify` would see after `@msgpack/msgpack` decoded it: keys that are numbers
/// become strings, timestamps become the strings of dates, NaN and the infinities become `null`, and an extension that
/// nobody knows becomes an object of its `type` and its `data`. (The module lists the exceptions.)
///
/// No claimed length is trusted: text and parts take at most a small multiple of the input, the factor being the
/// length of the marker at worst.
///
/// # Errors
/// The bytes are not exactly one msgpack value, a key is neither string nor number, a timestamp is malformed, or there
/// are more than [`MAX_DEPTH`] levels of nesting or [`MAX_PARTS`] binary parts.
pub fn decode(bytes: &[u8], marker: &str) -> Result<Decoded, DecodeError> {
    let mut transcoder = Transcoder::new(bytes, marker);
    transcoder.value()?;
    while transcoder.advance()? {
        transcoder.value()?;
    }
    match transcoder.reader.remaining() {
        0 => Ok(Decoded {
            json: transcoder.json,
            parts: transcoder.parts,
        }),
        _ => Err(DecodeError::Trailing(transcoder.reader.position())),
    }
}

/// An array or a map whose end has not been reached.
struct Open {
    is_map: bool,
    is_empty: bool,
    /// Items or pairs still to come.
    left: usize,
}

struct Transcoder<'a> {
    reader: Reader<'a>,
    json: String,
    parts: Vec<Range<usize>>,
    /// As it stands between the quotes of a JSON string.
    marker: String,
    open: Vec<Open>,
}

impl<'a> Transcoder<'a> {
    fn new(bytes: &'a [u8], marker: &str) -> Self {
        let mut escaped_marker = String::with_capacity(marker.len());
        push_escaped(&mut escaped_marker, marker);
        Self {
            reader: Reader::new(bytes),
            // Large attachments are mostly binary, which takes no room in the text.
            json: String::with_capacity(bytes.len().min(4096)),
            parts: Vec::new(),
            marker: escaped_marker,
            open: Vec::new(),
        }
    }

    /// Goes on to where the next value stands, over ends of containers and a key; false at the end of everything.
    fn advance(&mut self) -> Result<bool, DecodeError> {
        while let Some(innermost) = self.open.last_mut() {
            if innermost.left == 0 {
                self.json.push(if innermost.is_map { '}' } else { ']' });
                self.open.pop();
                continue;
            }
            innermost.left -= 1;
            if !std::mem::take(&mut innermost.is_empty) {
                self.json.push(',');
            }
            if innermost.is_map {
                self.key()?;
            }
            return Ok(true);
        }
        Ok(false)
    }

    fn key(&mut self) -> Result<(), DecodeError> {
        let start = self.reader.position();
        let item = self.reader.item()?;
        self.json.push('"');
        match item {
            Item::Str(bytes) => push_wtf8(&mut self.json, bytes),
            Item::Float(float) => push_float_key(&mut self.json, float),
            Item::Unsigned(integer) => push_integer_key(&mut self.json, &integer.to_string()),
            Item::Signed(integer) => push_integer_key(&mut self.json, &integer.to_string()),
            _ => return Err(DecodeError::InvalidKey(start)),
        }
        self.json.push_str("\":");
        Ok(())
    }

    /// A value, or the start of an array or a map.
    fn value(&mut self) -> Result<(), DecodeError> {
        let start = self.reader.position();
        match self.reader.item()? {
            Item::Bool(value) => self.json.push_str(if value { "true" } else { "false" }),
            Item::Unsigned(integer) => self.display(integer),
            Item::Signed(integer) => self.display(integer),
            Item::Float(float) if float.is_finite() => push_float(&mut self.json, float),
            Item::Nil | Item::Float(_) => self.json.push_str("null"),
            Item::Str(bytes) => {
                self.json.push('"');
                push_wtf8(&mut self.json, bytes);
                self.json.push('"');
            }
            Item::Bin(range) => self.part(start, range)?,
            Item::Array(length) => self.open(start, length, false)?,
            Item::Map(length) => self.open(start, length, true)?,
            Item::Ext(timestamp::EXTENSION, range) => self.timestamp(start, range)?,
            Item::Ext(kind, range) => self.extension(start, kind, range)?,
        }
        Ok(())
    }

    fn open(&mut self, start: usize, length: usize, is_map: bool) -> Result<(), DecodeError> {
        self.check_depth(start)?;
        // Every item takes a byte at least.
        let bytes_needed = if is_map { length.saturating_mul(2) } else { length };
        if bytes_needed > self.reader.remaining() {
            return Err(DecodeError::Truncated);
        }
        self.json.push(if is_map { '{' } else { '[' });
        self.open.push(Open {
            is_map,
            is_empty: true,
            left: length,
        });
        Ok(())
    }

    fn part(&mut self, start: usize, range: Range<usize>) -> Result<(), DecodeError> {
        let index = self.parts.len();
        if index == MAX_PARTS {
            return Err(DecodeError::TooManyParts(start));
        }
        // Writing to a String cannot fail.
        let _ = write!(self.json, "\"{}{index}\"", self.marker);
        self.parts.push(range);
        Ok(())
    }

    fn timestamp(&mut self, start: usize, range: Range<usize>) -> Result<(), DecodeError> {
        let milliseconds = timestamp::milliseconds(self.reader.slice(range));
        match timestamp::to_json(milliseconds.ok_or(DecodeError::InvalidTimestamp(start))?) {
            Some(text) => self.display(format_args!("\"{text}\"")),
            None => self.json.push_str("null"),
        }
        Ok(())
    }

    fn extension(&mut self, start: usize, kind: i8, range: Range<usize>) -> Result<(), DecodeError> {
        self.check_depth(start)?;
        self.display(format_args!("{{\"type\":{kind},\"data\":"));
        self.part(start, range)?;
        self.json.push('}');
        Ok(())
    }

    fn check_depth(&self, start: usize) -> Result<(), DecodeError> {
        if self.open.len() >= MAX_DEPTH {
            return Err(DecodeError::TooDeep(start));
        }
        Ok(())
    }

    fn display(&mut self, value: impl std::fmt::Display) {
        // Writing to a String cannot fail.
        let _ = write!(self.json, "{value}");
    }
}

/// In JavaScript the integer is a double before it becomes a key.
fn push_integer_key(json: &mut String, digits: &str) {
    push_float_key(json, digits.parse().unwrap_or(f64::NAN));
}

/// Appends the inside of a JSON string. A surrogate that the bytes hold in the pattern of UTF-8 becomes an escape,
/// anything else that is not UTF-8 becomes U+FFFD.
fn push_wtf8(json: &mut String, bytes: &[u8]) {
    let mut rest = bytes;
    loop {
        let error = match std::str::from_utf8(rest) {
            Ok(text) => return push_escaped(json, text),
            Err(error) => error,
        };
        let (valid, invalid) = rest.split_at_checked(error.valid_up_to()).unwrap_or_default();
        push_escaped(json, std::str::from_utf8(valid).unwrap_or_default());
        rest = push_invalid(json, invalid, error.error_len());
    }
}

/// Appends what stands for the start of `bytes`, the first `length` of which are not UTF-8 (none: all of them, as a
/// character is cut off). Returns what follows.
fn push_invalid<'a>(json: &mut String, bytes: &'a [u8], length: Option<usize>) -> &'a [u8] {
    if let [0xed, second @ 0xa0..=0xbf, third @ 0x80..=0xbf, rest @ ..] = bytes {
        let unit = 0xd000 | u16::from(second & 0x3f) << 6 | u16::from(third & 0x3f);
        // Writing to a String cannot fail.
        let _ = write!(json, "\\u{unit:04x}");
        return rest;
    }
    json.push(char::REPLACEMENT_CHARACTER);
    length.and_then(|length| bytes.get(length..)).unwrap_or_default()
}
