//! What the other servers say in frames.

use super::inbox::{Binary, Item};
use super::router::{self, Channel, Content, Json};
use super::shared::Shared;
use crate::cluster::membership::Evidence;
use crate::error::{Error, ErrorKind};
use crate::wire::frame::{self, Block, Entry, Piece, Streams};
use crate::wire::message::Envelope;

/// How many items are handed over at a time: the inbox is bounded, what waits in front of it has to be as well.
const MOST_ITEMS: usize = 1000;

type Problem = Box<dyn std::error::Error + Send + Sync>;

/// Reads the streams of the other servers. It outlives connections: a piece may come again over the next one.
#[derive(Default)]
pub struct FrameReader {
    streams: Streams,
}

impl FrameReader {
    /// Reads a piece of any stream, and hands over what is for JavaScript of the messages that are complete with it.
    pub async fn deliver(&mut self, shared: &Shared, payload: &str, evidence: Evidence) {
        let piece = match Piece::parse(payload) {
            Ok(piece) => piece,
            Err(error) => return shared.inbox.push(malformed(error)).await,
        };
        if shared.framing.stream == Some(piece.stream) {
            if piece.is_last() {
                shared.framing.policy().heard(piece.block);
            }
            return;
        }
        shared.stats.received_bytes.add(payload.len());
        let block = match self.streams.accept(&piece) {
            Ok(block) => block,
            Err(error) => return shared.inbox.push(malformed(error)).await,
        };
        deliver_block(shared, &piece, &block, evidence).await;
    }
}

/// Hands over what is for JavaScript of the messages that are complete with a piece.
async fn deliver_block(shared: &Shared, piece: &Piece<'_>, block: &Block, evidence: Evidence) {
    let mut items = Vec::new();
    let mut skipped = Skipped::default();
    for entry in block.entries() {
        let read = entry
            .map_err(Problem::from)
            .and_then(|entry| read_entry(shared, piece, &entry, evidence));
        let item = match read {
            Ok(Some(Item::Report(error))) => skipped.add(error.into()),
            Ok(item) => item,
            Err(problem) => skipped.add(problem),
        };
        // Whether the next message concerns this node can depend on it.
        let changes_rooms = item.as_ref().is_some_and(Item::changes_rooms);
        items.extend(item);
        if changes_rooms || items.len() == MOST_ITEMS {
            shared.inbox.extend(std::mem::take(&mut items)).await;
        }
    }
    items.extend(skipped.report());
    shared.inbox.extend(items).await;
}

/// What could not be understood of a block. It is told of once: a small notification can hold very many entries.
#[derive(Default)]
struct Skipped {
    count: usize,
    first: Option<Problem>,
}

impl Skipped {
    /// Counts a message, of which nothing is left for JavaScript.
    fn add(&mut self, problem: Problem) -> Option<Item> {
        self.count += 1;
        self.first.get_or_insert(problem);
        None
    }

    fn report(self) -> Option<Item> {
        let first = self.first?;
        Some(if self.count == 1 {
            malformed(first)
        } else {
            let context = format!(
                "{} messages in a frame could not be understood and were skipped, the first because",
                self.count
            );
            Item::Report(Error::new(ErrorKind::Malformed, context).with_source(first))
        })
    }
}

fn read_entry(
    shared: &Shared,
    piece: &Piece<'_>,
    entry: &Entry<'_>,
    evidence: Evidence,
) -> Result<Option<Item>, Problem> {
    if !entry.is_binary() {
        return read_data(shared, piece, entry, entry.data, None, evidence);
    }
    let frame::Binary { data, bytes, parts } = match entry.options {
        Some(_) => entry.binary_with_placeholders()?,
        None => entry.binary_with_markers(&shared.options.marker)?,
    };
    read_data(
        shared,
        piece,
        entry,
        &data,
        Some(Binary { bytes, parts }),
        evidence,
    )
}

/// Reads an entry whose data is `data`: with something in the place of each binary part, if there are any.
fn read_data(
    shared: &Shared,
    piece: &Piece<'_>,
    entry: &Entry<'_>,
    data: &str,
    binary: Option<Binary>,
    evidence: Evidence,
) -> Result<Option<Item>, Problem> {
    let (envelope, json) = match entry.options {
        Some(options) => (
            Envelope::of_event(piece.uid, entry.nsp, options, data)?,
            Json::Event,
        ),
        None => (
            Envelope::of_data(entry.kind, piece.uid, entry.nsp, data)?,
            Json::Data(data),
        ),
    };
    // The marker stands for bytes, and must not be seen outside.
    if binary.is_some() && envelope.has_name_with(&shared.options.marker) {
        return Err("a name in the message is not text".into());
    }
    let content = Content { json, binary };
    Ok(router::route(
        shared,
        Channel::Frames,
        &envelope,
        content,
        evidence,
    ))
}

fn malformed(problem: impl Into<Problem>) -> Item {
    let context = "a message in a frame could not be understood and was skipped";
    Item::Report(Error::new(ErrorKind::Malformed, context).with_source(problem))
}
