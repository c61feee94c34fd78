//! An engine under test, with the test in the role of JavaScript.

use std::sync::Arc;

use serde_json::{json, Value};
use socketio_postgres_adapter::engine::handle::Engine;
use socketio_postgres_adapter::engine::inbox::Inbox;
use socketio_postgres_adapter::engine::namespaces::NamespaceId;
use socketio_postgres_adapter::options::Options;
use socketio_postgres_adapter::wire::message::MessageType;
use tokio::runtime::Handle;

use super::fake_database::{FakeDatabase, FakeServer};
use super::{in_time, until};

/// What stands for a binary part in the text of a message.
pub const MARKER: &str = "part:";

/// An engine, its database and what JavaScript got of it so far.
pub struct Node {
    /// The engine under test.
    pub engine: Engine,
    /// Where its failures are commanded.
    pub database: FakeDatabase,
    /// What was drained and not yet taken by the test.
    items: Vec<Value>,
    /// What the engine told of itself.
    events: Vec<Value>,
    /// The binary content that was drained.
    pub buffers: Vec<Vec<u8>>,
}

impl Node {
    /// An engine with heartbeats so rare that no test meets one by chance.
    pub fn start(server: &FakeServer, uid: &str) -> Self {
        Self::start_with(server.database(), uid, &json!({}))
    }

    /// An engine with some options changed.
    pub fn start_with(database: FakeDatabase, uid: &str, changes: &Value) -> Self {
        let mut options = json!({
            "uid": uid,
            "channelPrefix": "test",
            "tableName": "attachments",
            "heartbeatInterval": 60_000,
            "heartbeatTimeout": 120_000,
            "marker": MARKER,
            "requestPrefix": format!("{uid}:"),
        });
        for (name, value) in changes.as_object().unwrap() {
            options[name] = value.clone();
        }
        let options = Options::from_json(&options.to_string()).unwrap();
        let inbox = Arc::new(Inbox::new(Box::new(|| {})));
        Self {
            engine: Engine::start(options, database.clone(), inbox, &Handle::current()),
            database,
            items: Vec::new(),
            events: Vec::new(),
            buffers: Vec::new(),
        }
    }

    /// Opens a namespace and waits until it is listened on and announced.
    pub async fn open(&self, nsp: &str) -> NamespaceId {
        let id = self.engine.open(nsp).unwrap();
        let channel = channel(nsp);
        until("listening", || {
            self.database.channels().contains(&channel).then_some(())
        })
        .await;
        in_time("announced", self.engine.flush()).await.unwrap();
        id
    }

    /// Publishes a message for the other servers themselves: these are never filtered.
    pub fn emit(&self, id: NamespaceId, value: &Value) {
        self.publish(id, MessageType::ServerSideEmit, &json!({ "packet": [value] }));
    }

    /// Publishes a message.
    pub fn publish(&self, id: NamespaceId, kind: MessageType, data: &Value) {
        self.engine
            .publish(id, kind, Some(data.to_string()), Vec::new(), false);
    }

    /// Publishes a message for the other servers with one binary part.
    pub fn emit_binary(&self, id: NamespaceId, value: &Value, part: Vec<u8>) {
        let data = json!({ "packet": [value, format!("{MARKER}0")] }).to_string();
        self.engine
            .publish(id, MessageType::ServerSideEmit, Some(data), vec![part], false);
    }

    /// Waits until all that was published is committed or dropped.
    pub async fn flush(&self) {
        in_time("flushed", self.engine.flush()).await.unwrap();
    }

    /// Takes one bundle, as JavaScript does when it is woken. False when there was nothing to do in it.
    pub fn drain_once(&mut self) -> bool {
        let handoff = self.engine.drain();
        if handoff.text.is_empty() {
            return false;
        }
        let items: Vec<Value> = serde_json::from_str(&handoff.text).unwrap();
        let (events, items): (Vec<_>, Vec<_>) = items.into_iter().partition(is_engine_event);
        self.events.extend(events);
        let is_any = !items.is_empty();
        self.items.extend(items);
        if !handoff.bytes.is_empty() {
            self.buffers.push(handoff.bytes);
        }
        is_any
    }

    /// What the engine told of itself so far.
    pub fn events(&mut self) -> &[Value] {
        while self.drain_once() {}
        &self.events
    }

    /// The numbers of the engine.
    pub fn stats(&self) -> Value {
        serde_json::to_value(self.engine.stats()).unwrap()
    }

    /// Waits for so many items of one kind (see `engine::handoff`) and takes them.
    async fn take(&mut self, kind: u64, count: usize, what: &str) -> Vec<Value> {
        until(&format!("{count} {what}"), || {
            while self.drain_once() {}
            (self.count(kind) >= count).then_some(())
        })
        .await;
        let (taken, rest) = std::mem::take(&mut self.items)
            .into_iter()
            .partition(|item| is_of_kind(item, kind));
        self.items = rest;
        taken
    }

    fn count(&self, kind: u64) -> usize {
        self.items.iter().filter(|item| is_of_kind(item, kind)).count()
    }

    /// Waits for at least so many messages; returns all that are there.
    pub async fn messages(&mut self, count: usize) -> Vec<Value> {
        let items = self.take(0, count, "messages").await;
        items.into_iter().map(|item| item[2].clone()).collect()
    }

    /// Waits for at least so many messages of [`Node::emit`]; returns the values of all that are there.
    pub async fn emitted(&mut self, count: usize) -> Vec<Value> {
        let messages = self.messages(count).await;
        messages
            .iter()
            .map(|message| message["data"]["packet"][0].clone())
            .collect()
    }

    /// Waits for at least so many reports; returns the codes and sentences of all that are there.
    pub async fn reports(&mut self, count: usize) -> Vec<(String, String)> {
        let items = self.take(3, count, "reports").await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        items
            .iter()
            .map(|item| (text(&item[1]["code"]), text(&item[1]["message"])))
            .collect()
    }

    /// Waits for the news that some peers left; returns their ids.
    pub async fn departures(&mut self, count: usize) -> Vec<String> {
        let items = self.take(2, count, "departures").await;
        items
            .iter()
            .map(|item| item[2].as_str().unwrap().to_owned())
            .collect()
    }

    /// Waits for the news that a namespace is listened to.
    pub async fn listened(&mut self) -> NamespaceId {
        let items = self.take(6, 1, "namespace listened to").await;
        NamespaceId::try_from(items[0][1].as_u64().unwrap()).unwrap()
    }

    /// The ids of the peers in a namespace, sorted.
    pub fn peers(&self, id: NamespaceId) -> Vec<String> {
        let mut peers: Vec<String> = self.engine.peers(id).into_iter().map(|(uid, _)| uid).collect();
        peers.sort();
        peers
    }

    /// Waits until exactly these peers are known.
    pub async fn knows(&self, id: NamespaceId, uids: &[&str]) {
        until(&format!("peers {uids:?}"), || {
            (self.peers(id) == uids).then_some(())
        })
        .await;
    }
}

/// Messages of kind 1 are messages as well: those with binary content.
fn is_of_kind(item: &Value, kind: u64) -> bool {
    let actual = item[0].as_u64().unwrap();
    actual == kind || (kind == 0 && actual == 1)
}

/// Connections that come and go, servers that join, messages that were dropped.
fn is_engine_event(item: &Value) -> bool {
    (9..=12).contains(&item[0].as_u64().unwrap())
}

/// The channel of a namespace in these tests.
pub fn channel(nsp: &str) -> String {
    format!("test#{nsp}")
}
