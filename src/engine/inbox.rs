//! What waits for the JavaScript thread: bounded, in order, with one wake-up for many items.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tokio::sync::Notify;

use super::namespaces::NamespaceId;
use super::stats::Link;
use crate::error::Error;
use crate::pg::tls::verdict::Question;
use crate::redacted::Redacted;

/// How much may wait for JavaScript before the engine stops reading the socket, in bytes.
pub const MAX_WAITING_BYTES: usize = 16 * 1024 * 1024;
/// What an item weighs beside its text, in bytes: bounds the number of small ones as well.
const ITEM_OVERHEAD_BYTES: usize = 128;
/// What a binary part weighs beside its content, in bytes: JavaScript makes an object of each.
const PART_OVERHEAD_BYTES: usize = 128;
/// How much news may wait; more say nothing new to somebody who does not look.
const MAX_WAITING_NEWS: usize = 1000;

/// Binary content that travels beside the text of a message.
#[derive(Default, PartialEq, Eq)]
pub struct Binary {
    /// The attachment as it was stored.
    pub bytes: Vec<u8>,
    /// Where the parts lie in it.
    pub parts: Vec<Range<usize>>,
}

/// Something for JavaScript.
pub enum Item {
    /// A message that concerns this node.
    Message {
        /// The namespace it is for.
        namespace: NamespaceId,
        /// Its JSON text, complete and valid.
        json: String,
        /// Its binary parts.
        binary: Option<Binary>,
        /// Whether handling it can put local sockets into rooms.
        changes_rooms: bool,
    },
    /// A broadcast of text for local clients: they get it as it stands.
    Broadcast {
        /// The namespace it is for.
        namespace: NamespaceId,
        /// The JSON text of its options: rooms, exceptions, flags; empty for the usual ones.
        opts: String,
        /// The JSON text of the event.
        event: String,
        /// Its binary parts; in the text stands what Socket.IO sends to clients.
        binary: Option<Binary>,
    },
    /// A peer left or fell silent.
    PeerLeft {
        /// The namespace it was in.
        namespace: NamespaceId,
        /// Its id.
        uid: String,
    },
    /// A namespace is listened to (again): for a primary, whose workers introduce themselves through it.
    Listening(NamespaceId),
    /// Something for the error handler.
    Report(Error),
    /// A line for `debug`.
    Debug(Topic, String),
    /// Something that happened to the engine.
    Event(Event),
    /// A connection to this place is being made and needs a password: to be answered under this number.
    PasswordWanted(u32, TargetId),
    /// A connection to this place shows a certificate: to be answered, under this number, with what `pg` says of it.
    VerdictWanted(u32, TargetId, Box<Question>),
}

/// What a line for `debug` is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Topic {
    /// Connections that are made and lost.
    Connection,
    /// Servers that join and leave.
    Membership,
    /// What goes wrong and was told before.
    Error,
}

/// Something that happened to the engine, for those who watch it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A connection is there, for the first time or again.
    Connected(Link),
    /// A connection was lost.
    Disconnected {
        /// Which one.
        link: Link,
        /// The code of the error.
        code: &'static str,
        /// The error.
        reason: String,
    },
    /// A server joined a namespace.
    PeerJoined {
        /// The namespace.
        namespace: NamespaceId,
        /// The id of the server.
        uid: String,
    },
    /// So many messages of the application will never be sent.
    Dropped(usize),
}

impl Event {
    fn bytes(&self) -> usize {
        match self {
            Self::Disconnected { reason: text, .. } | Self::PeerJoined { uid: text, .. } => text.len(),
            Self::Connected(_) | Self::Dropped(_) => 0,
        }
    }
}

/// Where a connection leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetId {
    /// Where messages are published, and heard unless there is a place of its own for that.
    Main = 0,
    /// Where the listener connects instead.
    Listen = 1,
}

fn binary_bytes(binary: Option<&Binary>) -> usize {
    binary.map_or(0, |binary| {
        binary.bytes.len() + binary.parts.len() * PART_OVERHEAD_BYTES
    })
}

impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Message { .. } => "Message",
            Self::Broadcast { .. } => "Broadcast",
            Self::PeerLeft { uid, .. } => return f.debug_tuple("PeerLeft").field(uid).finish(),
            Self::Listening(_) => "Listening",
            Self::Report(error) => return f.debug_tuple("Report").field(error).finish(),
            Self::Debug(topic, line) => return f.debug_tuple("Debug").field(topic).field(line).finish(),
            Self::Event(event) => return f.debug_tuple("Event").field(event).finish(),
            Self::PasswordWanted(..) => "PasswordWanted",
            Self::VerdictWanted(..) => "VerdictWanted",
        };
        f.debug_tuple(name).field(&Redacted(self.bytes())).finish()
    }
}

impl Item {
    fn bytes(&self) -> usize {
        ITEM_OVERHEAD_BYTES
            + match self {
                Self::Message { json, binary, .. } => json.len() + binary_bytes(binary.as_ref()),
                Self::Broadcast {
                    opts, event, binary, ..
                } => opts.len() + event.len() + binary_bytes(binary.as_ref()),
                Self::PeerLeft { uid: text, .. } | Self::Debug(_, text) => text.len(),
                Self::Event(event) => event.bytes(),
                Self::VerdictWanted(.., question) => question.host.len(),
                Self::Report(_) | Self::PasswordWanted(..) | Self::Listening(_) => 0,
            }
    }

