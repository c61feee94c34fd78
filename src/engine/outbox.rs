//! What waits to be published: one ordered queue for all namespaces, bounded in bytes and age while the server is away.

mod ledger;
mod losses;

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{oneshot, Notify};
use tokio::time::{sleep_until, Instant};

use super::pending::Pending;
use crate::options::Buffer;
use ledger::Ledger;
pub use losses::{Losses, Reason};

/// How much may wait for a server that is there but slower than the application, in bytes.
pub const MAX_ONLINE_BYTES: usize = 1024 * 1024 * 1024;

/// Whether the server is there.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Server {
    /// It is, or is expected to be in a moment.
    #[default]
    There,
    /// It is not.
    Away,
    /// It is there since that moment, and what waited is not sent yet.
    Back(Instant),
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Pending>,
    bytes: usize,
    server: Server,
    closed: bool,
    /// What is settled, and who waits for it.
    ledger: Ledger,
    /// What was dropped since the last report.
    losses: Losses,
    /// Whether one of those said who is there.
    lost_introduction: bool,
}

impl State {
    fn drop_oldest(&mut self, reason: Reason) {
        let waiting = self.queue.len();
        if let Some(oldest) = self.queue.pop_front() {
            self.ledger.drop_at(&[0], waiting);
            self.bytes = self.bytes.saturating_sub(oldest.bytes());
            self.losses.add(reason, oldest.would_be_missed().into());
            self.lost_introduction |= oldest.kind.tells_who_is_there();
        }
    }

    fn drop_volatile(&mut self) {
        let messages = self.queue.iter().enumerate();
        let volatile: Vec<usize> = messages
            .filter(|(_, message)| message.volatile)
            .map(|(place, _)| place)
            .collect();
        self.ledger.drop_at(&volatile, self.queue.len());
        self.queue.retain(|message| !message.volatile);
        self.bytes = self.queue.iter().map(Pending::bytes).sum();
    }

    fn wake_flushes(&mut self) {
        self.ledger.wake(self.queue.len());
    }
}

/// The queue from the application to the publisher.
#[derive(Debug)]
pub struct Outbox {
    /// What is kept while the server is away.
    buffer: Buffer,
    /// Never held across an await: every use is short.
    state: Mutex<State>,
    filled: Notify,
}

impl Outbox {
    /// An empty queue.
    #[must_use]
    pub fn new(buffer: Buffer) -> Self {
        Self {
            buffer,
            state: Mutex::default(),
            filled: Notify::new(),
        }
    }

    /// Takes a message in. After [`Outbox::close`] it is ignored.
    pub fn push(&self, message: Pending) {
        self.extend(std::iter::once(message));
    }

    /// Takes messages in.
    pub fn extend(&self, messages: impl Iterator<Item = Pending>) {
        let mut state = self.lock();
        let was_empty = state.queue.is_empty();
        for message in messages {
            if state.closed || (message.volatile && state.server == Server::Away) {
                continue;
            }
            state.ledger.accept();
            state.bytes += message.bytes();
            state.queue.push_back(message);
        }
        self.drop_excess(&mut state);
        state.wake_flushes();
        drop(state);
        if was_empty {
            self.filled.notify_one();
        }
    }

    /// Waits until there is something to publish.
    pub async fn filled(&self) {
        while self.lock().queue.is_empty() {
            self.filled.notified().await;
        }
    }

    /// Whether so many bytes wait.
    #[must_use]
    pub fn holds(&self, bytes: usize) -> bool {
        self.lock().bytes >= bytes
    }

    /// Takes messages out, oldest first: at most `most`, and no more once they weigh `most_bytes`.
    pub fn take(&self, most: usize, most_bytes: usize) -> Vec<Pending> {
        let state = &mut *self.lock();
        let mut taken = Vec::new();
        let mut bytes = 0;
        while taken.len() < most && bytes < most_bytes {
            let Some(message) = state.queue.pop_front() else {
                break;
            };
            bytes += message.bytes();
            taken.push(message);
        }
        state.bytes = state.bytes.saturating_sub(bytes);
        state.ledger.take(taken.len(), state.queue.len());
        taken
    }

    /// So many of the messages that were taken are done with.
    pub fn settle(&self, count: usize) {
        let mut state = self.lock();
        state.ledger.settle(count);
        state.wake_flushes();
    }

    /// So many messages that were to be settled are under way again.
    pub fn unsettle(&self, count: usize) {
        self.lock().ledger.unsettle(count);
    }

