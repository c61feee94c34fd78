//! What was taken from the outbox and is not committed yet. It survives lost connections.

use std::collections::{HashSet, VecDeque};

use tokio::time::Instant;

use super::frame_writer::FrameWriter;
use super::outbox::Reason;
use super::prepare::prepare_or_report;
use super::shared::Shared;
use crate::cluster::batch::{Batch, Limits, Outgoing};
use crate::error::{Error, ErrorKind};

/// When a batch is full. Larger ones gain nothing more, and hold up what comes behind them: the pages of PostgreSQL's
/// queue go through a few buffers only, and are written to files when more than those are in use.
const LIMITS: Limits = Limits {
    count: 1000,
    bytes: 256 * 1024,
};

/// How often a connection may be lost over the same messages before they are taken for the cause.
const MOST_LOSSES: u32 = 30;

/// A batch, and when its messages were taken from the outbox.
pub struct TakenBatch {
    batch: Batch,
    taken_at: Instant,
}

impl TakenBatch {
    /// What is to be committed together.
    #[must_use]
    pub fn messages(&self) -> &[Outgoing] {
        self.batch.messages()
    }
}

/// Batches, and what will be in the next ones.
pub struct Unsent<'a> {
    shared: &'a Shared,
    /// Writes messages for servers of this kind.
    frames: Option<FrameWriter>,
    /// Messages that are not in a batch yet.
    prepared: VecDeque<Outgoing>,
    /// When these were taken from the outbox.
    prepared_at: Instant,
    /// Batches that are not committed yet, the oldest first.
    batches: VecDeque<TakenBatch>,
    /// How many connections in a row were lost over the oldest batch.
    losses: u32,
}

impl<'a> Unsent<'a> {
    /// Nothing was taken yet.
    #[must_use]
    pub fn new(shared: &'a Shared) -> Self {
        Self {
            shared,
            frames: FrameWriter::new(shared),
            prepared: VecDeque::new(),
            prepared_at: Instant::now(),
            batches: VecDeque::new(),
            losses: 0,
        }
    }

