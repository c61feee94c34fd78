//! Engines that are no members of the cluster: emitters, and primaries of a Node.js cluster.

use serde_json::{json, Value};
use socketio_postgres_adapter::wire::message::MessageType;

use crate::support::fake_database::FakeServer;
use crate::support::node::Node;
use crate::support::until;

fn emitter(server: &FakeServer) -> Node {
    Node::start_with(server.database(), "emitter", &json!({ "role": "emitter" }))
}

fn primary(server: &FakeServer, uid: &str) -> Node {
    Node::start_with(server.database(), uid, &json!({ "role": "primary" }))
}

/// A message of a worker, as its primary passes it on.
fn forward(node: &Node, id: u32, node_id: &str, uid: &str) {
    let kind = MessageType::ServerSideEmit;
    let message = json!({
        "type": kind.code(), "data": { "packet": ["hello"] }, "uid": uid, "nsp": "/", "nodeId": node_id
    });
    node.engine.forward(id, kind, message.to_string(), Vec::new());
}

#[tokio::test]
async fn an_emitter_is_heard_and_is_no_member() {
    let server = FakeServer::default();
    let mut a = Node::start(&server, "a");
    let id = a.open("/").await;
    let emitter = emitter(&server);
    let emits_in = emitter.engine.open("/").unwrap();
    emitter.emit(emits_in, &json!(1));
    assert_eq!(a.emitted(1).await, [json!(1)]);
    assert!(a.peers(id).is_empty());
}

#[tokio::test]
async fn an_emitter_has_one_connection_and_says_nothing_of_its_own() {
    let server = FakeServer::default();
    let emitter = emitter(&server);
    let id = emitter.engine.open("/").unwrap();
    emitter.emit(id, &json!(1));
    emitter.flush().await;
    assert_eq!(emitter.database.open_connections(), 1);
    emitter.engine.close_namespace(id);
    emitter.engine.close().await;
    assert_eq!(emitter.database.batches().concat().len(), 1);
}

#[tokio::test]
async fn a_primary_hears_everything_but_itself_and_answers_nothing() {
    let server = FakeServer::default();
    let mut p = primary(&server, "p");
    let id = p.engine.open("/").unwrap();
    until("listening", || {
        p.database.channels().contains("test#/").then_some(())
    })
    .await;
    forward(&p, id, "p", "own worker");
    server.notify("test#/", r#"{"type":1,"uid":"new","nsp":"/"}"#);
    server.notify("test#/", r#"{"type":2,"uid":"new","nsp":"/"}"#);
    server.notify("test#/", r#"{"type":13,"uid":"new","nsp":"/"}"#);
    let types: Vec<Value> = p
        .messages(3)
        .await
        .iter()
        .map(|message| message["type"].clone())
        .collect();
    assert_eq!(types, [json!(1), json!(2), json!(13)]);
    assert!(p.peers(id).is_empty());
    assert_eq!(p.database.batches().concat().len(), 1, "only what was forwarded");
}

#[tokio::test]
async fn a_primary_hears_the_workers_of_another_one() {
    let server = FakeServer::default();
    let (p, mut q) = (primary(&server, "p"), primary(&server, "q"));
    let id = p.engine.open("/").unwrap();
    q.engine.open("/").unwrap();
    until("listening", || {
        q.database.channels().contains("test#/").then_some(())
    })
    .await;
    forward(&p, id, "p", "worker");
    let message = q.messages(1).await.remove(0);
    assert_eq!(
        (&message["uid"], &message["nodeId"]),
        (&json!("worker"), &json!("p"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_primary_is_told_when_a_namespace_is_listened_to_and_again_after_an_outage() {
    let server = FakeServer::default();
    let mut p = primary(&server, "p");
    let id = p.engine.open("/").unwrap();
    assert_eq!(p.listened().await, id);
    p.database.cut_listener();
    assert_eq!(p.listened().await, id);
}