    /// Says whether there is a connection. Until the first word on it, one is expected.
    pub fn set_online(&self, online: bool) {
        let mut state = self.lock();
        if !online {
            state.drop_volatile();
        }
        state.server = match (online, state.server) {
            (false, _) => Server::Away,
            (true, Server::Away) => Server::Back(Instant::now()),
            (true, as_before) => as_before,
        };
        self.drop_excess(&mut state);
        state.wake_flushes();
        drop(state);
        self.filled.notify_one();
    }

    /// Drops what is too old, as soon as it is, for as long as it is polled and the server is away.
    pub async fn grow_old(&self) {
        loop {
            let oldest = {
                let state = self.lock();
                let oldest = state.queue.front().filter(|_| state.server != Server::There);
                oldest.map(|message| message.published_at)
            };
            let Some(published_at) = oldest else {
                self.filled.notified().await;
                continue;
            };
            self.outdated(published_at).await;
            self.drop_outdated(&mut self.lock());
        }
    }

    /// Waits until a message of that time is too old for a server that is away.
    pub async fn outdated(&self, published_at: Instant) {
        sleep_until(published_at + self.buffer.max_age).await;
    }

    /// What can be sent now is sent, but for what is too old. Whether the server was away at all.
    pub fn end_outage(&self) -> bool {
        let mut state = self.lock();
        self.drop_outdated(&mut state);
        std::mem::take(&mut state.server) != Server::There
    }

    /// Whether a message of that time is too old for a server that was away.
    #[must_use]
    pub fn is_outdated(&self, published_at: Instant) -> bool {
        published_at.elapsed() >= self.buffer.max_age
    }

    /// Settles `count` of the messages that were taken: they are dropped, and the application would miss `missed`.
    pub fn settle_dropped(&self, count: usize, missed: usize, reason: Reason) {
        self.lock().losses.add(reason, missed as u64);
        self.settle(count);
    }

    /// What was dropped since the last call.
    pub fn take_losses(&self) -> Losses {
        std::mem::take(&mut self.lock().losses)
    }

    /// How many messages wait or are under way, and how many bytes wait.
    #[must_use]
    pub fn waiting(&self) -> (u64, usize) {
        let state = self.lock();
        (state.queue.len() as u64 + state.ledger.in_flight(), state.bytes)
    }

    /// Whether something was dropped since the last call that said who is there.
    pub fn has_lost_introduction(&self) -> bool {
        std::mem::take(&mut self.lock().lost_introduction)
    }

    /// Whether there is a connection to publish over, or one can be expected in a moment.
    #[must_use]
    pub fn is_online(&self) -> bool {
        self.lock().server != Server::Away
    }

    /// Resolves when all that was taken in so far is committed or dropped.
    pub fn flush(&self) -> oneshot::Receiver<()> {
        let mut state = self.lock();
        let resolved = state.ledger.flush();
        state.wake_flushes();
        resolved
    }

    /// Takes nothing more in.
    pub fn close(&self) {
        self.lock().closed = true;
    }

    /// Whether nothing more is taken in.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// Drops everything, under way or not: nothing will be sent any more, and nobody shall wait for it.
    pub fn abandon(&self) {
        let state = &mut *self.lock();
        state.closed = true;
        let waiting = state.queue.iter().filter(|message| message.would_be_missed());
        // What is still in flight may be committed, which nobody will know any more.
        let unsent = waiting.count() as u64 + state.ledger.in_flight();
        state.losses.add(Reason::Closed, unsent);
        state.queue.clear();
        state.bytes = 0;
        state.ledger.settle_all();
        state.wake_flushes();
    }

    fn drop_outdated(&self, state: &mut State) {
        let outage_end = match state.server {
            Server::There => return,
            Server::Away => Instant::now(),
            Server::Back(since) => since,
        };
        while state.queue.front().is_some_and(|message| {
            message.published_at <= outage_end && self.is_outdated(message.published_at)
        }) {
            state.drop_oldest(Reason::Age);
        }
        state.wake_flushes();
    }

    fn drop_excess(&self, state: &mut State) {
        let (most, reason) = if state.server == Server::Away {
            (self.buffer.max_bytes, Reason::Size)
        } else {
            (MAX_ONLINE_BYTES, Reason::Slowness)
        };
        while state.bytes > most {
            state.drop_oldest(reason);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