    /// Whether all that was taken is committed or dropped.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.batches.is_empty() && self.prepared.is_empty()
    }

    /// When the oldest of it was taken from the outbox, if there is anything.
    #[must_use]
    pub fn oldest_taken_at(&self) -> Option<Instant> {
        let prepared_at = (!self.prepared.is_empty()).then_some(self.prepared_at);
        let oldest = self.batches.front().map(|oldest| oldest.taken_at);
        oldest.or(prepared_at)
    }

    /// Takes the batch out that is to be sent next; what is done with the oldest one wants it restored first.
    #[must_use]
    pub fn pop_front(&mut self) -> Option<TakenBatch> {
        if self.batches.is_empty() {
            self.prepare_repeats();
            if !self.prepared.is_empty() {
                self.gather();
            }
        }
        self.batches.pop_front()
    }

    /// Puts the batch back that was taken out.
    pub fn restore_front(&mut self, batch: TakenBatch) {
        self.batches.push_front(batch);
    }

    /// Takes what waits in the outbox and makes the next batch of it.
    pub fn gather(&mut self) {
        self.shared.report_losses();
        if self.prepared.is_empty() {
            self.prepare_next();
        }
        self.prepare_repeats();
        let mut batch = Batch::default();
        let mut awaits_repeat = false;
        while let Some(message) = self.prepared.pop_front() {
            // What is in frames may have to be repeated, and then comes before what follows.
            let waits = awaits_repeat && message.piece.is_none();
            awaits_repeat |= message
                .piece
                .is_some_and(|piece| self.shared.framing.policy().awaits_repeat(piece.block));
            let pushed = if waits {
                Err(message)
            } else {
                batch.push(message, LIMITS)
            };
            if let Err(message) = pushed {
                self.prepared.push_front(message);
                break;
            }
        }
        if !batch.is_empty() {
            self.batches.push_back(TakenBatch {
                batch,
                taken_at: self.prepared_at,
            });
        }
    }

    /// Puts what was said in frames, and has to be repeated without them, before everything else.
    fn prepare_repeats(&mut self) {
        let repeats = self.shared.framing.take_repeats();
        if repeats.is_empty() {
            return;
        }
        if self.prepared.is_empty() {
            self.prepared_at = Instant::now();
        }
        self.shared.outbox.unsettle(repeats.len());
        let prepared: Vec<Outgoing> = repeats
            .into_iter()
            .filter_map(|message| prepare_or_report(self.shared, message))
            .collect();
        for outgoing in prepared.into_iter().rev() {
            self.prepared.push_front(outgoing);
        }
    }

    /// While a batch is under way, makes the next one ready if it will be full anyway.
    pub async fn prepare_ahead(&mut self) {
        // First the connection gets its turn to send: there is one thread for both.
        tokio::task::yield_now().await;
        if self.prepared.is_empty() && self.shared.outbox.holds(LIMITS.bytes) {
            self.prepare_next();
        }
    }

    /// Takes messages from the outbox and gives them the form in which they travel.
    fn prepare_next(&mut self) {
        self.prepared_at = Instant::now();
        let mut gathering = self.shared.framing.gather();
        for message in self.shared.outbox.take(LIMITS.count, LIMITS.bytes) {
            let unframed = match &mut self.frames {
                Some(frames) => frames.write(&mut gathering, message, &self.shared.options),
                None => Err(message),
            };
            if let Err(message) = unframed {
                self.prepared
                    .extend(self.frames.as_mut().into_iter().flat_map(FrameWriter::finish));
                self.prepared.extend(prepare_or_report(self.shared, message));
            }
        }
        self.prepared
            .extend(self.frames.as_mut().into_iter().flat_map(FrameWriter::finish));
    }

    /// The oldest batch is committed.
    pub fn committed(&mut self) {
        self.losses = 0;
        let Some(batch) = self.settle_oldest() else {
            return;
        };
        for piece in batch.messages().iter().filter_map(|outgoing| outgoing.piece) {
            if piece.is_last() {
                self.shared.framing.policy().committed(piece.block);
            }
        }
        self.shared.stats.batch_sent(&batch);
    }

    /// A connection was lost while the oldest batch was under way. Once is bad luck. But one message may be more
    /// than the server or the network can take, and it must not hold up the others for ever.
    pub fn lost_over_oldest(&mut self, error: &Error) {
        // A server that says why, such as a shutdown, does not mean the message.
        if error.sqlstate().is_some() {
            return;
        }
        self.losses += 1;
        if self.losses == MOST_LOSSES {
            self.losses = 0;
            let context = format!("cannot publish: the connection was lost over it {MOST_LOSSES} times");
            self.refused(Error::new(ErrorKind::Publish, context).with_source(error.to_string()));
        }
    }

    /// The database refuses the oldest batch. One message may be the cause: each is tried alone, in order, and
    /// only what is refused then is dropped.
    pub fn refused(&mut self, error: Error) {
        let is_single = |batch: &TakenBatch| matches!(batch.messages(), [Outgoing { piece: None, .. }]);
        if self.batches.front().is_some_and(is_single) {
            self.shared.inbox.report(error);
            if let Some(batch) = self.settle_oldest() {
                self.shared
                    .dropped(batch.messages().iter().map(Outgoing::missed).sum());
            }
            return;
        }
        let Some(TakenBatch { batch, taken_at }) = self.batches.pop_front() else {
            return;
        };
        // The rest of its last block, if that is larger than a batch, has not become one yet.
        let mut tried_alone: VecDeque<Outgoing> = batch.into_messages().into();
        tried_alone.extend(self.prepared.drain(..));
        let mut taken_back = HashSet::new();
        let mut singles = Vec::new();
        for outgoing in tried_alone {
            match outgoing.piece {
                None => singles.push(outgoing),
                Some(piece) => {
                    if taken_back.insert(piece.block) {
                        singles.extend(self.without_frames(piece.block));
                    }
                    // The messages of the block count by themselves again.
                    self.shared.outbox.settle(piece.messages);
                }
            }
        }
        for single in singles.into_iter().rev() {
            let batch = single.into();
            self.batches.push_front(TakenBatch { batch, taken_at });
        }
    }

    /// The messages of a block, one by one.
    fn without_frames(&self, block: u64) -> Vec<Outgoing> {
        let messages = self.shared.framing.policy().take_back(block);
        self.shared.outbox.unsettle(messages.len());
        messages
            .into_iter()
            .filter_map(|message| prepare_or_report(self.shared, message))
            .collect()
    }

    fn settle_oldest(&mut self) -> Option<Batch> {
        let TakenBatch { batch, .. } = self.batches.pop_front()?;
        self.shared.outbox.settle(batch.messages_sent());
        Some(batch)
    }

    /// Drops the oldest batch, or what is not in a batch yet if there is none.
    pub fn drop_oldest(&mut self, reason: Reason) {
        let dropped = match self.batches.pop_front() {
            Some(TakenBatch { batch, .. }) => batch.into_messages(),
            None => self.prepared.drain(..).collect(),
        };
        for outgoing in dropped {
            if let Some(piece) = outgoing.piece {
                self.shared.framing.policy().take_back(piece.block);
            }
            self.shared
                .outbox
                .settle_dropped(outgoing.messages(), outgoing.missed(), reason);
        }
        self.losses = 0;
    }
}

impl Drop for Unsent<'_> {
    /// The engine ends: what is left will not be sent any more.
    fn drop(&mut self) {
        while !self.is_empty() {
            self.drop_oldest(Reason::Closed);
        }
    }
}
