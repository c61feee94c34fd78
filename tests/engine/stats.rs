//! What the engine tells of itself.

use serde_json::{json, Value};
use socketio_postgres_adapter::error::ErrorKind;
use socketio_postgres_adapter::wire::message::MessageType;

use crate::support::fake_database::FakeServer;
use crate::support::node::Node;
use crate::support::until;

fn message(kind: u32, rooms: &[&str]) -> String {
    let data = json!({ "packet": { "type": 2, "data": ["x"] }, "opts": { "rooms": rooms, "except": [], "flags": {} } });
    json!({ "type": kind, "uid": "foreign", "nsp": "/", "data": data }).to_string()
}

#[tokio::test]
async fn every_message_is_counted_once_by_what_became_of_it() {
    let server = FakeServer::default();
    let a = Node::start(&server, "a");
    let id = a.open("/").await;
    let texts = [
        message(3, &[]),
        message(3, &["r"]),
        r#"{"type":8,"uid":"foreign","nsp":"/","data":{"requestId":"other:1","sockets":[]}}"#.to_owned(),
        r#"{"type":2,"uid":"foreign","nsp":"/"}"#.to_owned(),
    ];
    server.notify("test#/", texts[0].clone());
    until("the first message", || {
        (a.stats()["received"]["messages"] == 1).then_some(())
    })
    .await;
    a.engine.set_populated(id, true);
    for text in &texts {
        server.notify("test#/", text.clone());
    }
    until("all messages", || {
        (a.stats()["received"]["messages"] == 5).then_some(())
    })
    .await;
    let stats = a.stats();
    assert_eq!(
        stats["filtered"],
        json!({ "noSocket": 1, "otherRooms": 1, "otherServer": 1, "membership": 1 })
    );
    assert_eq!(stats["delivered"], 1);
    let bytes = texts.iter().chain([&texts[0]]).map(String::len).sum::<usize>();
    assert_eq!(stats["received"]["bytes"], bytes);
}

#[tokio::test]
async fn batches_and_what_waits_are_counted() {
    let server = FakeServer::default();
    let a = Node::start(&server, "a");
    let id = a.open("/").await;
    let before = a.stats();
    a.database.hold_publisher();
    a.emit(id, &json!("first"));
    until("a batch under way", || {
        a.database.is_batch_under_way().then_some(())
    })
    .await;
    for number in 0..10 {
        a.emit(id, &json!(number));
    }
    a.emit(id, &json!("x".repeat(9000)));
    let waiting = a.stats();
    assert_eq!(waiting["buffer"]["messages"], 12);
    assert!(waiting["buffer"]["bytes"].as_u64().unwrap() > 9000);
    a.database.release();
    a.flush().await;
    let after = a.stats();
    let grown =
        |name: &str| after["published"][name].as_u64().unwrap() - before["published"][name].as_u64().unwrap();
    assert_eq!([grown("messages"), grown("batches")], [12, 2]);
    assert!(grown("bytes") > 9000);
    assert_eq!(after["published"]["largestBatch"], 11);
    assert_eq!(after["attachments"]["written"], 1);
    assert_eq!(
        after["buffer"],
        json!({ "messages": 0, "bytes": 0, "dropped": 0 })
    );
    assert!(after["roundTripTime"].as_f64().unwrap() >= 0.0);
}

#[tokio::test(start_paused = true)]
async fn connections_that_come_and_go_are_told_and_counted() {
    let server = FakeServer::default();
    let mut a = Node::start(&server, "a");
    assert_eq!(a.stats()["connections"]["listener"]["state"], "connecting");
    a.open("/").await;
    a.database.cut_listener();
    until("it listens again", || {
        (a.stats()["connections"]["listener"]["reconnects"] == 1).then_some(())
    })
    .await;
    assert_eq!(a.stats()["connections"]["listener"]["state"], "connected");
    assert_eq!(a.stats()["connections"]["publisher"]["reconnects"], 0);
    let told: Vec<Value> = a
        .events()
        .iter()
        .filter(|event| event[1] == "listener")
        .cloned()
        .collect();
    assert_eq!(told.len(), 3);
    assert_eq!(told[0], json!([9, "listener"]));
    assert_eq!(told[1][2]["code"], "ERR_CONNECTION");
    assert_eq!(told[2], json!([9, "listener"]));
    a.engine.close().await;
    for link in ["listener", "publisher"] {
        assert_eq!(a.stats()["connections"][link]["state"], "closed");
    }
}

#[tokio::test]
async fn what_is_refused_counts_as_dropped() {
    let server = FakeServer::default();
    let mut a = Node::start(&server, "a");
    let id = a.open("/").await;
    a.database.fail_next_notify(ErrorKind::Publish);
    a.publish(id, MessageType::ServerSideEmit, &json!({ "packet": ["refused"] }));
    a.flush().await;
    assert_eq!(a.stats()["buffer"]["dropped"], 1);
    assert!(a.events().contains(&json!([12, 1])));
}

#[tokio::test]
async fn a_server_that_joins_is_told_once() {
    let server = FakeServer::default();
    let mut a = Node::start(&server, "a");
    let id = a.open("/").await;
    for _ in 0..2 {
        server.notify("test#/", r#"{"type":2,"uid":"foreign","nsp":"/"}"#.to_owned());
    }
    until("both", || {
        (a.stats()["filtered"]["membership"] == 2).then_some(())
    })
    .await;
    let joined = json!([11, id, "foreign"]);
    assert_eq!(a.events().iter().filter(|event| **event == joined).count(), 1);
}
