//! Which messages are settled, that is committed or dropped, and who waits for that.

use tokio::sync::oneshot;

/// Counts what goes in and out. Each message has a number, from 1; those of what is taken or waits have no gaps.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// The number of the message that was taken in last.
    accepted: u64,
    /// The number of the message that was taken out last.
    last_taken: u64,
    /// How many of those that were taken out are neither committed nor dropped. They are settled in their order.
    in_flight: u64,
    /// Who waits until all up to this number are settled.
    flushes: Vec<(u64, oneshot::Sender<()>)>,
}

impl Ledger {
    /// A message goes to the end of the queue.
    pub(super) fn accept(&mut self) {
        self.accepted += 1;
    }

    /// The messages at these places of the queue, in ascending order, are dropped; so many waited in it. Those behind
    /// them close up: a gap would count as settled before what is under way is.
    pub(super) fn drop_at(&mut self, places: &[usize], waiting: usize) {
        let before_all = self.accepted - waiting as u64;
        for (upto, _) in &mut self.flushes {
            let awaited = upto.saturating_sub(before_all);
            *upto -= places.partition_point(|place| (*place as u64) < awaited) as u64;
        }
        self.accepted -= places.len() as u64;
    }

    /// So many messages were taken out of the queue, in which so many are left.
    pub(super) fn take(&mut self, count: usize, left: usize) {
        self.last_taken = self.accepted - left as u64;
        self.in_flight += count as u64;
    }

    /// So many of the messages that were taken are done with.
    pub(super) fn settle(&mut self, count: usize) {
        self.in_flight = self.in_flight.saturating_sub(count as u64);
    }

    /// So many messages that were to be settled are under way again.
    pub(super) fn unsettle(&mut self, count: usize) {
        self.in_flight += count as u64;
    }

    /// All that were taken are done with.
    pub(super) fn settle_all(&mut self) {
        self.in_flight = 0;
    }

    /// How many messages are under way.
    pub(super) fn in_flight(&self) -> u64 {
        self.in_flight
    }

    /// Resolves when all that was taken in so far is settled and [`Ledger::wake`] was called.
    pub(super) fn flush(&mut self) -> oneshot::Receiver<()> {
        let (done, resolved) = oneshot::channel();
        self.flushes.push((self.accepted, done));
        resolved
    }

    /// Tells those who wait for no more than what is settled, with so many messages in the queue.
    pub(super) fn wake(&mut self, waiting: usize) {
        if self.flushes.is_empty() {
            return;
        }
        let settled = self.settled_through(waiting);
        let (done, left) = std::mem::take(&mut self.flushes)
            .into_iter()
            .partition(|(upto, _)| *upto <= settled);
        self.flushes = left;
        for (_, flush) in done {
            // Whoever asked may have gone; that is no concern of ours.
            let _ = flush.send(());
        }
    }

    /// Up to which number all messages are settled.
    fn settled_through(&self, waiting: usize) -> u64 {
        if self.in_flight > 0 {
            self.last_taken.saturating_sub(self.in_flight)
        } else {
            self.accepted - waiting as u64
        }
    }
}
