//! A PostgreSQL within the process: what the engine needs of it, and failures on command.
//!
//! As the real one it keeps transactions atomic and in order, notifies the sender as well, and delivers equal
//! notifications of one transaction once.

mod listener;
mod publisher;
mod server;

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use socketio_postgres_adapter::error::{Error, ErrorKind, Result};
use socketio_postgres_adapter::pg::database::Database;
use tokio::sync::Notify;

use listener::FakeListener;
use publisher::FakePublisher;
pub use server::FakeServer;
use server::Inbound;

/// One engine's way to the server.
#[derive(Clone)]
pub struct FakeDatabase {
    server: FakeServer,
    faults: Arc<Mutex<Faults>>,
    released: Arc<Notify>,
}

#[derive(Default)]
struct Faults {
    refused_connections: usize,
    denies_logins: bool,
    attempts: usize,
    listener: Option<u64>,
    publisher: Option<u64>,
    next_notify: VecDeque<ErrorKind>,
    next_fetch: VecDeque<ErrorKind>,
    refused_text: Option<String>,
    deadly_text: Option<String>,
    deadly_row: Option<i64>,
    next_prune: VecDeque<ErrorKind>,
    prunes: Vec<Instant>,
    open: HashSet<u64>,
    held: bool,
    under_way: usize,
    batches: Vec<Vec<String>>,
    fetches: Vec<Vec<i64>>,
}

impl FakeDatabase {
    /// The next transaction fails, nothing of it happens. Several calls fail several transactions.
    pub fn fail_next_notify(&self, kind: ErrorKind) {
        self.faults().next_notify.push_back(kind);
    }

    /// The next reading of attachments fails.
    pub fn fail_next_fetch(&self, kind: ErrorKind) {
        self.faults().next_fetch.push_back(kind);
    }

    /// Every transaction with a message that contains `text` is refused.
    pub fn refuse_messages_with(&self, text: &str) {
        self.faults().refused_text = Some(text.to_owned());
    }

    /// Every transaction with a message that contains `text` costs the connection.
    pub fn lose_connection_over(&self, text: &str) {
        self.faults().deadly_text = Some(text.to_owned());
    }

    /// Every reading of this attachment costs the connection.
    pub fn lose_connection_over_row(&self, id: i64) {
        self.faults().deadly_row = Some(id);
    }

    /// The next clean-up fails.
    pub fn fail_next_prune(&self, kind: ErrorKind) {
        self.faults().next_prune.push_back(kind);
    }

    /// When clean-ups were tried.
    pub fn prunes(&self) -> Vec<Instant> {
        self.faults().prunes.clone()
    }

    /// The listening connection is lost, and with it what was not read.
    pub fn cut_listener(&self) {
        if let Some(connection) = self.faults().listener.take() {
            let lost = self.server.lock().listeners.remove(&connection);
            lost.expect("it listened").arrived.notify_one();
        }
    }

    /// The publishing connection is lost.
    pub fn cut_publisher(&self) {
        self.faults().publisher = None;
        self.released.notify_waiters();
    }

    /// So many attempts to connect fail from now on; 0 lets all succeed again.
    pub fn refuse_connections(&self, count: usize) {
        self.faults().refused_connections = count;
    }

    /// Whether every login is denied from now on.
    pub fn deny_logins(&self, denies: bool) {
        self.faults().denies_logins = denies;
    }

    /// How many connections were tried, with or without success.
    pub fn attempts(&self) -> usize {
        self.faults().attempts
    }

    /// Transactions stay under way until [`Self::release`].
    pub fn hold_publisher(&self) {
        self.faults().held = true;
    }

    /// Lets transactions commit again.
    pub fn release(&self) {
        self.faults().held = false;
        self.released.notify_waiters();
    }

    /// Whether a transaction was begun and has not ended.
    pub fn is_batch_under_way(&self) -> bool {
        self.faults().under_way > 0
    }

    /// What each transaction that was committed held.
    pub fn batches(&self) -> Vec<Vec<String>> {
        self.faults().batches.clone()
    }

    /// How often attachments were read.
    pub fn fetch_count(&self) -> usize {
        self.fetches().len()
    }

    /// Which attachments each reading asked for.
    pub fn fetches(&self) -> Vec<Vec<i64>> {
        self.faults().fetches.clone()
    }

    /// How many connections are open, lost ones that were not let go of included.
    pub fn open_connections(&self) -> usize {
        self.faults().open.len()
    }

    /// The channels that are listened on now.
    pub fn channels(&self) -> HashSet<String> {
        let connection = self.faults().listener;
        let state = self.server.lock();
        let inbound = connection.and_then(|connection| state.listeners.get(&connection));
        inbound
            .map(|inbound| inbound.channels.clone())
            .unwrap_or_default()
    }

    /// How many notifications wait in the socket, so to speak.
    pub fn unread(&self) -> usize {
        let connection = self.faults().listener;
        let state = self.server.lock();
        let inbound = connection.and_then(|connection| state.listeners.get(&connection));
        inbound.map_or(0, |inbound| inbound.queue.len())
    }

    fn open(&self) -> Result<u64> {
        let mut faults = self.faults();
        faults.attempts += 1;
        if faults.denies_logins {
            let denied = Error::new(ErrorKind::Connection, "denied on command");
            return Err(denied.with_sqlstate("28P01"));
        }
        if faults.refused_connections > 0 {
            faults.refused_connections -= 1;
            return Err(Error::new(ErrorKind::Connection, "refused on command"));
        }
        let connection = self.server.next_connection();
        faults.open.insert(connection);
        Ok(connection)
    }

    fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap()
    }
}

fn lost() -> Error {
    Error::new(ErrorKind::Connection, "lost on command")
}

impl Database for FakeDatabase {
    type Listener = FakeListener;
    type Publisher = FakePublisher;

    async fn connect_listener(&self) -> Result<FakeListener> {
        let connection = self.open()?;
        self.server
            .lock()
            .listeners
            .insert(connection, Inbound::default());
        self.faults().listener = Some(connection);
        Ok(FakeListener {
            database: self.clone(),
            connection,
        })
    }

    async fn connect_publisher(&self) -> Result<FakePublisher> {
        let connection = self.open()?;
        self.faults().publisher = Some(connection);
        Ok(FakePublisher {
            database: self.clone(),
            connection,
        })
    }
}
