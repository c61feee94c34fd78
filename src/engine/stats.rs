//! What an engine has done so far, and how its connections are: counted as it happens, read at any time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use crate::cluster::batch::Batch;

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// So much more.
    pub fn add(&self, more: usize) {
        self.0.fetch_add(more as u64, Ordering::Relaxed);
    }

    fn at_least(&self, value: usize) {
        self.0.fetch_max(value as u64, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Why a message that was received is of no concern to JavaScript.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unconcerned {
    /// The namespace has no socket here.
    NoSocket,
    /// None of its rooms has a socket here.
    OtherRooms,
    /// It answers another server.
    OtherServer,
    /// It only says who is there.
    Membership,
}

/// One of the connections of an engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// The one that listens.
    Listener,
    /// The one that publishes.
    Publisher,
}

impl Link {
    /// What it is called, in messages too.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Listener => "listener",
            Self::Publisher => "publisher",
        }
    }
}

/// How a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkState {
    /// It is being made, for the first time or again.
    Connecting,
    /// It is in use.
    Connected,
    /// The engine has ended.
    Closed,
}

#[derive(Debug)]
struct LinkRecord {
    state: LinkState,
    since: Instant,
    /// How often the connection was there.
    times_connected: u64,
}

impl Default for LinkRecord {
    fn default() -> Self {
        Self {
            state: LinkState::Connecting,
            since: Instant::now(),
            times_connected: 0,
        }
    }
}

/// What is counted.
#[derive(Debug, Default)]
pub struct Stats {
    published: Published,
    attachments_written: Counter,
    /// Messages of other servers for namespaces that are open here.
    pub received: Counter,
    /// What came over the wire from other servers, in bytes.
    pub received_bytes: Counter,
    no_socket: Counter,
    other_rooms: Counter,
    other_server: Counter,
    membership: Counter,
    /// Messages that were handed to JavaScript.
    pub delivered: Counter,
    /// Attachments whose content was read.
    pub attachments_read: Counter,
    /// Attachments that were announced and could not be read.
    pub attachments_skipped: Counter,
    /// Messages of the application that will never be sent.
    pub dropped: Counter,
    listener: Mutex<LinkRecord>,
    publisher: Mutex<LinkRecord>,
    /// How long PostgreSQL took for the last statement over the publishing connection.
    round_trip: Mutex<Option<Duration>>,
}

#[derive(Debug, Default)]
struct Published {
    messages: Counter,
    bytes: Counter,
    batches: Counter,
    largest_batch: Counter,
}

impl Stats {
    /// A batch was committed.
    pub fn batch_sent(&self, batch: &Batch) {
        let messages = batch.messages_sent();
        self.published.messages.add(messages);
        self.published.bytes.add(batch.bytes());
        self.published.batches.add(1);
        self.published.largest_batch.at_least(messages);
        let attached = batch.messages().iter().filter(|it| it.attachment.is_some());
        self.attachments_written.add(attached.count());
    }

    /// A message was received that is of no concern to JavaScript.
    pub fn filtered(&self, reason: Unconcerned) {
        match reason {
            Unconcerned::NoSocket => &self.no_socket,
            Unconcerned::OtherRooms => &self.other_rooms,
            Unconcerned::OtherServer => &self.other_server,
            Unconcerned::Membership => &self.membership,
        }
        .add(1);
    }

    /// A statement was answered that was sent at that moment.
    pub fn answered(&self, sent_at: Instant) {
        *lock(&self.round_trip) = Some(sent_at.elapsed());
    }

    /// A connection is in this state from now on. Whether it was in another before.
    pub fn link_is(&self, link: Link, state: LinkState) -> bool {
        let mut record = lock(self.link(link));
        if record.state == state {
            return false;
        }
        record.state = state;
        record.since = Instant::now();
        record.times_connected += u64::from(state == LinkState::Connected);
        true
    }

