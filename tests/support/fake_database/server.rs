//! The bus that several engines connect to, and the table of attachments.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use socketio_postgres_adapter::pg::database::Notification;
use tokio::sync::Notify;

use super::FakeDatabase;

/// What several engines connect to.
#[derive(Clone, Default)]
pub struct FakeServer {
    state: Arc<Mutex<Server>>,
}

#[derive(Default)]
pub struct Server {
    last_connection: u64,
    pub listeners: HashMap<u64, Inbound>,
    last_id: i64,
    pub rows: BTreeMap<i64, Vec<u8>>,
}

/// What a listening connection has not read yet.
#[derive(Default)]
pub struct Inbound {
    pub channels: HashSet<String>,
    pub queue: VecDeque<Notification>,
    pub arrived: Arc<Notify>,
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

    pub fn deliver(&self, messages: &[(String, String)]) {
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

    pub fn next_connection(&self) -> u64 {
        let mut state = self.lock();
        state.last_connection += 1;
        state.last_connection
    }

    pub fn lock(&self) -> MutexGuard<'_, Server> {
        self.state.lock().unwrap()
    }
}
