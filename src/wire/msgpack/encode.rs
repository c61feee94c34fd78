//! JSON text to msgpack.

use rmp::encode::{self as msgpack, ByteBuf};

use super::number::Number;
use super::{EncodeError, MAX_PARTS};
use crate::wire::json::{push_escaped, JsonError, RawStr, Scanner, Token};

/// Encodes one JSON value; a string `<marker><index>` becomes the binary part with that index.
///
/// The marker stands in the text as `JSON.stringify` escapes it. It is looked for in values only, never in keys, and
/// must not be empty.
///
/// # Errors
/// The text is not one JSON value of at most [`MAX_DEPTH`](crate::wire::MAX_DEPTH) levels, a marker names a part that
/// is not there, there are more than [`MAX_PARTS`], or something has more than 2<sup>32</sup> - 1 bytes or items.
pub fn encode(json: &str, parts: &[impl AsRef<[u8]>], marker: &str) -> Result<Vec<u8>, EncodeError> {
    if parts.len() > MAX_PARTS {
        return Err(EncodeError::TooManyParts(parts.len()));
    }
    let mut escaped_marker = String::with_capacity(marker.len());
    push_escaped(&mut escaped_marker, marker);
    let binary_bytes = parts
        .iter()
        .map(|part| part.as_ref().len())
        .fold(0, usize::saturating_add);
    let mut writer = Writer {
        out: ByteBuf::with_capacity(json.len().saturating_add(binary_bytes)),
        sizes: container_sizes(json)?.into_iter(),
        parts,
        marker: &escaped_marker,
    };
    let mut scanner = Scanner::new(json);
    while let Some(token) = scanner.next_token()? {
        writer.token(token)?;
    }
    Ok(writer.out.into_vec())
}

/// How many items or members each array and object has, in the order in which they begin: msgpack wants to know
/// beforehand.
fn container_sizes(json: &str) -> Result<Vec<u32>, EncodeError> {
    let mut sizes = Vec::new();
    let mut open = Vec::new();
    let mut scanner = Scanner::new(json);
    while let Some(token) = scanner.next_token()? {
        match token {
            Token::Key(_) => continue,
            Token::EndArray | Token::EndObject => {
                open.pop();
                continue;
            }
            _ => {}
        }
        if let Some(size) = open.last().and_then(|&index: &usize| sizes.get_mut(index)) {
            *size = u32::checked_add(*size, 1).ok_or(EncodeError::TooLarge)?;
        }
        if matches!(token, Token::BeginArray | Token::BeginObject) {
            open.push(sizes.len());
            sizes.push(0);
        }
    }
    Ok(sizes)
}

struct Writer<'a, P> {
    out: ByteBuf,
    sizes: std::vec::IntoIter<u32>,
    parts: &'a [P],
    marker: &'a str,
}

impl<P: AsRef<[u8]>> Writer<'_, P> {
    // Writing to memory cannot fail; the compiler knows, as the type of the error has no values.
    fn token(&mut self, token: Token<'_>) -> Result<(), EncodeError> {
        match token {
            Token::BeginObject => {
                let size = self.next_size()?;
                let Ok(_) = msgpack::write_map_len(&mut self.out, size);
            }
            Token::BeginArray => {
                let size = self.next_size()?;
                let Ok(_) = msgpack::write_array_len(&mut self.out, size);
            }
            Token::EndObject | Token::EndArray => {}
            Token::Key(name) => self.string(name)?,
            Token::String(text) => match text.raw().strip_prefix(self.marker) {
                Some(index) => self.part(index)?,
                None => self.string(text)?,
            },
            Token::Number(text) => self.number(text),
            Token::Bool(value) => {
                let Ok(()) = msgpack::write_bool(&mut self.out, value);
            }
            Token::Null => {
                let Ok(()) = msgpack::write_nil(&mut self.out);
            }
        }
        Ok(())
    }

    fn next_size(&mut self) -> Result<u32, JsonError> {
        // Both passes see the same containers.
        self.sizes.next().ok_or(JsonError::Truncated)
    }

    fn string(&mut self, text: RawStr<'_>) -> Result<(), EncodeError> {
        let bytes = text.wtf8();
        let Ok(_) = msgpack::write_str_len(&mut self.out, length(&bytes)?);
        self.out.as_mut_vec().extend_from_slice(&bytes);
        Ok(())
    }

    fn part(&mut self, index: &str) -> Result<(), EncodeError> {
        let part = index.parse().ok().and_then(|index: usize| self.parts.get(index));
        let bytes = part.ok_or(EncodeError::UnknownPart)?.as_ref();
        let Ok(_) = msgpack::write_bin_len(&mut self.out, length(bytes)?);
        self.out.as_mut_vec().extend_from_slice(bytes);
        Ok(())
    }

    fn number(&mut self, text: &str) {
        match Number::parse(text) {
            Number::Integer(integer) => {
                let Ok(_) = msgpack::write_sint(&mut self.out, integer);
            }
            Number::Float(float) => {
                let Ok(()) = msgpack::write_f64(&mut self.out, float);
            }
        }
    }
}

fn length(bytes: &[u8]) -> Result<u32, EncodeError> {
    u32::try_from(bytes.len()).map_err(|_| EncodeError::TooLarge)
}
