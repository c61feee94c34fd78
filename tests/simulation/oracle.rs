//! Reads everything that is committed: which message each notification carries, and in what form.

use std::collections::BTreeMap;
use std::time::Duration;

use socketio_postgres_adapter::wire::channel::{channel_name, frame_channel_name};
use socketio_postgres_adapter::wire::frame::{Piece, Streams};
use socketio_postgres_adapter::wire::msgpack;

pub const PREFIX: &str = "sim";
/// What stands for a binary part in the text of a message.
pub const MARKER: &str = "part:";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Framed,
    Plain,
    /// Once more, for those who do not understand frames.
    Repeated,
}

#[derive(Debug, Clone)]
pub struct Carried {
    pub message: usize,
    pub form: Form,
    /// That of its namespace.
    pub channel: String,
}

pub fn channel(nsp: &str) -> String {
    channel_name(PREFIX, nsp).unwrap()
}

/// The number of the message in a text that holds it.
pub fn number_in(text: &str) -> Option<usize> {
    let (_, rest) = text.split_once("\"m\",")?;
    let end = rest.find(|character: char| !character.is_ascii_digit());
    rest[..end.unwrap_or(rest.len())].parse().ok()
}

pub struct Oracle {
    frame_channel: String,
    streams: Streams,
    /// What was in each block, for those that come again.
    blocks: BTreeMap<(u64, u64), Vec<Carried>>,
}

impl Oracle {
    pub fn new() -> Self {
        Self {
            frame_channel: frame_channel_name(PREFIX).unwrap(),
            streams: Streams::default(),
            blocks: BTreeMap::new(),
        }
    }

    pub fn read(
        &mut self,
        channel: &str,
        payload: &str,
        table: &BTreeMap<i64, (Duration, Vec<u8>)>,
    ) -> Vec<Carried> {
        if channel == self.frame_channel {
            return self.read_piece(payload);
        }
        let text = match payload.split_once("\"attachmentId\":\"") {
            None => payload.to_owned(),
            Some((_, id)) => {
                let id: i64 = id.split('"').next().unwrap().parse().unwrap();
                let row = table
                    .get(&id)
                    .and_then(|(_, row)| msgpack::decode(row, MARKER).ok());
                row.map(|row| row.json).unwrap_or_default()
            }
        };
        let message = number_in(&text);
        let is_repeated = text.trim_end().ends_with("\"wasFramed\":true}");
        let form = if is_repeated { Form::Repeated } else { Form::Plain };
        let carried = message.map(|message| Carried {
            message,
            form,
            channel: channel.to_owned(),
        });
        carried.into_iter().collect()
    }

    fn read_piece(&mut self, payload: &str) -> Vec<Carried> {
        let piece = Piece::parse(payload).unwrap();
        let key = (piece.stream, piece.block);
        let block = self.streams.accept(&piece).unwrap();
        let carried: Vec<Carried> = block
            .entries()
            .filter_map(|entry| {
                let entry = entry.unwrap();
                number_in(entry.data).map(|message| Carried {
                    message,
                    form: Form::Framed,
                    channel: channel_name(PREFIX, entry.nsp).unwrap(),
                })
            })
            .collect();
        if !carried.is_empty() {
            self.blocks.insert(key, carried.clone());
        }
        if piece.is_last() {
            return self.blocks.get(&key).cloned().unwrap_or_default();
        }
        Vec::new()
    }
}
