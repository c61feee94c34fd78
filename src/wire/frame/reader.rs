//! From pieces to messages.

use std::collections::HashMap;

use super::block::{self, Entry};
use super::{ascii, FrameError, MAX_BLOCK_BYTES};

/// How many streams are followed at a time: more than there can be servers on a database.
const MAX_STREAMS: usize = 128;

/// One notification of a stream.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub struct Piece<'a> {
    /// The server that sent it.
    pub uid: &'a str,
    /// The number of its stream.
    pub stream: u64,
    /// The number of its block.
    pub block: u64,
    /// Its place in the block.
    index: u64,
    /// How many pieces the block has.
    count: u64,
    text: &'a str,
}

impl<'a> Piece<'a> {
    /// Reads the first line of a notification.
    ///
    /// # Errors
    /// [`FrameError::Piece`]: it is not that of a piece.
    pub fn parse(notification: &'a str) -> Result<Self, FrameError> {
        Self::read(notification).ok_or(FrameError::Piece)
    }

    fn read(notification: &'a str) -> Option<Self> {
        let (length, rest) = notification.split_once(' ')?;
        let length: usize = length.parse().ok()?;
        let (uid, rest) = (rest.get(..length)?, rest.get(length..)?);
        let (numbers, text) = rest.strip_prefix(' ')?.split_once('\n')?;
        let mut numbers = numbers.split(' ').map(|digits| digits.parse::<u64>().ok());
        let mut next = || numbers.next()?;
        let (stream, block, index, count) = (next()?, next()?, next()?, next()?);
        let is_whole = numbers.next().is_none() && index < count;
        is_whole.then_some(Self {
            uid,
            stream,
            block,
            index,
            count,
            text,
        })
    }

    /// Whether its block is complete with it.
    #[must_use]
    pub fn is_last(&self) -> bool {
        self.index + 1 == self.count
    }
}

/// The messages of a block.
#[derive(Debug, PartialEq, Eq)]
pub struct Block {
    entries: Vec<u8>,
}

impl Block {
    /// The messages in order. The last one is an error if what follows is no entry.
    pub fn entries(&self) -> impl Iterator<Item = Result<Entry<'_>, FrameError>> {
        let mut rest = self.entries.as_slice();
        std::iter::from_fn(move || {
            (!rest.is_empty()).then(|| {
                block::next_entry(&mut rest).ok_or_else(|| {
                    rest = &[];
                    FrameError::Entry
                })
            })
        })
    }
}

/// Where a stream is.
#[derive(Debug, Default)]
struct Stream {
    /// The number of the block that is being read, or comes next.
    block: u64,
    /// The place of the next piece in it.
    index: u64,
    /// What was read of it.
    text: String,
    /// When it was heard last, in pieces.
    heard: u64,
}

/// The streams of the other servers.
#[derive(Debug, Default)]
pub struct Streams {
    streams: HashMap<u64, Stream>,
    /// How many pieces were heard in all.
    pieces: u64,
}

impl Streams {
    /// Takes the next piece of any stream, and gives the block that is complete with it. A block that was heard before
    /// is ignored, and so is one of which a piece is missing.
    ///
    /// # Errors
    /// [`FrameError::Block`]: it is none.
    pub fn accept(&mut self, piece: &Piece<'_>) -> Result<Block, FrameError> {
        let entries = match self.complete(piece)? {
            Some(text) => block::unpack(ascii::decode(&text).ok_or(FrameError::Block)?)?,
            None => Vec::new(),
        };
        Ok(Block { entries })
    }

    /// The text of the block that is complete with a piece.
    fn complete(&mut self, piece: &Piece<'_>) -> Result<Option<String>, FrameError> {
        self.pieces += 1;
        if !self.streams.contains_key(&piece.stream) && self.streams.len() >= MAX_STREAMS {
            self.forget_the_longest_silent();
        }
        let stream = self.streams.entry(piece.stream).or_default();
        stream.heard = self.pieces;
        if piece.block < stream.block {
            return Ok(None);
        }
        if piece.block > stream.block {
            stream.block = piece.block;
            stream.index = 0;
            stream.text.clear();
        }
        // One that comes again is ignored, and after a missing one the block is never completed.
        if piece.index != stream.index {
            return Ok(None);
        }
        stream.index += 1;
        stream.text.push_str(piece.text);
        if stream.text.len() > MAX_BLOCK_BYTES / 4 * 5 {
            stream.text = String::new();
            stream.block = piece.block.saturating_add(1);
            stream.index = 0;
            return Err(FrameError::Block);
        }
        if !piece.is_last() {
            return Ok(None);
        }
        stream.block = piece.block.saturating_add(1);
        stream.index = 0;
        Ok(Some(std::mem::take(&mut stream.text)))
    }

    fn forget_the_longest_silent(&mut self) {
        let longest_silent = self.streams.iter().min_by_key(|(_, stream)| stream.heard);
        if let Some(id) = longest_silent.map(|(id, _)| *id) {
            self.streams.remove(&id);
        }
    }
}
