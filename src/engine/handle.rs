//! The handle of a running engine: what the binding calls.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::handoff::Handoff;
use super::inbox::Inbox;
use super::namespaces::NamespaceId;
use super::pending::{Body, Pending};
use super::randomness::Randomness;
use super::shared::Shared;
use super::shutdown::{self, Trigger};
use super::stats::Snapshot;
use super::{heartbeat, listener, publisher};
use crate::error::{Error, ErrorKind, Result};
use crate::options::{Options, Role};
use crate::pg::database::Database;
use crate::wire::channel::channel_name;
use crate::wire::message::MessageType;

/// How long closing may wait for what is still to be published.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);
/// How long closing may wait for the connections to end.
const END_TIMEOUT: Duration = Duration::from_secs(3);
/// About how much JavaScript is handed at a time, in bytes: enough to be worth the crossing, little enough
/// that other work of the event loop gets its turn.
const HANDOFF_BYTES: usize = 256 * 1024;

/// A running engine. Dropping it ends its tasks.
pub struct Engine {
    shared: Arc<Shared>,
    shutdown: Trigger,
    /// Taken by the first call of [`Engine::close`].
    tasks: Mutex<JoinSet<()>>,
}

impl Engine {
    /// Starts the tasks of an engine; returns at once, connected or not.
    pub fn start<D: Database>(options: Options, database: D, inbox: Arc<Inbox>, runtime: &Handle) -> Self {
        Self::start_with(options, database, inbox, runtime, Randomness::System)
    }

    /// Starts an engine that takes its random numbers from this source.
    pub fn start_with<D: Database>(
        options: Options,
        database: D,
        inbox: Arc<Inbox>,
        runtime: &Handle,
        randomness: Randomness,
    ) -> Self {
        let role = options.role;
        let shared = Arc::new(Shared::new(options, inbox, randomness));
        let database = Arc::new(database);
        let (trigger, shutdown) = shutdown::channel();
        let mut tasks = JoinSet::new();
        if role != Role::Emitter {
            tasks.spawn_on(
                listener::run(Arc::clone(&shared), Arc::clone(&database), shutdown.clone()),
                runtime,
            );
        }
        tasks.spawn_on(
            publisher::run(Arc::clone(&shared), database, shutdown.clone()),
            runtime,
        );
        if role == Role::Server {
            tasks.spawn_on(heartbeat::run(Arc::clone(&shared), shutdown), runtime);
        }
        Self {
            shared,
            shutdown: trigger,
            tasks: Mutex::new(tasks),
        }
    }

    /// Opens a namespace: listens on its channel and tells the peers. An open one is announced again.
    ///
    /// # Errors
    /// [`ErrorKind::Options`] when no channel can have the name.
    pub fn open(&self, nsp: &str) -> Result<NamespaceId> {
        let channel = channel_name(&self.shared.options.channel_prefix, nsp).map_err(|error| {
            Error::new(ErrorKind::Options, "the namespace cannot be opened").with_source(error)
        })?;
        let id = self.shared.namespaces().open(nsp, channel);
        self.shared.namespaces_changed.notify_one();
        Ok(id)
    }

    /// Closes a namespace: tells the peers and stops listening. Closing one twice is no error.
    pub fn close_namespace(&self, id: NamespaceId) {
        let closed = self.shared.namespaces().close(id);
        self.shared.framing.policy().set_framed(id, false);
        self.shared.namespaces_changed.notify_one();
        if self.shared.options.role != Role::Server {
            return;
        }
        if let Some(address) = closed {
            self.shared
                .outbox
                .push(Pending::text(address, MessageType::AdapterClose, None));
        }
    }

    /// Publishes a message; see [`Pending`].
    pub fn publish(
        &self,
        id: NamespaceId,
        kind: MessageType,
        data: Option<String>,
        parts: Vec<Vec<u8>>,
        volatile: bool,
    ) {
        self.shared.publish(id, kind, Body::Data(data), parts, volatile);
    }

    /// Publishes events for clients, all with the same options, with their binary parts; empty options are the usual
    /// ones.
    pub fn publish_events(
        &self,
        id: NamespaceId,
        options: &Arc<str>,
        events: impl Iterator<Item = (String, Vec<Vec<u8>>)>,
        volatile: bool,
    ) {
        self.shared.publish_events(id, options, events, volatile);
    }

    /// Publishes a message of somebody else: `text` is all of it.
    pub fn forward(&self, id: NamespaceId, kind: MessageType, text: String, parts: Vec<Vec<u8>>) {
        self.shared.publish(id, kind, Body::Whole(text), parts, false);
    }

    /// What was done so far, and how things are.
    #[must_use]
    pub fn stats(&self) -> Snapshot {
        self.shared.stats.snapshot(self.shared.outbox.waiting())
    }

    /// The other nodes of a namespace and how long ago each was heard.
    #[must_use]
    pub fn peers(&self, id: NamespaceId) -> Vec<(String, Duration)> {
        let now = self.shared.clock.now();
        let namespaces = self.shared.namespaces();
        let peers = namespaces.get(id).map(|namespace| {
            let peers = namespace.members.peers();
            peers
                .map(|(uid, heard)| (uid.to_owned(), now.saturating_sub(heard)))
                .collect()
        });
        peers.unwrap_or_default()
    }

    /// A room of a namespace got its first local member.
    pub fn room_created(&self, id: NamespaceId, room: String) {
        if let Some(namespace) = self.shared.namespaces().get_mut(id) {
            namespace.rooms.created(room);
        }
    }

    /// A room of a namespace lost its last local member.
    pub fn room_deleted(&self, id: NamespaceId, room: &str) {
        if let Some(namespace) = self.shared.namespaces().get_mut(id) {
            namespace.rooms.deleted(room);
        }
    }

    /// Whether a namespace has any local socket.
    pub fn set_populated(&self, id: NamespaceId, populated: bool) {
        if let Some(namespace) = self.shared.namespaces().get_mut(id) {
            namespace.rooms.set_populated(populated);
        }
    }

    /// The next bundle for JavaScript, which has dealt with the one before.
    #[must_use]
    pub fn drain(&self) -> Handoff {
        Handoff::new(self.shared.inbox.drain(HANDOFF_BYTES))
    }

    /// Resolves when all that was published so far is committed or dropped.
    #[must_use]
    pub fn flush(&self) -> oneshot::Receiver<()> {
        self.shared.outbox.flush()
    }

    /// Tells of what was dropped so far; by itself that is told when the server is back.
    pub fn report_losses(&self) {
        self.shared.report_losses();
    }

    /// Publishes what is left if there is a connection, then ends connections and tasks. Calling it again is
    /// no error.
    pub async fn close(&self) {
        self.shared.outbox.close();
        if self.shared.outbox.is_online() {
            // Late is late: the peers will notice the silence instead.
            drop(tokio::time::timeout(FLUSH_TIMEOUT, self.flush()).await);
        }
        self.shutdown.fire();
        self.shared.inbox.close();
        let mut tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        let all_ended = async { while tasks.join_next().await.is_some() {} };
        drop(tokio::time::timeout(END_TIMEOUT, all_ended).await);
        tasks.abort_all();
        while tasks.join_next().await.is_some() {}
        self.shared.outbox.abandon();
        self.report_losses();
    }
}
