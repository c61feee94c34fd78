//! Frames: when they are used, and how the cluster changes from one way of speaking to the other.

use std::time::Duration;

use serde_json::{json, Value};
use socketio_postgres_adapter::engine::namespaces::NamespaceId;
use socketio_postgres_adapter::error::ErrorKind;
use socketio_postgres_adapter::wire::message::MessageType;

use crate::support::fake_database::FakeServer;
use crate::support::node::{channel, Node};
use crate::support::until;

fn quick() -> Value {
    json!({ "heartbeatInterval": 50, "heartbeatTimeout": 400 })
}

fn node(server: &FakeServer, uid: &str) -> Node {
    Node::start_with(server.database(), uid, &quick())
}

/// What the node has published so far, without heartbeats.
fn published(node: &Node) -> Vec<String> {
    let mut texts = node.database.batches().concat();
    texts.retain(|text| !text.starts_with(r#"{"type":1,"#) && !text.starts_with(r#"{"type":2,"#));
    texts
}

fn is_frame(text: &str) -> bool {
    !text.starts_with('{')
}

/// Sends until that is done in frames, or is not. What is sent is `"probe"`.
async fn until_framed(node: &Node, id: NamespaceId, framed: bool) {
    for _ in 0..500 {
        node.emit(id, &json!("probe"));
        node.flush().await;
        if published(node)
            .last()
            .is_some_and(|text| is_frame(text) == framed)
        {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("frames: not {framed}");
}

/// What arrives until so many values did that are no probes.
async fn heard(node: &mut Node, count: usize) -> Vec<Value> {
    let mut values = Vec::new();
    while values.len() < count {
        values.extend(node.emitted(1).await);
        values.retain(|value| value != "probe");
    }
    values
}

#[tokio::test]
async fn servers_of_this_kind_change_to_frames_once_all_are_known() {
    let server = FakeServer::default();
    let (a, mut b) = (node(&server, "a"), node(&server, "b"));
    let id = a.open("/").await;
    let id_of_b = b.open("/").await;
    b.knows(id_of_b, &["a"]).await;
    a.emit(id, &json!(1));
    a.flush().await;
    assert!(!published(&a).iter().any(|text| is_frame(text)));

    until_framed(&a, id, true).await;
    let before = published(&a).len();
    for number in 2..500 {
        a.emit(id, &json!(number));
    }
    a.emit_binary(id, &json!(500), vec![0, 255]);
    a.flush().await;
    let expected: Vec<Value> = (1..=500).map(Value::from).collect();
    assert_eq!(heard(&mut b, 500).await, expected);
    assert_eq!(b.buffers, [[0, 255]]);
    let frames = &published(&a)[before..];
    assert!(
        frames.iter().all(|text| is_frame(text)) && frames.len() < 10,
        "{frames:?}"
    );
}

#[tokio::test]
async fn a_server_of_another_kind_gets_what_came_after_its_introduction() {
    let server = FakeServer::default();
    let (a, mut b) = (node(&server, "a"), node(&server, "b"));
    let id = a.open("/").await;
    b.open("/").await;
    until_framed(&a, id, true).await;
    let before = published(&a).len();
    // The introduction and the next message cross each other.
    server.notify("test#/", r#"{"type":1,"uid":"other","nsp":"/"}"#);
    a.emit(id, &json!(2));
    a.knows(id, &["b", "other"]).await;
    a.emit(id, &json!(3));
    let of = |number: u64, more: &str| {
        format!(r#"{{"type":9,"data":{{"packet":[{number}]}},"uid":"a","nsp":"/"{more}}}"#)
    };
    until("plain again", || {
        let mut plain = published(&a)[before..].to_vec();
        plain.retain(|text| !is_frame(text) && !text.contains("probe"));
        let once_more = [of(2, r#","wasFramed":true"#), of(3, "")];
        let at_once = [of(2, ""), of(3, "")];
        (plain == once_more || plain == at_once).then_some(())
    })
    .await;
    assert_eq!(heard(&mut b, 2).await, [json!(2), json!(3)]);
}

/// What the other kind of server can read of what was published since, without probes.
fn readable(node: &Node, before: usize) -> Vec<String> {
    let mut plain = published(node)[before..].to_vec();
    plain.retain(|text| !is_frame(text) && !text.contains("probe"));
    plain
}

fn plain_text(number: u64, more: &str) -> String {
    format!(r#"{{"type":9,"data":{{"packet":[{number}]}},"uid":"a","nsp":"/"{more}}}"#)
}

/// What can happen while a frame waits for its commit, and makes the sender stop using frames.
#[derive(Clone, Copy, Debug)]
enum End {
    AnotherKindJoins,
    ListenerIsLost,
}

/// Two servers that use frames; a frame with the message 2 waits for its commit when the sender gives frames up. Then
/// the message 3 is published.
async fn frames_end_during_a_commit(server: &FakeServer, end: End) -> (Node, Node, usize) {
    let (a, b) = (node(server, "a"), node(server, "b"));
    let id = a.open("/").await;
    b.open("/").await;
    until_framed(&a, id, true).await;
    let before = published(&a).len();
    a.database.hold_publisher();
    a.emit(id, &json!(2));
    until("under way", || a.database.is_batch_under_way().then_some(())).await;
    match end {
        End::AnotherKindJoins => {
            server.notify("test#/", r#"{"type":1,"uid":"other","nsp":"/"}"#);
            a.knows(id, &["b", "other"]).await;
        }
        End::ListenerIsLost => {
            let connections = a.database.attempts();
            a.database.cut_listener();
            until("connected again", || {
                (a.database.attempts() > connections).then_some(())
            })
            .await;
        }
    }
    a.emit(id, &json!(3));
    (a, b, before)
}

#[tokio::test]
async fn a_frame_that_is_refused_after_frames_were_given_up_is_sent_without_frames() {
    for end in [End::AnotherKindJoins, End::ListenerIsLost] {
        let server = FakeServer::default();
        let (a, mut b, before) = frames_end_during_a_commit(&server, end).await;
        a.database.fail_next_notify(ErrorKind::Publish);
        a.database.release();
        assert_eq!(heard(&mut b, 2).await, [json!(2), json!(3)], "{end:?}");
        a.flush().await;
        let expected = [plain_text(2, ""), plain_text(3, "")];
        assert_eq!(readable(&a, before), expected, "{end:?}");
    }
}

#[tokio::test]
async fn a_frame_that_is_committed_after_frames_were_given_up_is_repeated_before_what_follows() {
    for end in [End::AnotherKindJoins, End::ListenerIsLost] {
        let server = FakeServer::default();
        let (a, mut b, before) = frames_end_during_a_commit(&server, end).await;
        a.database.release();
        assert_eq!(heard(&mut b, 2).await, [json!(2), json!(3)], "{end:?}");
        a.flush().await;
        let expected = [plain_text(2, r#","wasFramed":true"#), plain_text(3, "")];
        assert_eq!(readable(&a, before), expected, "{end:?}");
    }
}

#[tokio::test]
async fn what_was_framed_is_not_heard_twice() {
    let server = FakeServer::default();
    let mut b = node(&server, "b");
    b.open("/").await;
    let again = r#"{"type":9,"data":{"packet":[1]},"uid":"a","nsp":"/","wasFramed":true}"#;
    server.notify(&channel("/"), again);
    server.notify(
        &channel("/"),
        r#"{"type":9,"data":{"packet":[2]},"uid":"a","nsp":"/"}"#,
    );
    assert_eq!(b.emitted(1).await, [json!(2)]);
}

#[tokio::test]
async fn a_row_that_was_framed_is_not_read() {
    let server = FakeServer::default();
    let mut b = node(&server, "b");
    b.open("/").await;
    let header = r#"{"uid":"a","type":9,"nsp":"/","wasFramed":true,"attachmentId":"1"}"#;
    server.notify(&channel("/"), header);
    let next = r#"{"type":9,"data":{"packet":[2]},"uid":"a","nsp":"/"}"#;
    server.notify(&channel("/"), next);
    assert_eq!(b.emitted(1).await, [json!(2)]);
    assert_eq!(b.database.fetch_count(), 0);
}

#[tokio::test]
async fn frames_are_used_again_when_the_other_has_said_goodbye() {
    let server = FakeServer::default();
    let (a, b) = (node(&server, "a"), node(&server, "b"));
    let id = a.open("/").await;
    b.open("/").await;
    until_framed(&a, id, true).await;
    server.notify("test#/", r#"{"type":1,"uid":"other","nsp":"/"}"#);
    until_framed(&a, id, false).await;
    server.notify("test#/", r#"{"type":13,"uid":"other","nsp":"/"}"#);
    until_framed(&a, id, true).await;
}

#[tokio::test]
async fn who_fell_silent_without_a_goodbye_may_come_back() {
    let server = FakeServer::default();
    let (a, b) = (node(&server, "a"), node(&server, "b"));
    let id = a.open("/").await;
    b.open("/").await;
    server.notify("test#/", r#"{"type":1,"uid":"other","nsp":"/"}"#);
    a.knows(id, &["b", "other"]).await;
    a.knows(id, &["b"]).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    a.emit(id, &json!(1));
    a.flush().await;
    assert!(published(&a).last().is_some_and(|text| !is_frame(text)));
}

#[tokio::test]
async fn a_namespace_that_is_not_open_everywhere_is_spared() {
    let server = FakeServer::default();
    let (a, b, c) = (node(&server, "a"), node(&server, "b"), node(&server, "c"));
    let (id, chat) = (a.open("/").await, a.open("/chat").await);
    b.open("/").await;
    b.open("/chat").await;
    c.open("/").await;
    until_framed(&a, id, true).await;
    a.emit(chat, &json!(2));
    a.flush().await;
    assert!(published(&a).last().is_some_and(|text| !is_frame(text)));
    c.open("/chat").await;
    until_framed(&a, chat, true).await;
}

#[tokio::test]
async fn without_a_listener_nobody_can_be_known() {
    let server = FakeServer::default();
    let (a, b) = (node(&server, "a"), node(&server, "b"));
    let id = a.open("/").await;
    b.open("/").await;
    until_framed(&a, id, true).await;
    a.database.cut_listener();
    until_framed(&a, id, false).await;
    until_framed(&a, id, true).await;
}

#[tokio::test]
async fn a_batch_that_is_sent_twice_is_heard_once() {
    let server = FakeServer::default();
    let (a, mut b) = (node(&server, "a"), node(&server, "b"));
    let id = a.open("/").await;
    b.open("/").await;
    until_framed(&a, id, true).await;
    a.emit(id, &json!(1));
    a.flush().await;
    let frame = published(&a).pop().unwrap();
    let channels = a.database.channels();
    let frames = channels.iter().find(|name| name.starts_with("test#frames"));
    server.notify(frames.unwrap(), &frame);
    a.emit(id, &json!(2));
    assert_eq!(heard(&mut b, 2).await, [json!(1), json!(2)]);
}

#[tokio::test]
async fn what_the_database_refuses_of_a_frame_travels_by_itself() {
    let server = FakeServer::default();
    let (a, mut b) = (node(&server, "a"), node(&server, "b"));
    let id = a.open("/").await;
    b.open("/").await;
    until_framed(&a, id, true).await;
    a.database.fail_next_notify(ErrorKind::Publish);
    for number in 1..4 {
        a.emit(id, &json!(number));
    }
    a.flush().await;
    assert_eq!(heard(&mut b, 3).await, [json!(1), json!(2), json!(3)]);
}

#[tokio::test]
async fn a_join_is_seen_by_what_follows_in_the_same_block() {
    let server = FakeServer::default();
    let (a, mut b) = (node(&server, "a"), node(&server, "b"));
    let id = a.open("/").await;
    b.open("/").await;
    until_framed(&a, id, true).await;
    a.database.hold_publisher();
    a.emit(id, &json!("probe"));
    until("under way", || a.database.is_batch_under_way().then_some(())).await;
    let join = json!({ "opts": { "rooms": [], "except": [], "flags": {} }, "rooms": ["new"] });
    b.engine.set_populated(1, true);
    a.publish(id, MessageType::SocketsJoin, &join);
    let to_the_room = json!({
        "packet": { "type": 2, "data": ["news"] },
        "opts": { "rooms": ["new"], "except": [], "flags": {} },
        "requestId": "r",
    });
    a.publish(id, MessageType::Broadcast, &to_the_room);
    a.database.release();
    let mut kinds = Vec::new();
    while kinds.len() < 2 {
        let messages = b.messages(1).await;
        let types = messages.iter().map(|message| message["type"].clone());
        kinds.extend(types.filter(|kind| *kind != 9));
    }
    assert_eq!(kinds, [4, 3]);
}
