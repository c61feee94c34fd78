//! What waits to be published: one ordered queue for all namespaces, bounded in bytes and age while the server is away.

mod losses;

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{oneshot, Notify};
use tokio::time::{sleep_until, Instant};

use super::pending::Pending;
use crate::options::Buffer;
pub use losses::Losses;
use losses::Reason;

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
    /// How many messages were ever taken in; so each has a number, from 1.
    accepted: u64,
    /// The number of the message that was taken out last.
    last_taken: u64,
    /// How many of those that were taken out are neither committed nor dropped. They are settled in their order, hence
    /// the numbers of these have no gaps.
    in_flight: u64,
    /// What was dropped since the last report.
    losses: Losses,
    /// Whether one of those said who is there.
    lost_introduction: bool,
    /// Who waits until so many messages are settled.
    flushes: Vec<(u64, oneshot::Sender<()>)>,
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
            state.accepted += 1;
            state.bytes += message.bytes();
            state.queue.push_back(message);
        }
        self.drop_excess(&mut state);
        wake_flushes(&mut state);
        drop(state);
        if was_empty {
            self.filled.notify_one();
        }
    }

    /// Puts messages before all that wait, also after [`Outbox::close`]: they were taken in before.
    pub fn push_front(&self, messages: Vec<Pending>) {
        if messages.is_empty() {
            return;
        }
        let mut state = self.lock();
        let count = messages.len() as u64;
        state.accepted += count;
        for (upto, _) in &mut state.flushes {
            *upto += count;
        }
        for message in messages.into_iter().rev() {
            state.bytes += message.bytes();
            state.queue.push_front(message);
        }
        self.drop_excess(&mut state);
        drop(state);
        self.filled.notify_one();
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
        let mut state = self.lock();
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
        state.last_taken = state.accepted - state.queue.len() as u64;
        state.in_flight += taken.len() as u64;
        taken
    }

    /// So many of the messages that were taken are done with.
    pub fn settle(&self, count: usize) {
        let mut state = self.lock();
        state.in_flight = state.in_flight.saturating_sub(count as u64);
        wake_flushes(&mut state);
    }

    /// So many messages that were to be settled are under way again.
    pub fn unsettle(&self, count: usize) {
        self.lock().in_flight += count as u64;
    }

    /// Says whether there is a connection. Until the first word on it, one is expected.
    pub fn set_online(&self, online: bool) {
        let mut state = self.lock();
        if !online {
            state.queue.retain(|message| !message.volatile);
            state.bytes = state.queue.iter().map(Pending::bytes).sum();
        }
        state.server = match (online, state.server) {
            (false, _) => Server::Away,
            (true, Server::Away) => Server::Back(Instant::now()),
            (true, as_before) => as_before,
        };
        self.drop_excess(&mut state);
        wake_flushes(&mut state);
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

    /// So many messages that were taken are done with: they were too old.
    pub fn settle_outdated(&self, count: usize, missed: usize) {
        self.lock().losses.add(Reason::Age, missed as u64);
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
        (state.queue.len() as u64 + state.in_flight, state.bytes)
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
        let (done, resolved) = oneshot::channel();
        let mut state = self.lock();
        let upto = state.accepted;
        state.flushes.push((upto, done));
        wake_flushes(&mut state);
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
        let mut state = self.lock();
        state.closed = true;
        state.queue.clear();
        state.bytes = 0;
        state.in_flight = 0;
        wake_flushes(&mut state);
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
            drop_oldest(state, Reason::Age);
        }
        wake_flushes(state);
    }

    fn drop_excess(&self, state: &mut State) {
        let (most, reason) = if state.server == Server::Away {
            (self.buffer.max_bytes, Reason::Size)
        } else {
            (MAX_ONLINE_BYTES, Reason::Slowness)
        };
        while state.bytes > most {
            drop_oldest(state, reason);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn drop_oldest(state: &mut State, reason: Reason) {
    if let Some(oldest) = state.queue.pop_front() {
        state.bytes = state.bytes.saturating_sub(oldest.bytes());
        state.losses.add(reason, oldest.would_be_missed().into());
        state.lost_introduction |= oldest.kind.tells_who_is_there();
    }
}

/// Up to which number all messages are committed or dropped.
fn settled_through(state: &State) -> u64 {
    if state.in_flight > 0 {
        state.last_taken.saturating_sub(state.in_flight)
    } else {
        state.accepted - state.queue.len() as u64
    }
}

fn wake_flushes(state: &mut State) {
    if state.flushes.is_empty() {
        return;
    }
    let settled = settled_through(state);
    let (done, waiting) = std::mem::take(&mut state.flushes)
        .into_iter()
        .partition(|(upto, _)| *upto <= settled);
    state.flushes = waiting;
    for (_, flush) in done {
        // Whoever asked may have gone; that is no concern of ours.
        let _ = flush.send(());
    }
}

#[cfg(test)]
mod tests;
