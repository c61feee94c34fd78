//! Which namespaces are spoken to in frames, and what was said in frames and may have to be said again.
//!
//! Frames are for servers of this package alone. When a server of another kind joins a namespace, whatever comes after
//! its introduction, in the order in which everybody hears everything, is published once more, as it understands it. So
//! a message is kept until its own echo is heard.
//!
//! A message is repeated only when its frame is known to be committed: those who understood the frame skip the
//! repetition, and would miss a message whose frame was refused. And it is repeated in its place: before all that the
//! newcomer can read and that was published later.

use std::collections::{BTreeSet, VecDeque};
use std::ops::Range;

/// The most that may wait for its echo, in bytes. Past it messages travel without frames.
const MAX_LOG_BYTES: usize = 32 * 1024 * 1024;

/// The number of a namespace.
type Namespace = u32;

/// The policy of one server, and its echo log. `M` is a message.
#[derive(Debug)]
pub struct FramePolicy<M> {
    /// Those that are spoken to in frames.
    framed: BTreeSet<Namespace>,
    /// Messages whose echo was not heard, or which are to be repeated, in the order of their blocks.
    log: VecDeque<Logged<M>>,
    log_bytes: usize,
    /// The number of the last block whose echo was heard.
    last_heard: Option<u64>,
}

#[derive(Debug)]
struct Logged<M> {
    block: u64,
    namespace: Namespace,
    bytes: usize,
    is_committed: bool,
    /// Somebody may have listened who did not understand the frame.
    is_to_be_repeated: bool,
    message: M,
}

impl<M> Default for FramePolicy<M> {
    fn default() -> Self {
        Self {
            framed: BTreeSet::new(),
            log: VecDeque::new(),
            log_bytes: 0,
            last_heard: None,
        }
    }
}

impl<M> FramePolicy<M> {
    /// From now on a namespace is spoken to in frames, or no longer, and all that listen understand them. Returns
    /// whether that is a change.
    pub fn set_framed(&mut self, namespace: Namespace, framed: bool) -> bool {
        if framed {
            self.framed.insert(namespace)
        } else {
            self.framed.remove(&namespace)
        }
    }

    /// Whether a namespace is spoken to in frames.
    #[must_use]
    pub fn is_framed(&self, namespace: Namespace) -> bool {
        self.framed.contains(&namespace)
    }

    /// Whether a message for a namespace may go into a frame.
    #[must_use]
    pub fn may_frame(&self, namespace: Namespace) -> bool {
        self.is_framed(namespace) && self.log_bytes < MAX_LOG_BYTES
    }

    /// A message was written into a block. Blocks are written in the order of their numbers.
    pub fn written(&mut self, block: u64, namespace: Namespace, bytes: usize, message: M) {
        self.log_bytes += bytes;
        self.log.push_back(Logged {
            block,
            namespace,
            bytes,
            is_committed: false,
            is_to_be_repeated: false,
            message,
        });
    }

    /// A server that does not understand frames may listen in a namespace. Returns whether something is to be repeated
    /// for it.
    pub fn stop(&mut self, namespace: Namespace) -> bool {
        self.framed.remove(&namespace);
        let mut any = false;
        for logged in &mut self.log {
            // What was heard before came before the introduction.
            let is_missed = logged.namespace == namespace && Some(logged.block) > self.last_heard;
            logged.is_to_be_repeated |= is_missed;
            any |= is_missed;
        }
        any
    }

    /// All of a block is committed.
    pub fn committed(&mut self, block: u64) {
        let entries = self.entries_of(block);
        for logged in self.log.range_mut(entries) {
            logged.is_committed = true;
        }
    }

    /// The echo of all blocks up to this number was heard.
    pub fn heard(&mut self, block: u64) {
        self.last_heard = self.last_heard.max(Some(block));
        // What is to be repeated stays until it is, and whatever is behind it.
        let is_done = |logged: &Logged<M>| logged.block <= block && !logged.is_to_be_repeated;
        while self.log.front().is_some_and(is_done) {
            if let Some(logged) = self.log.pop_front() {
                self.log_bytes -= logged.bytes;
            }
        }
    }

    /// The messages of a block that is not, or not any longer, to be sent.
    pub fn take_back(&mut self, block: u64) -> Vec<M> {
        let entries = self.entries_of(block);
        let taken: Vec<_> = self.log.drain(entries).collect();
        self.messages_of(taken)
    }

    /// What can be repeated now, oldest first: nothing that was written after something whose commit is unknown.
    pub fn take_repeats(&mut self) -> Vec<M> {
        let is_unknown = |logged: &Logged<M>| logged.is_to_be_repeated && !logged.is_committed;
        let unknown = self.log.iter().find(|logged| is_unknown(logged));
        let before = unknown.map_or(u64::MAX, |logged| logged.block);
        let is_due = |logged: &Logged<M>| logged.is_to_be_repeated && logged.block < before;
        if !self.log.iter().any(is_due) {
            return Vec::new();
        }
        let (due, left): (VecDeque<_>, VecDeque<_>) =
            std::mem::take(&mut self.log).into_iter().partition(is_due);
        self.log = left;
        self.messages_of(due)
    }

    /// Whether something in a block is to be repeated once the block is committed.
    #[must_use]
    pub fn awaits_repeat(&self, block: u64) -> bool {
        let mut entries = self.log.range(self.entries_of(block));
        entries.any(|logged| logged.is_to_be_repeated)
    }

    fn entries_of(&self, block: u64) -> Range<usize> {
        let start = self.log.partition_point(|logged| logged.block < block);
        let end = self.log.partition_point(|logged| logged.block <= block);
        start..end
    }

    /// The messages of entries that were taken out of the log.
    fn messages_of(&mut self, taken: impl IntoIterator<Item = Logged<M>>) -> Vec<M> {
        let taken = taken.into_iter();
        taken
            .map(|logged| {
                self.log_bytes -= logged.bytes;
                logged.message
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
