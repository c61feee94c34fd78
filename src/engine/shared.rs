//! What the tasks of an engine have in common.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::clock::ClusterClock;
use super::framing::Framing;
use super::inbox::{Event, Inbox, Item, Topic};
use super::namespaces::{NamespaceId, Namespaces};
use super::outbox::Outbox;
use super::pending::{Body, Pending};
use super::randomness::Randomness;
use super::stats::Stats;
use crate::options::{Options, Role};
use crate::wire::channel::frame_channel_name;
use crate::wire::message::MessageType;

/// How often heartbeats and silence are looked at, at least and at most.
const TICK_BOUNDS: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));

/// The state that the tasks and the handle share.
pub struct Shared {
    /// What the engine was told.
    pub options: Options,
    /// Towards JavaScript.
    pub inbox: Arc<Inbox>,
    /// Towards PostgreSQL.
    pub outbox: Outbox,
    /// Who is spoken to in frames.
    pub framing: Framing,
    /// The channel of the frames; none where they are neither sent nor understood.
    pub frame_channel: Option<Arc<str>>,
    /// What was done so far.
    pub stats: Stats,
    /// For the jitter of its delays and the number of its stream.
    pub randomness: Randomness,
    /// For how long peers could be heard.
    pub clock: ClusterClock,
    /// Whether all open namespaces are listened on.
    listening: AtomicBool,
    /// Whether it was told that another server has the same uid.
    pub namesake_known: AtomicBool,
    /// Wakes the listener when namespaces were opened or closed.
    pub namespaces_changed: Notify,
    /// Never held across an await: every use is short. Locked before the inbox and the outbox, never
    /// after them.
    namespaces: Mutex<Namespaces>,
}

impl Shared {
    /// The state of a new engine.
    #[must_use]
    pub fn new(options: Options, inbox: Arc<Inbox>, randomness: Randomness) -> Self {
        let clock = ClusterClock::new(tick(&options));
        Self {
            frame_channel: frame_channel(&options),
            outbox: Outbox::new(options.buffer()),
            options,
            inbox,
            framing: Framing::new(randomness.next()),
            stats: Stats::default(),
            randomness,
            clock,
            listening: AtomicBool::new(false),
            namesake_known: AtomicBool::new(false),
            namespaces_changed: Notify::new(),
            namespaces: Mutex::default(),
        }
    }

    /// Says whether all open namespaces are listened on.
    pub fn set_listening(&self, listening: bool) {
        self.listening.store(listening, Ordering::Relaxed);
    }

    /// Whether all open namespaces are listened on.
    #[must_use]
    pub fn is_listening(&self) -> bool {
        self.listening.load(Ordering::Relaxed)
    }

    /// The open namespaces.
    pub fn namespaces(&self) -> MutexGuard<'_, Namespaces> {
        self.namespaces.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often heartbeats and silence are looked at.
    #[must_use]
    pub fn tick(&self) -> Duration {
        tick(&self.options)
    }

    /// Publishes a message in an open namespace; in a closed one it is ignored.
    pub fn publish(
        &self,
        namespace: NamespaceId,
        kind: MessageType,
        body: Body,
        parts: Vec<Vec<u8>>,
        volatile: bool,
    ) {
        // Kept until the message is in the outbox: nothing may get there behind the goodbye of its namespace,
        // peers would take it for a sign of life.
        let mut namespaces = self.namespaces();
        let Some(namespace) = namespaces.get_speakable(namespace) else {
            return;
        };
        namespace.last_published = Instant::now();
        if matches!(kind, MessageType::InitialHeartbeat | MessageType::Heartbeat) {
            namespace.last_heartbeat = namespace.last_published;
        }
        let address = Arc::clone(&namespace.address);
        self.outbox.push(Pending {
            address,
            kind,
            body,
            parts,
            volatile,
            was_framed: false,
            published_at: Instant::now(),
        });
    }

    /// Publishes events for clients, all with the same options.
    pub fn publish_events(
        &self,
        namespace: NamespaceId,
        options: &Arc<str>,
        events: impl Iterator<Item = (String, Vec<Vec<u8>>)>,
        volatile: bool,
    ) {
        let mut namespaces = self.namespaces();
        let Some(namespace) = namespaces.get_speakable(namespace) else {
            return;
        };
        namespace.last_published = Instant::now();
        let address = &namespace.address;
        let published_at = Instant::now();
        self.outbox.extend(events.map(|(event, parts)| Pending {
            address: Arc::clone(address),
            kind: MessageType::Broadcast,
            body: Body::Event {
                options: Arc::clone(options),
                event,
            },
            parts,
            volatile,
            was_framed: false,
            published_at,
        }));
    }

    /// The peers of all namespaces are to be told that this node is here, (again) once it can hear their answers.
    pub fn announce_everywhere(&self) {
        for (_, namespace) in self.namespaces().iter_mut() {
            namespace.unannounced = true;
        }
        self.namespaces_changed.notify_one();
    }

    /// Writes a debug line, if somebody reads them; `line` is not called otherwise.
    pub fn debug(&self, topic: Topic, line: impl FnOnce() -> String) {
        if self.options.debug {
            self.inbox.push_now(Item::Debug(topic, line()));
        }
    }

    /// Tells those who watch the engine that something happened.
    pub fn tell(&self, event: Event) {
        self.inbox.push_now(Item::Event(event));
    }

    /// So many messages of the application will never be sent.
    pub fn dropped(&self, messages: usize) {
        if messages > 0 {
            self.stats.dropped.add(messages);
            self.tell(Event::Dropped(messages));
        }
    }

    /// Tells of what was dropped from the outbox since the last time, if anything was.
    pub fn report_losses(&self) {
        let losses = self.outbox.take_losses();
        self.dropped(losses.total());
        if let Some(report) = losses.report(self.options.buffer()) {
            self.inbox.report(report);
        }
    }
}

/// A primary speaks for workers of another kind, and an emitter does not know who listens.
fn frame_channel(options: &Options) -> Option<Arc<str>> {
    let name = frame_channel_name(&options.channel_prefix).ok()?;
    (options.role == Role::Server).then(|| name.into())
}

fn tick(options: &Options) -> Duration {
    let shortest = options.heartbeat_interval().min(options.heartbeat_timeout());
    (shortest / 5).clamp(TICK_BOUNDS.0, TICK_BOUNDS.1)
}
