//! From messages to pieces.

use std::borrow::Cow;

use super::{ascii, block, PART};
use crate::wire::json::push_escaped;
use crate::wire::message::MessageType;
use crate::wire::payload::MAX_INLINE_BYTES;

/// Longer ids would leave too little of a piece for the messages.
const MAX_UID_BYTES: usize = 1000;
/// More than the numbers of a piece can take.
const MAX_NUMBERS_BYTES: usize = 80;

/// A message for servers of this kind.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// Its type.
    pub kind: MessageType,
    /// The namespace.
    pub nsp: &'a str,
    /// Of a broadcast whose data is the event alone: the JSON text of its options, empty for the usual ones.
    pub options: Option<&'a str>,
    /// The JSON text of its data.
    pub data: &'a str,
    /// The binary parts, named in the data by the marker of the [`Writer`].
    pub parts: &'a [Vec<u8>],
}

/// A piece as it was written.
#[derive(Debug, PartialEq, Eq)]
pub struct Piece {
    /// The number of its block.
    pub block: u64,
    /// Whether it is the last of its block.
    pub is_last: bool,
    /// The payload of the notification.
    pub text: String,
}

/// Writes the stream of a server.
pub struct Writer {
    /// What each piece begins with.
    sender: String,
    marker: String,
    /// The number of the block that is being written.
    block: u64,
    entries: Vec<u8>,
}

impl Writer {
    /// A new stream of the server `uid`; none if it has an id that cannot stand in a piece.
    #[must_use]
    pub fn new(uid: &str, stream: u64, marker: &str) -> Option<Self> {
        if uid.len() > MAX_UID_BYTES || uid.contains('\0') {
            return None;
        }
        let mut escaped_marker = String::from('"');
        push_escaped(&mut escaped_marker, marker);
        Some(Self {
            sender: format!("{} {uid} {stream}", uid.len()),
            marker: escaped_marker,
            block: 1,
            entries: Vec::new(),
        })
    }

    /// Writes a message down and returns the number of its block; none, and nothing is written, if it is too large or
    /// names other parts than it has.
    pub fn push(&mut self, message: &Message<'_>) -> Option<u64> {
        let (data, parts) = self.name_parts(message)?;
        let part_bytes: usize = parts.iter().map(|part| part.len() + 10).sum();
        let options = message.options.unwrap_or_default();
        let bytes = message.nsp.len() + options.len() + data.len() + part_bytes;
        if !block::fits(bytes, parts.len()) {
            return None;
        }
        let address = (message.kind, message.nsp);
        block::push_entry(&mut self.entries, address, message.options, &data, &parts);
        Some(self.block)
    }

    /// How many bytes were written since the last call of [`finish`](Self::finish).
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.entries.len()
    }

    /// The pieces of the block, if anything was written since the last call. The next message begins a new block.
    pub fn finish(&mut self) -> Vec<Piece> {
        if self.entries.is_empty() {
            return Vec::new();
        }
        let text = ascii::encode(&block::pack(&self.entries));
        self.entries.clear();
        let block = self.block;
        self.block += 1;
        let room = MAX_INLINE_BYTES - self.sender.len() - MAX_NUMBERS_BYTES;
        let count = text.len().div_ceil(room);
        (0..count)
            .map(|index| {
                let part = &text[index * room..text.len().min((index + 1) * room)];
                Piece {
                    block,
                    is_last: index + 1 == count,
                    text: format!("{} {block} {index} {count}\n{part}", self.sender),
                }
            })
            .collect()
    }

    /// The data with [`PART`] in place of the strings that name parts, and the parts in that order.
    fn name_parts<'a>(&self, message: &Message<'a>) -> Option<(Cow<'a, str>, Vec<&'a [u8]>)> {
        if message.parts.is_empty() {
            return Some((message.data.into(), Vec::new()));
        }
        let mut order = Vec::with_capacity(message.parts.len());
        let mut sections = message.data.split(&self.marker);
        let mut data = sections.next()?.to_owned();
        for section in sections {
            let (index, rest) = section.split_once('"')?;
            order.push(message.parts.get(index.parse::<usize>().ok()?)?.as_slice());
            data.push(PART);
            data.push_str(rest);
        }
        (order.len() == message.parts.len()).then_some((data.into(), order))
    }
}
