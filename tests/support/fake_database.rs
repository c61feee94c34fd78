//! A PostgreSQL within the process: what the engine needs of it, and failures on command.
//!
//! As the real one it keeps transactions atomic and in order, notifies the sender as well, and delivers equal
//! notifications of one transaction once.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use socketio_postgres_adapter::cluster::batch::Outgoing;
use socketio_postgres_adapter::error::{Error, ErrorKind, Result};
use socketio_postgres_adapter::pg::database::{Database, Listener, Notification, Publisher};
use socketio_postgres_adapter::wire::payload::ATTACHMENT_HEADER_END;
use tokio::sync::Notify;

/// What several engines connect to.
#[derive(Clone, Default)]
pub struct FakeServer {
    state: Arc<Mutex<Server>>,
}

#[derive(Default)]
struct Server {
    last_connection: u64,
    listeners: HashMap<u64, Inbound>,
    last_id: i64,
    rows: BTreeMap<i64, Vec<u8>>,
}

/// What a listening connection has not read yet.
#[derive(Default)]
struct Inbound {
    channels: HashSet<String>,
    queue: VecDeque<Notification>,
    arrived: Arc<Notify>,
}

impl FakeServer {
    /// A way to connect, with failures and counters of its own.
    pub fn database(&self) -> FakeDatabase {
        FakeDatabase {
            server: self.clone(),
            faults: Arc::default(),
            released: Arc::default(),
        }
    }

    /// Notifies a channel as somebody who is no engine.
    pub fn notify(&self, channel: &str, payload: impl Into<String>) {
        self.deliver(&[(channel.to_owned(), payload.into())]);
    }

    /// Stores an attachment as somebody who is no engine; returns its id.
    pub fn store(&self, bytes: Vec<u8>) -> i64 {
        let mut state = self.lock();
        state.last_id += 1;
        let id = state.last_id;
        state.rows.insert(id, bytes);
        id
    }

    /// Removes an attachment.
    pub fn lose_attachment(&self, id: i64) {
        assert!(self.lock().rows.remove(&id).is_some(), "there is no row {id}");
    }

    /// Replaces an attachment by something that is no msgpack.
    pub fn corrupt(&self, id: i64) {
        assert!(
            self.lock().rows.insert(id, vec![0xc1]).is_some(),
            "there is no row {id}"
        );
    }

    fn deliver(&self, messages: &[(String, String)]) {
        let mut state = self.lock();
        let mut seen = HashSet::new();
        for message in messages {
            if !seen.insert(message) {
                continue;
            }
            let (channel, payload) = message;
            for inbound in state.listeners.values_mut() {
                if inbound.channels.contains(channel) {
                    inbound.queue.push_back(Notification {
                        channel: channel.clone(),
                        payload: payload.clone(),
                    });
                    inbound.arrived.notify_one();
                }
            }
        }
    }

    fn next_connection(&self) -> u64 {
        let mut state = self.lock();
        state.last_connection += 1;
        state.last_connection
    }

    fn lock(&self) -> MutexGuard<'_, Server> {
        self.state.lock().unwrap()
    }
}

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

    fn describe(&self) -> String {
        "fake".into()
    }

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

/// A listening connection.
pub struct FakeListener {
    database: FakeDatabase,
    connection: u64,
}

impl FakeListener {
    fn inbound<T>(&self, act: impl FnOnce(&mut Inbound) -> T) -> Result<T> {
        let mut state = self.database.server.lock();
        state
            .listeners
            .get_mut(&self.connection)
            .map(act)
            .ok_or_else(lost)
    }
}

impl Drop for FakeListener {
    fn drop(&mut self) {
        self.database.server.lock().listeners.remove(&self.connection);
        self.database.faults().open.remove(&self.connection);
    }
}

impl Listener for FakeListener {
    async fn listen(&mut self, channels: &[String]) -> Result<()> {
        self.inbound(|inbound| inbound.channels.extend(channels.iter().cloned()))
    }

    async fn unlisten(&mut self, channels: &[String]) -> Result<()> {
        self.inbound(|inbound| inbound.channels.retain(|channel| !channels.contains(channel)))
    }

