//! From pieces to messages.

use std::collections::{HashMap, VecDeque};

use super::block::{self, Entry};
use super::{ascii, FrameError, MAX_BLOCK_BYTES};

/// How many streams are followed at a time: more than there can be servers on a database.
const MAX_STREAMS: usize = 128;
/// How many blocks of a stream are remembered: as many as there can be in a batch, which may come twice.
const MAX_DONE: usize = 1024;
/// How much of unfinished blocks is kept, in bytes. Large blocks come in several transactions, so those of several
/// servers may be under way at a time.
const MAX_UNFINISHED_BYTES: usize = 128 * 1024 * 1024;
/// The longest text of a block, in characters: more than [`ascii`] makes of the largest one.
const MAX_BLOCK_CHARACTERS: usize = MAX_BLOCK_BYTES / 4 * 5;

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

/// A block of which pieces are still to come.
#[derive(Debug)]
struct Unfinished {
    number: u64,
    /// The place of the next piece in it.
    index: u64,
    text: String,
}

/// Where a stream is.
#[derive(Debug, Default)]
struct Stream {
    /// The numbers of the last blocks that were read. Not just the highest: a number that nobody has proved would
    /// silence the stream.
    done: VecDeque<u64>,
    /// What is above it is new: no need to look through them all.
    highest: u64,
    unfinished: Option<Unfinished>,
    /// When it was heard last, in pieces.
    heard: u64,
}

impl Stream {
    fn has_done(&self, block: u64) -> bool {
        block <= self.highest && self.done.contains(&block)
    }

    fn remember(&mut self, block: u64) {
        if self.done.len() == MAX_DONE {
            self.done.pop_front();
        }
        self.done.push_back(block);
        self.highest = self.highest.max(block);
    }

    fn unfinished_bytes(&self) -> usize {
        self.unfinished.as_ref().map_or(0, |block| block.text.len())
    }

    /// Takes a piece, and gives the text of the block that is complete with it.
    fn take(&mut self, piece: &Piece<'_>) -> Result<Option<String>, FrameError> {
        let mut block = match self.unfinished.take() {
            Some(block) if block.number == piece.block && block.index == piece.index => block,
            // It begins, or it comes again from its beginning.
            _ if piece.index == 0 => Unfinished {
                number: piece.block,
                index: 0,
                text: String::new(),
            },
            // After a missing piece the block is never completed.
            other => {
                self.unfinished = other;
                return Ok(None);
            }
        };
        block.index += 1;
        block.text.push_str(piece.text);
        if block.text.len() > MAX_BLOCK_CHARACTERS {
            return Err(FrameError::Block);
        }
        if piece.is_last() {
            return Ok(Some(block.text));
        }
        self.unfinished = Some(block);
        Ok(None)
    }
}

/// The streams of the other servers.
#[derive(Debug, Default)]
pub struct Streams {
    followed: HashMap<u64, Stream>,
    /// How many pieces were heard in all.
    pieces: u64,
    /// How much there is of blocks that are not complete, in bytes.
    unfinished_bytes: usize,
}

impl Streams {
    /// Takes the next piece of any stream, and gives the block that is complete with it. A block that was heard before
    /// is ignored, and so is one of which a piece is missing.
    ///
    /// # Errors
    /// [`FrameError::Block`]: it is none.
    pub fn accept(&mut self, piece: &Piece<'_>) -> Result<Block, FrameError> {
        let Some(text) = self.complete(piece)? else {
            return Ok(Block { entries: Vec::new() });
        };
        let entries = block::unpack(ascii::decode(&text).ok_or(FrameError::Block)?)?;
        self.stream(piece.stream).remember(piece.block);
        Ok(Block { entries })
    }

    /// The text of the block that is complete with a piece.
    fn complete(&mut self, piece: &Piece<'_>) -> Result<Option<String>, FrameError> {
        self.pieces += 1;
        let pieces = self.pieces;
        let stream = self.stream(piece.stream);
        stream.heard = pieces;
        if stream.has_done(piece.block) {
            return Ok(None);
        }
        let before = stream.unfinished_bytes();
        let completed = stream.take(piece);
        let after = stream.unfinished_bytes();
        self.unfinished_bytes = self.unfinished_bytes - before + after;
        while self.unfinished_bytes > MAX_UNFINISHED_BYTES {
            self.forget_the_longest_silent();
        }
        completed
    }

    fn stream(&mut self, id: u64) -> &mut Stream {
        if !self.followed.contains_key(&id) && self.followed.len() >= MAX_STREAMS {
            self.forget_the_longest_silent();
        }
        self.followed.entry(id).or_default()
    }

    fn forget_the_longest_silent(&mut self) {
        let longest_silent = self.followed.iter().min_by_key(|(_, stream)| stream.heard);
        let id = longest_silent.map(|(id, _)| *id);
        if let Some(stream) = id.and_then(|id| self.followed.remove(&id)) {
            self.unfinished_bytes -= stream.unfinished_bytes();
        }
    }
}
