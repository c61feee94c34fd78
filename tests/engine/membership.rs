//! Who is there, who left, who fell silent.

use serde_json::{json, Value};

use crate::support::fake_database::FakeServer;
use crate::support::node::Node;
use crate::support::until;

/// Silence is noticed quickly, but for a node that keeps speaking the time is ample.
fn short() -> Value {
    json!({ "heartbeatInterval": 20, "heartbeatTimeout": 2000 })
}

/// A peer is given up after so little silence that no test waits long.
fn impatient() -> Value {
    json!({ "heartbeatTimeout": 50 })
}

/// An impatient node hears one peer after the other and waits in vain for more: more than once the time-out passes.
async fn time_out_passes(server: &FakeServer, witness: &mut Node) {
    for round in 0..4 {
        server.notify(
            "test#/",
            format!(r#"{{"type":1,"uid":"mute {round}","nsp":"/"}}"#),
        );
        while !witness.departures(1).await.contains(&format!("mute {round}")) {}
    }
}

#[tokio::test]
async fn nodes_know_each_other_whoever_came_first() {
    let server = FakeServer::default();
    let (a, b) = (Node::start(&server, "a"), Node::start(&server, "b"));
    let (id_of_a, id_of_b) = (a.open("/").await, b.open("/").await);
    a.knows(id_of_a, &["b"]).await;
    b.knows(id_of_b, &["a"]).await;
}

#[tokio::test]
async fn an_initial_heartbeat_is_answered_with_a_heartbeat() {
    let server = FakeServer::default();
    let a = Node::start(&server, "a");
    a.open("/").await;
    server.notify("test#/", r#"{"type":1,"uid":"new","nsp":"/"}"#);
    until("the answer", || {
        let last = a.database.batches().concat().pop();
        (last.as_deref() == Some(r#"{"type":2,"uid":"a","nsp":"/","readsFrames":true,"life":"a:"}"#))
            .then_some(())
    })
    .await;
}

#[tokio::test]
async fn two_servers_of_one_uid_are_told_once_each() {
    let server = FakeServer::default();
    let options =
        |prefix: &str| json!({ "requestPrefix": prefix, "heartbeatInterval": 20, "heartbeatTimeout": 1000 });
    let mut first = Node::start_with(server.database(), "a", &options("first:"));
    let id = first.open("/").await;
    let mut second = Node::start_with(server.database(), "a", &options("second:"));
    second.open("/").await;
    for node in [&mut first, &mut second] {
        let reports = node.reports(1).await;
        assert_eq!(reports.len(), 1, "{reports:?}");
        assert_eq!(reports[0].0, "ERR_DUPLICATE_UID");
        assert!(reports[0].1.contains("has the uid \"a\", too"), "{reports:?}");
    }
    let enough = first.database.batches().len() + 5;
    until("heartbeats", || {
        (first.database.batches().len() >= enough).then_some(())
    })
    .await;
    assert!(!first.drain_once() && !second.drain_once(), "once is enough");
    assert_eq!(first.peers(id), Vec::<String>::new());
}

#[tokio::test]
async fn a_quiet_node_sends_heartbeats_and_stays_known() {
    let server = FakeServer::default();
    let a = Node::start_with(server.database(), "a", &short());
    let mut b = Node::start_with(server.database(), "b", &short());
    a.open("/").await;
    let id = b.open("/").await;
    b.knows(id, &["a"]).await;
    let enough = a.database.batches().len() + 5;
    until("heartbeats", || {
        (a.database.batches().len() >= enough).then_some(())
    })
    .await;
    assert_eq!(b.peers(id), ["a"]);
    assert!(!b.drain_once(), "heartbeats are no matter for JavaScript");
}

#[tokio::test]
async fn a_silent_peer_expires_and_javascript_is_told() {
    let server = FakeServer::default();
    let mut a = Node::start_with(server.database(), "a", &impatient());
    let id = a.open("/").await;
    server.notify("test#/", r#"{"type":1,"uid":"mute","nsp":"/"}"#);
    assert_eq!(a.departures(1).await, ["mute"]);
    assert!(a.peers(id).is_empty());
}

#[tokio::test]
async fn a_goodbye_removes_a_peer_at_once_and_behind_its_last_words() {
    let server = FakeServer::default();
    let (mut a, b) = (Node::start(&server, "a"), Node::start(&server, "b"));
    let (id, id_of_b) = (a.open("/").await, b.open("/").await);
    a.knows(id, &["b"]).await;
    b.emit(id_of_b, &json!("last words"));
    b.engine.close_namespace(id_of_b);
    assert_eq!(a.departures(1).await, ["b"]);
    assert_eq!(a.emitted(1).await, [json!("last words")]);
    assert!(a.peers(id).is_empty());
}

/// A server of this uid, in one of its lives.
fn life(server: &FakeServer, uid: &str, prefix: &str) -> Node {
    Node::start_with(server.database(), uid, &json!({ "requestPrefix": prefix }))
}

#[tokio::test]
async fn a_server_that_is_restarted_under_its_uid_stays_when_the_old_one_says_goodbye() {
    let server = FakeServer::default();
    let mut a = Node::start(&server, "a");
    let id = a.open("/").await;
    let old = life(&server, "web-1", "old:");
    let id_of_old = old.open("/").await;
    let new = life(&server, "web-1", "new:");
    let id_of_new = new.open("/").await;
    a.knows(id, &["web-1"]).await;
    old.engine.close_namespace(id_of_old);
    old.engine.close().await;
    new.emit(id_of_new, &json!("here"));
    assert_eq!(a.emitted(1).await, [json!("here")]);
    assert_eq!(a.peers(id), ["web-1"]);
    // The first departure that JavaScript hears of is that of the new one.
    server.notify("test#/", r#"{"type":1,"uid":"other","nsp":"/"}"#);
    server.notify("test#/", r#"{"type":13,"uid":"other","nsp":"/"}"#);
    assert_eq!(a.departures(1).await, ["other"]);
    new.engine.close_namespace(id_of_new);
    assert_eq!(a.departures(1).await, ["web-1"]);
    assert!(a.peers(id).is_empty());
}

#[tokio::test]
async fn a_goodbye_tells_which_server_of_the_uid_leaves() {
    let server = FakeServer::default();
    let a = life(&server, "a", "l:");
    let id = a.open("/").await;
    a.engine.close_namespace(id);
    a.flush().await;
    assert_eq!(
        a.database.batches().concat().pop().as_deref(),
        Some(r#"{"type":13,"uid":"a","nsp":"/","life":"l:"}"#)
    );
}

#[tokio::test]
async fn a_goodbye_without_an_incarnation_removes_a_peer_that_has_one() {
    let server = FakeServer::default();
    let mut a = Node::start(&server, "a");
    let id = a.open("/").await;
    server.notify(
        "test#/",
        r#"{"type":1,"uid":"earlier","nsp":"/","readsFrames":true,"life":"l:"}"#,
    );
    a.knows(id, &["earlier"]).await;
    server.notify("test#/", r#"{"type":13,"uid":"earlier","nsp":"/"}"#);
    assert_eq!(a.departures(1).await, ["earlier"]);
}

#[tokio::test]
async fn a_node_that_opens_again_after_its_goodbye_is_known_again() {
    let server = FakeServer::default();
    let (a, b) = (Node::start(&server, "a"), Node::start(&server, "b"));
    let (id, id_of_b) = (a.open("/").await, b.open("/").await);
    a.knows(id, &["b"]).await;
    b.engine.close_namespace(id_of_b);
    a.knows(id, &[]).await;
    b.open("/").await;
    a.knows(id, &["b"]).await;
}

#[tokio::test]
async fn no_peer_expires_while_javascript_is_behind() {
    let server = FakeServer::default();
    let mut behind = Node::start_with(server.database(), "behind", &impatient());
    let mut witness = Node::start_with(server.database(), "witness", &impatient());
    let id = behind.open("/").await;
    let large = "x".repeat(1024 * 1024);
    for _ in 0..17 {
        let message = json!({ "type": 9, "uid": "peer", "nsp": "/", "data": { "packet": [large] } });
        server.notify("test#/", message.to_string());
    }
    until("read", || (behind.database.unread() == 0).then_some(())).await;
    behind.knows(id, &["peer"]).await;
    witness.open("/").await;
    time_out_passes(&server, &mut witness).await;
    assert_eq!(behind.peers(id), ["peer"]);
    // Once it has caught up the silence counts.
    while !behind.departures(1).await.contains(&"peer".to_owned()) {}
}

#[tokio::test]
async fn no_peer_expires_while_there_is_no_connection() {
    let server = FakeServer::default();
    let away = Node::start_with(server.database(), "away", &impatient());
    let mut witness = Node::start_with(server.database(), "witness", &impatient());
    let id = away.open("/").await;
    server.notify("test#/", r#"{"type":2,"uid":"peer","nsp":"/"}"#);
    away.knows(id, &["peer"]).await;
    away.database.refuse_connections(usize::MAX);
    away.database.cut_listener();
    witness.open("/").await;
    time_out_passes(&server, &mut witness).await;
    assert_eq!(away.peers(id), ["peer"]);
}
