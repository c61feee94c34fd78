//! The two ordered streams: what is published together, and how it arrives.

use serde_json::{json, Value};

use crate::support::fake_database::FakeServer;
use crate::support::node::{channel, Node};
use crate::support::until;

fn numbers(range: std::ops::Range<u64>) -> Vec<Value> {
    range.map(Value::from).collect()
}

#[tokio::test]
async fn messages_arrive_at_the_other_engine_in_order() {
    let server = FakeServer::default();
    let (a, mut b) = (Node::start(&server, "a"), Node::start(&server, "b"));
    let id = a.open("/").await;
    b.open("/").await;
    for number in numbers(0..1500) {
        a.emit(id, &number);
    }
    assert_eq!(b.emitted(1500).await, numbers(0..1500));
}

#[tokio::test]
async fn own_echoes_never_reach_javascript() {
    let server = FakeServer::default();
    let (mut a, b) = (Node::start(&server, "a"), Node::start(&server, "b"));
    let (id, id_of_b) = (a.open("/").await, b.open("/").await);
    a.emit(id, &json!("own"));
    a.flush().await;
    b.emit(id_of_b, &json!("foreign"));
    assert_eq!(a.emitted(1).await, [json!("foreign")]);
}

#[tokio::test]
async fn while_a_batch_is_under_way_the_next_one_gathers() {
    let server = FakeServer::default();
    let a = Node::start(&server, "a");
    let id = a.open("/").await;
    let before = a.database.batches().len();
    a.database.hold_publisher();
    a.emit(id, &json!("first"));
    until("a batch", || a.database.is_batch_under_way().then_some(())).await;
    for number in numbers(0..50) {
        a.emit(id, &number);
    }
    a.database.release();
    a.flush().await;
    let sizes: Vec<usize> = a.database.batches()[before..].iter().map(Vec::len).collect();
    assert_eq!(sizes, [1, 50]);
}

#[tokio::test]
async fn equal_messages_arrive_as_often_as_they_were_published() {
    let server = FakeServer::default();
    let (a, mut b) = (Node::start(&server, "a"), Node::start(&server, "b"));
    let id = a.open("/").await;
    b.open("/").await;
    for _ in 0..500 {
        a.emit(id, &json!("same"));
    }
    a.emit(id, &json!("end"));
    let mut expected = vec![json!("same"); 500];
    expected.push(json!("end"));
    assert_eq!(b.emitted(501).await, expected);
    assert!(a.database.batches().len() < 10, "they travelled together");
}

#[tokio::test]
async fn namespaces_do_not_hear_each_other() {
    let server = FakeServer::default();
    let (a, mut b) = (Node::start(&server, "a"), Node::start(&server, "b"));
    let (root, chat) = (a.open("/").await, a.open("/chat").await);
    b.open("/chat").await;
    a.emit(root, &json!("for nobody"));
    a.emit(chat, &json!("for b"));
    assert_eq!(b.emitted(1).await, [json!("for b")]);
}

#[tokio::test]
async fn a_namespace_that_is_closed_is_not_listened_on() {
    let server = FakeServer::default();
    let a = Node::start(&server, "a");
    let (chat, _) = (a.open("/chat").await, a.open("/").await);
    a.engine.close_namespace(chat);
    until("unlistened", || {
        (!a.database.channels().contains(&channel("/chat"))).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_closed_namespace_publishes_nothing_after_its_goodbye() {
    let server = FakeServer::default();
    let a = Node::start(&server, "a");
    let id = a.open("/").await;
    let before = a.database.batches().len();
    a.engine.close_namespace(id);
    a.emit(id, &json!("late"));
    a.flush().await;
    let sent = a.database.batches()[before..].concat();
    assert_eq!(sent, [r#"{"type":13,"uid":"a","nsp":"/","life":"a:"}"#]);
}

#[tokio::test]
async fn a_full_inbox_makes_the_listener_wait_and_drops_nothing() {
    let server = FakeServer::default();
    let mut a = Node::start(&server, "a");
    a.open("/").await;
    let send = |number: usize| {
        let packet = json!({ "packet": [number, "x".repeat(1024 * 1024)] });
        let message = json!({ "type": 9, "uid": "foreign", "nsp": "/", "data": packet });
        server.notify("test#/", message.to_string());
    };
    (0..17).for_each(send);
    until("read", || (a.database.unread() == 0).then_some(())).await;
    (17..20).for_each(send);
    // What the listener still did not read when everything else had its turn, it leaves in the socket.
    a.flush().await;
    assert_eq!(a.database.unread(), 3);
    let expected: Vec<Value> = (0..20).map(Value::from).collect();
    assert_eq!(a.emitted(20).await, expected);
}
