//! What waits to be published: one ordered queue for all namespaces, bounded while the server is away.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{oneshot, Notify};

use super::namespaces::Address;
use crate::error::{Error, ErrorKind};
use crate::wire::message::MessageType;

/// How much is kept while the server is away, in bytes. Past it the oldest messages are dropped and counted.
pub const MAX_OFFLINE_BYTES: usize = 64 * 1024 * 1024;
/// How much may wait for a server that is there but slower than the application, in bytes.
pub const MAX_ONLINE_BYTES: usize = 1024 * 1024 * 1024;
/// What a message weighs beside its content, in bytes.
const MESSAGE_OVERHEAD_BYTES: usize = 128;

/// What a message says.
#[derive(Debug)]
pub enum Body {
    /// The JSON text of its data, if it has any: the rest of the message is written around it.
    Data(Option<String>),
    /// The JSON texts of an event for clients, and of its options, empty for the usual ones.
    Event {
        /// Rooms, exceptions, flags.
        options: Arc<str>,
        /// The name of the event and its arguments.
        event: String,
    },
    /// The JSON text of all of it: it is passed on for somebody else.
    Whole(String),
}

/// A message as the application published it.
#[derive(Debug)]
pub struct Pending {
    /// The namespace it is for.
    pub address: Arc<Address>,
    /// Its type.
    pub kind: MessageType,
    /// What it says.
    pub body: Body,
    /// Its binary parts, named in the text by the engine's marker.
    pub parts: Vec<Vec<u8>>,
    /// Whether it is worthless later: not kept for a server that is away.
    pub volatile: bool,
    /// Whether those who understand frames have had it already.
    pub was_framed: bool,
}

impl Pending {
    /// A message without binary content.
    #[must_use]
    pub fn text(address: Arc<Address>, kind: MessageType, data: Option<String>) -> Self {
        Self {
            address,
            kind,
            body: Body::Data(data),
            parts: Vec::new(),
            volatile: false,
            was_framed: false,
        }
    }

    /// How much it says, in bytes.
    #[must_use]
    pub fn content_bytes(&self) -> usize {
        let parts: usize = self.parts.iter().map(Vec::len).sum();
        let text = match &self.body {
            Body::Data(data) => data.as_ref().map_or(0, String::len),
            Body::Event { options, event } => options.len() + event.len(),
            Body::Whole(text) => text.len(),
        };
        text + parts
    }

    /// What it weighs, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        MESSAGE_OVERHEAD_BYTES + self.content_bytes()
    }
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Pending>,
    bytes: usize,
    offline: bool,
    closed: bool,
    /// How many messages were ever taken in; so each has a number, from 1.
    accepted: u64,
    /// The number of the message that was taken out last.
    last_taken: u64,
    /// How many of those that were taken out are neither committed nor dropped. They are settled in their order, hence
    /// the numbers of these have no gaps.
    in_flight: u64,
    /// Dropped since the last report.
    dropped: u64,
    /// Who waits until so many messages are settled.
    flushes: Vec<(u64, oneshot::Sender<()>)>,
}

/// The queue from the application to the publisher.
#[derive(Debug, Default)]
pub struct Outbox {
    /// Never held across an await: every use is short.
    state: Mutex<State>,
    filled: Notify,
}

impl Outbox {
    /// Takes a message in. After [`Outbox::close`] it is ignored.
    pub fn push(&self, message: Pending) {
        self.extend(std::iter::once(message));
    }

    /// Takes messages in.
    pub fn extend(&self, messages: impl Iterator<Item = Pending>) {
        let mut state = self.lock();
        let was_empty = state.queue.is_empty();
        for message in messages {
            if state.closed || (message.volatile && state.offline) {
                continue;
            }
            state.accepted += 1;
            state.bytes += message.bytes();
            state.queue.push_back(message);
        }
        drop_excess(&mut state);
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
        drop_excess(&mut state);
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
        self.lock().offline = !online;
    }

    /// A report on what was dropped since the last one, if anything was.
    pub fn overflow(&self) -> Option<Error> {
        let dropped = std::mem::take(&mut self.lock().dropped);
        (dropped > 0).then(|| {
            let context = format!(
                "{dropped} messages were dropped, oldest first: more than {MAX_OFFLINE_BYTES} bytes waited for a \
                 server that was away, or more than {MAX_ONLINE_BYTES} for one that was slow"
            );
            Error::new(ErrorKind::BufferOverflow, context)
        })
    }

    /// Whether there is a connection to publish over, or one can be expected in a moment.
    #[must_use]
    pub fn is_online(&self) -> bool {
        !self.lock().offline
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

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn drop_excess(state: &mut State) {
    let most = if state.offline {
        MAX_OFFLINE_BYTES
    } else {
        MAX_ONLINE_BYTES
    };
    while state.bytes > most && state.queue.len() > 1 {
        if let Some(oldest) = state.queue.pop_front() {
            state.bytes = state.bytes.saturating_sub(oldest.bytes());
            state.dropped += 1;
        }
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