    /// The numbers as they are now, with how many messages wait to be sent, and how many bytes.
    #[must_use]
    pub fn snapshot(&self, (messages, bytes): (u64, usize)) -> Snapshot {
        Snapshot {
            connections: ConnectionsSnapshot {
                listener: LinkSnapshot::of(&lock(&self.listener)),
                publisher: LinkSnapshot::of(&lock(&self.publisher)),
            },
            published: PublishedSnapshot {
                messages: self.published.messages.get(),
                bytes: self.published.bytes.get(),
                batches: self.published.batches.get(),
                largest_batch: self.published.largest_batch.get(),
            },
            received: ReceivedSnapshot {
                messages: self.received.get(),
                bytes: self.received_bytes.get(),
            },
            filtered: FilteredSnapshot {
                no_socket: self.no_socket.get(),
                other_rooms: self.other_rooms.get(),
                other_server: self.other_server.get(),
                membership: self.membership.get(),
            },
            delivered: self.delivered.get(),
            attachments: AttachmentsSnapshot {
                written: self.attachments_written.get(),
                read: self.attachments_read.get(),
                skipped: self.attachments_skipped.get(),
            },
            buffer: BufferSnapshot {
                messages,
                bytes: bytes as u64,
                dropped: self.dropped.get(),
            },
            round_trip_time: lock(&self.round_trip).map(milliseconds),
        }
    }

    fn link(&self, link: Link) -> &Mutex<LinkRecord> {
        match link {
            Link::Listener => &self.listener,
            Link::Publisher => &self.publisher,
        }
    }
}

/// Never held for long.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// With the microseconds behind the point.
fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

/// The numbers at a moment; `AdapterStats` in JavaScript.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// The connections.
    pub connections: ConnectionsSnapshot,
    /// What was committed.
    pub published: PublishedSnapshot,
    /// What came from other servers.
    pub received: ReceivedSnapshot,
    /// What of it was of no concern to JavaScript.
    pub filtered: FilteredSnapshot,
    /// How many messages were handed to JavaScript.
    pub delivered: u64,
    /// What went through the table.
    pub attachments: AttachmentsSnapshot,
    /// What waits to be sent.
    pub buffer: BufferSnapshot,
    /// How long PostgreSQL took for the last statement over the publishing connection, in milliseconds.
    pub round_trip_time: Option<f64>,
}

/// Both connections.
#[derive(Debug, Serialize)]
pub struct ConnectionsSnapshot {
    /// The one that listens.
    pub listener: LinkSnapshot,
    /// The one that publishes.
    pub publisher: LinkSnapshot,
}

/// A connection.
#[derive(Debug, Serialize)]
pub struct LinkSnapshot {
    /// How it is.
    pub state: LinkState,
    /// For how long, in milliseconds.
    pub duration: u64,
    /// How often it was lost and made again.
    pub reconnects: u64,
}

impl LinkSnapshot {
    fn of(record: &LinkRecord) -> Self {
        Self {
            state: record.state,
            duration: u64::try_from(record.since.elapsed().as_millis()).unwrap_or(u64::MAX),
            reconnects: record.times_connected.saturating_sub(1),
        }
    }
}

/// What was committed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PublishedSnapshot {
    /// Messages.
    pub messages: u64,
    /// What they took on the wire and in the table, in bytes.
    pub bytes: u64,
    /// Transactions.
    pub batches: u64,
    /// The most messages in one of them.
    pub largest_batch: u64,
}

/// What came from other servers.
#[derive(Debug, Serialize)]
pub struct ReceivedSnapshot {
    /// Messages.
    pub messages: u64,
    /// What they took on the wire and in the table, in bytes.
    pub bytes: u64,
}

/// What was of no concern to JavaScript, by reason; see [`Unconcerned`].
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FilteredSnapshot {
    /// The namespace has no socket here.
    pub no_socket: u64,
    /// None of the rooms has a socket here.
    pub other_rooms: u64,
    /// It answers another server.
    pub other_server: u64,
    /// It only says who is there.
    pub membership: u64,
}

/// What went through the table.
#[derive(Debug, Serialize)]
pub struct AttachmentsSnapshot {
    /// Rows that were written.
    pub written: u64,
    /// Rows whose content was read.
    pub read: u64,
    /// Rows that were announced and could not be read.
    pub skipped: u64,
}

/// What waits to be sent.
#[derive(Debug, Serialize)]
pub struct BufferSnapshot {
    /// Messages, those under way included.
    pub messages: u64,
    /// What those weigh that are not under way, in bytes.
    pub bytes: u64,
    /// Messages that will never be sent, since the start.
    pub dropped: u64,
}