    /// Whether it only tells of something.
    fn is_news(&self) -> bool {
        self.is_report() || matches!(self, Self::Event(_))
    }

    fn is_report(&self) -> bool {
        matches!(self, Self::Report(_) | Self::Debug(..))
    }

    /// Whether handling it can put local sockets into rooms.
    #[must_use]
    pub fn changes_rooms(&self) -> bool {
        self.room_changes_in().is_some()
    }

    /// The namespace whose rooms are about to change.
    fn room_changes_in(&self) -> Option<NamespaceId> {
        match self {
            Self::Message {
                namespace,
                changes_rooms: true,
                ..
            } => Some(*namespace),
            _ => None,
        }
    }
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Item>,
    bytes: usize,
    news: usize,
    /// Messages, queued or in JavaScript's hands, that can still change the rooms of a namespace.
    unsettled: HashMap<NamespaceId, usize>,
    /// Those of them that JavaScript is working on.
    in_hands: Vec<NamespaceId>,
    /// Whether JavaScript was woken and has not yet found the queue empty.
    awake: bool,
    closed: bool,
}

/// Called to wake the JavaScript thread.
pub type Wake = Box<dyn Fn() + Send + Sync>;

/// The queue from the engine to JavaScript.
pub struct Inbox {
    /// Never held across an await: every use is short.
    state: Mutex<State>,
    space: Notify,
    wake: Wake,
    /// How much may wait, in bytes.
    max_bytes: usize,
}

impl Inbox {
    /// An empty queue.
    #[must_use]
    pub fn new(wake: Wake) -> Self {
        Self::with_limit(wake, MAX_WAITING_BYTES)
    }

    /// An empty queue for at most about this many bytes.
    #[must_use]
    pub fn with_limit(wake: Wake, max_bytes: usize) -> Self {
        Self {
            state: Mutex::default(),
            space: Notify::new(),
            wake,
            max_bytes,
        }
    }

    /// Adds an item; waits while JavaScript is too far behind. After [`Inbox::close`] the item is discarded.
    pub async fn push(&self, item: Item) {
        self.extend(vec![item]).await;
    }

    /// Adds items; waits whenever JavaScript is too far behind.
    pub async fn extend(&self, items: Vec<Item>) {
        let mut items = items.into_iter().peekable();
        while items.peek().is_some() {
            let freed = self.space.notified();
            {
                let mut state = self.lock();
                if state.closed {
                    return;
                }
                if state.bytes < self.max_bytes {
                    while state.bytes < self.max_bytes {
                        let Some(item) = items.next() else { break };
                        state.add(item);
                    }
                    self.wake(state);
                    continue;
                }
            }
            freed.await;
        }
    }

    /// Adds an item at once: for the few that do not come from the wire and thus cannot flood. After [`Inbox::close`]
    /// only reports are of interest.
    /// Returns whether it was added.
    pub fn push_now(&self, item: Item) -> bool {
        let mut state = self.lock();
        let is_news = item.is_news();
        if (state.closed && !is_news) || (is_news && state.news >= MAX_WAITING_NEWS) {
            return false;
        }
        state.add(item);
        self.wake(state);
        true
    }

    /// Hands an error to the application's error handler.
    pub fn report(&self, error: Error) {
        self.push_now(Item::Report(error));
    }

    /// After something was added.
    fn wake(&self, mut state: MutexGuard<'_, State>) {
        let wake = !std::mem::replace(&mut state.awake, true);
        drop(state);
        if wake {
            (self.wake)();
        }
    }

    /// Takes up to about `most_bytes`, at least one item if there is one. Whoever calls has dealt with all that
    /// the call before returned. After an empty result the next item wakes JavaScript again.
    pub fn drain(&self, most_bytes: usize) -> Vec<Item> {
        let mut state = self.lock();
        settle(&mut state);
        let mut items = Vec::new();
        let mut bytes = 0;
        while bytes < most_bytes {
            let Some(item) = state.queue.pop_front() else {
                break;
            };
            bytes += item.bytes();
            if let Some(namespace) = item.room_changes_in() {
                state.in_hands.push(namespace);
            }
            state.news = state.news.saturating_sub(usize::from(item.is_news()));
            items.push(item);
        }
        state.bytes = state.bytes.saturating_sub(bytes);
        state.awake = !items.is_empty();
        drop(state);
        if bytes > 0 {
            self.space.notify_waiters();
        }
        items
    }

    /// Whether messages are on their way to JavaScript that may change the rooms of a namespace. Ask this
    /// before looking at the rooms, not after.
    #[must_use]
    pub fn has_unsettled(&self, namespace: NamespaceId) -> bool {
        self.lock().unsettled.contains_key(&namespace)
    }

    /// Discards what waits and all that is still to come, but for the reports that wait.
    pub fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.queue.retain(Item::is_report);
        state.bytes = state.queue.iter().map(Item::bytes).sum();
        drop(state);
        self.space.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn add(&mut self, item: Item) {
        if let Some(namespace) = item.room_changes_in() {
            *self.unsettled.entry(namespace).or_insert(0) += 1;
        }
        self.news += usize::from(item.is_news());
        self.bytes += item.bytes();
        self.queue.push_back(item);
    }
}

fn settle(state: &mut State) {
    for namespace in std::mem::take(&mut state.in_hands) {
        if let Some(count) = state.unsettled.get_mut(&namespace) {
            *count -= 1;
            if *count == 0 {
                state.unsettled.remove(&namespace);
            }
        }
    }
}

#[cfg(test)]
mod tests;
