//! The content of a block: entries, compressed where that helps.

use std::ops::Range;

use super::{FrameError, MAX_BLOCK_BYTES, MAX_MESSAGE_BYTES, MAX_PARTS, PART};
use crate::wire::json::push_string;
use crate::wire::message::MessageType;

const PLAIN: u8 = 0;
const COMPRESSED: u8 = 1;
/// Smaller blocks hold too little that repeats itself.
const MIN_COMPRESSED_BYTES: usize = 64;
/// The type of a broadcast that consists of an event and options alone.
const EVENT: u64 = 0;

/// Packs entries into a block.
pub fn pack(entries: &[u8]) -> Vec<u8> {
    if entries.len() >= MIN_COMPRESSED_BYTES {
        let compressed = lz4_flex::block::compress(entries);
        let length = u32::try_from(entries.len());
        if let (true, Ok(length)) = (compressed.len() + 4 < entries.len(), length) {
            let mut block = Vec::with_capacity(compressed.len() + 5);
            block.push(COMPRESSED);
            block.extend_from_slice(&length.to_le_bytes());
            block.extend_from_slice(&compressed);
            return block;
        }
    }
    let mut block = Vec::with_capacity(entries.len() + 1);
    block.push(PLAIN);
    block.extend_from_slice(entries);
    block
}

/// The entries in a block.
///
/// # Errors
/// [`FrameError::Block`]: it is none, or claims to hold more than a block may.
pub fn unpack(mut block: Vec<u8>) -> Result<Vec<u8>, FrameError> {
    match block.first() {
        Some(&PLAIN) => {
            block.remove(0);
            Ok(block)
        }
        Some(&COMPRESSED) => {
            let (length, content) = block[1..].split_first_chunk::<4>().ok_or(FrameError::Block)?;
            let length = u32::from_le_bytes(*length) as usize;
            if length > MAX_BLOCK_BYTES {
                return Err(FrameError::Block);
            }
            lz4_flex::block::decompress(content, length).map_err(|_| FrameError::Block)
        }
        _ => Err(FrameError::Block),
    }
}

/// Writes an entry. `options` is that of an event; other messages have them in their data.
pub fn push_entry(
    entries: &mut Vec<u8>,
    (kind, nsp): (MessageType, &str),
    options: Option<&str>,
    data: &str,
    parts: &[&[u8]],
) {
    push_number(entries, options.map_or(kind.code(), |_| EVENT));
    let options = options.unwrap_or_default();
    for length in [nsp.len(), options.len(), data.len(), parts.len()] {
        push_number(entries, length as u64);
    }
    for part in parts {
        push_number(entries, part.len() as u64);
    }
    for text in [nsp, options, data] {
        entries.extend_from_slice(text.as_bytes());
    }
    for part in parts {
        entries.extend_from_slice(part);
    }
}

fn push_number(entries: &mut Vec<u8>, mut number: u64) {
    loop {
        let [seven_bits, ..] = (number & 0x7f).to_le_bytes();
        number >>= 7;
        if number == 0 {
            return entries.push(seven_bits);
        }
        entries.push(seven_bits | 0x80);
    }
}

/// A message of a block.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Its type.
    pub kind: MessageType,
    /// The namespace.
    pub nsp: &'a str,
    /// Of a broadcast whose data is the event alone: the JSON text of its options, empty for the usual ones. It may
    /// not be JSON.
    pub options: Option<&'a str>,
    /// The text of its data, with a control character for each binary part. It may not be JSON.
    pub data: &'a str,
    /// The binary parts.
    parts: Vec<&'a [u8]>,
}

/// Binary content.
#[derive(Debug, PartialEq, Eq)]
pub struct Binary {
    /// The JSON text of the data, with something in place of each part. It may not be JSON.
    pub data: String,
    /// The parts, one after the other.
    pub bytes: Vec<u8>,
    /// Where in `bytes` each part lies.
    pub parts: Vec<Range<usize>>,
}

impl Entry<'_> {
    /// Whether there is binary content.
    #[must_use]
    pub fn is_binary(&self) -> bool {
        !self.parts.is_empty()
    }

    /// The binary content. In the data, strings of the marker and an index stand for the parts.
    ///
    /// # Errors
    /// [`FrameError::Parts`]: the content is not what the data says.
    pub fn binary_with_markers(&self, marker: &str) -> Result<Binary, FrameError> {
        self.binary(|data, index| push_string(data, &format!("{marker}{index}")))
    }

    /// The binary content. In the data, the objects that Socket.IO sends to its clients stand for the parts.
    ///
    /// # Errors
    /// [`FrameError::Parts`]: the content is not what the data says.
    pub fn binary_with_placeholders(&self) -> Result<Binary, FrameError> {
        self.binary(|data, index| {
            data.push_str("{\"_placeholder\":true,\"num\":");
            data.push_str(&index.to_string());
            data.push('}');
        })
    }

    fn binary(&self, push_part: impl Fn(&mut String, usize)) -> Result<Binary, FrameError> {
        let mut data = String::with_capacity(self.data.len() + self.parts.len() * 48);
        let mut sections = self.data.split(PART);
        data.push_str(sections.next().unwrap_or_default());
        let mut count = 0;
        for section in sections {
            // Only a value can be binary, never a key.
            if section.starts_with(':') {
                return Err(FrameError::Parts);
            }
            push_part(&mut data, count);
            data.push_str(section);
            count += 1;
        }
        if count != self.parts.len() {
            return Err(FrameError::Parts);
        }
        let ends = self.parts.iter().scan(0, |end, part| {
            let start = *end;
            *end += part.len();
            Some(start..*end)
        });
        Ok(Binary {
            data,
            parts: ends.collect(),
            bytes: self.parts.concat(),
        })
    }
}

/// Takes the first entry from those that are left.
pub fn next_entry<'a>(rest: &mut &'a [u8]) -> Option<Entry<'a>> {
    let code = next_number(rest)?;
    let mut next_length = || usize::try_from(next_number(rest)?).ok();
    let (nsp, options, data) = (next_length()?, next_length()?, next_length()?);
    let parts = next_length()?;
    if parts > MAX_PARTS {
        return None;
    }
    let mut lengths = Vec::with_capacity(parts);
    for _ in 0..parts {
        lengths.push(usize::try_from(next_number(rest)?).ok()?);
    }
    let nsp = next_text(rest, nsp)?;
    let options = next_text(rest, options)?;
    let data = next_text(rest, data)?;
    let mut parts = Vec::with_capacity(lengths.len());
    for length in lengths {
        parts.push(next_bytes(rest, length)?);
    }
    let is_event = code == EVENT;
    Some(Entry {
        kind: if is_event {
            MessageType::Broadcast
        } else {
            MessageType::from_code(code)
        },
        nsp,
        options: is_event.then_some(options),
        data,
        parts,
    })
}

fn next_number(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..63).step_by(7) {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn next_text<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a str> {
    std::str::from_utf8(next_bytes(rest, length)?).ok()
}

fn next_bytes<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (bytes, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(bytes)
}

/// Whether a message of so many bytes and binary parts can be an entry.
pub fn fits(bytes: usize, parts: usize) -> bool {
    bytes <= MAX_MESSAGE_BYTES && parts <= MAX_PARTS
}