    async fn receive(&mut self, notifications: &mut Vec<Notification>, most: usize) -> Result<()> {
        loop {
            let arrived = self.inbound(|inbound| {
                let count = inbound.queue.len().min(most);
                notifications.extend(inbound.queue.drain(..count));
                (count == 0).then(|| Arc::clone(&inbound.arrived))
            })?;
            let Some(arrived) = arrived else {
                return Ok(());
            };
            arrived.notified().await;
        }
    }

    async fn fetch(&mut self, ids: &[i64]) -> Result<Vec<Option<Vec<u8>>>> {
        self.inbound(|_| ())?;
        let (failure, is_deadly) = {
            let mut faults = self.database.faults();
            faults.fetches.push(ids.to_vec());
            let is_deadly = faults.deadly_row.is_some_and(|row| ids.contains(&row));
            (faults.next_fetch.pop_front(), is_deadly)
        };
        if is_deadly {
            self.database.cut_listener();
            return Err(lost());
        }
        match failure {
            Some(kind) => Err(Error::new(kind, "the reading failed on command")),
            None => {
                let state = self.database.server.lock();
                Ok(ids.iter().map(|id| state.rows.get(id).cloned()).collect())
            }
        }
    }

    fn probe(&mut self) -> impl Future<Output = Result<()>> + Send {
        std::future::ready(self.inbound(|_| ()))
    }

    async fn close(self) {}
}

/// A publishing connection.
pub struct FakePublisher {
    database: FakeDatabase,
    connection: u64,
}

impl Drop for FakePublisher {
    fn drop(&mut self) {
        self.database.faults().open.remove(&self.connection);
    }
}

impl FakePublisher {
    fn check(&self) -> Result<()> {
        if self.database.faults().publisher == Some(self.connection) {
            return Ok(());
        }
        Err(lost())
    }

    async fn wait_for_release(&self) -> Result<()> {
        loop {
            let released = self.database.released.notified();
            self.check()?;
            if !self.database.faults().held {
                return Ok(());
            }
            released.await;
        }
    }

    /// The error on command for a transaction of these messages.
    fn failure(&self, messages: &[Outgoing]) -> Result<()> {
        let mut faults = self.database.faults();
        if let Some(kind) = faults.next_notify.pop_front() {
            return Err(Error::new(kind, "the transaction failed on command"));
        }
        let holds = |text: &Option<String>| {
            let text = text.as_deref();
            text.is_some_and(|text| messages.iter().any(|message| message.text.contains(text)))
        };
        if holds(&faults.deadly_text) {
            faults.publisher = None;
            return Err(lost());
        }
        if holds(&faults.refused_text) {
            return Err(Error::new(ErrorKind::Publish, "refused on command").with_sqlstate("22023"));
        }
        Ok(())
    }

    fn commit(&self, messages: &[Outgoing]) {
        let sent: Vec<(String, String)> = messages
            .iter()
            .map(|message| {
                let text = match &message.attachment {
                    None => message.text.clone(),
                    Some(bytes) => {
                        let id = self.database.server.store(bytes.clone());
                        format!("{}{id}{ATTACHMENT_HEADER_END}", message.text)
                    }
                };
                (message.channel.to_string(), text)
            })
            .collect();
        self.database.server.deliver(&sent);
        let texts = sent.into_iter().map(|(_, text)| text).collect();
        self.database.faults().batches.push(texts);
    }
}

/// Counts a transaction as under way, also when it is given up.
struct UnderWay<'a>(&'a FakeDatabase);

impl<'a> UnderWay<'a> {
    fn new(database: &'a FakeDatabase) -> Self {
        database.faults().under_way += 1;
        Self(database)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.faults().under_way -= 1;
    }
}

impl Publisher for FakePublisher {
    async fn ensure_table(&mut self) -> Result<()> {
        self.check()
    }

    async fn notify_batch(&mut self, messages: &[Outgoing]) -> Result<()> {
        let _under_way = UnderWay::new(&self.database);
        self.wait_for_release().await?;
        self.failure(messages)?;
        self.commit(messages);
        Ok(())
    }

    async fn prune(&mut self, _age: Duration) -> Result<u64> {
        self.check()?;
        let mut faults = self.database.faults();
        faults.prunes.push(Instant::now());
        match faults.next_prune.pop_front() {
            Some(kind) => Err(Error::new(kind, "the clean-up failed on command")),
            None => Ok(0),
        }
    }

    async fn close(self) {}
}
