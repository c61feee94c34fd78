//! What waits for a server that is away: bounded in bytes and age, and what is lost is said once.
//!
//! The time of the runtime is paused: it jumps over every pause in which nothing else happens.

use std::time::Duration;

use serde_json::{json, Value};
use socketio_postgres_adapter::wire::message::MessageType;

use crate::support::fake_database::FakeServer;
use crate::support::node::Node;
use crate::support::until;

const AGE: Duration = Duration::from_secs(30);

/// Two nodes; what the first publishes while the server is away waits for [`AGE`], and up to 100 kB.
async fn two_nodes(server: &FakeServer) -> (Node, Node, u32) {
    let buffer = json!({ "maxBufferAge": AGE.as_millis(), "maxBufferSize": 100_000 });
    let a = Node::start_with(server.database(), "a", &buffer);
    let b = Node::start(server, "b");
    let id = a.open("/").await;
    b.open("/").await;
    a.knows(id, &["b"]).await;
    (a, b, id)
}

/// Commits nothing more until the connection is lost over `first`.
async fn go_away_over(node: &mut Node, id: u32, first: &Value) {
    node.database.hold_publisher();
    node.emit(id, first);
    until("a batch", || node.database.is_batch_under_way().then_some(())).await;
    node.database.refuse_connections(usize::MAX);
    node.database.cut_publisher();
    node.database.release();
    node.reports(1).await;
}

fn overflow(reports: &[(String, String)]) -> Vec<&str> {
    let overflows = reports.iter().filter(|(code, _)| code == "ERR_BUFFER_OVERFLOW");
    overflows.map(|(_, message)| message.as_str()).collect()
}

async fn overflow_after(node: &mut Node, what: &str) -> Vec<String> {
    let mut reports = Vec::new();
    while overflow(&reports).is_empty() {
        reports.extend(node.reports(1).await);
    }
    node.flush().await;
    let found = overflow(&reports);
    assert_eq!(found.len(), 1, "{what}: {reports:?}");
    found.into_iter().map(str::to_owned).collect()
}

#[tokio::test(start_paused = true)]
async fn what_is_too_old_is_not_sent_and_counted_once() {
    let server = FakeServer::default();
    let (mut a, mut b, id) = two_nodes(&server).await;
    go_away_over(&mut a, id, &json!("under way")).await;
    for number in 0..5 {
        a.emit(id, &json!(number));
    }
    tokio::time::sleep(AGE / 2).await;
    a.emit(id, &json!("kept"));
    tokio::time::sleep(AGE * 2 / 3).await;
    a.database.refuse_connections(0);
    assert_eq!(b.emitted(1).await, [json!("kept")]);
    let report = overflow_after(&mut a, "once").await;
    assert!(
        report[0].starts_with("6 messages were dropped, oldest first: 6 because they waited 30000 ms"),
        "{report:?}"
    );
    a.emit(id, &json!("goes on"));
    assert_eq!(b.emitted(1).await, [json!("goes on")]);
}

#[tokio::test(start_paused = true)]
async fn what_grows_too_old_is_dropped_while_the_server_is_still_away() {
    let server = FakeServer::default();
    let (mut a, _b, id) = two_nodes(&server).await;
    go_away_over(&mut a, id, &json!("under way")).await;
    a.emit(id, &json!("old"));
    // Resolves without a connection: nothing is left to wait for.
    a.engine.flush().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn each_outage_has_a_report_of_its_own() {
    let server = FakeServer::default();
    let (mut a, mut b, id) = two_nodes(&server).await;
    for count in [3, 2] {
        go_away_over(&mut a, id, &json!("first")).await;
        for _ in 0..=count {
            a.emit(id, &json!("x".repeat(60_000)));
        }
        a.database.refuse_connections(0);
        assert_eq!(b.emitted(2).await.len(), 2, "the first and the last");
        let report = overflow_after(&mut a, "each").await;
        let expected =
            format!("{count} messages were dropped, oldest first: {count} because more than 100000 bytes");
        assert!(report[0].starts_with(&expected), "{report:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn with_an_age_of_zero_nothing_waits() {
    let server = FakeServer::default();
    let mut b = Node::start(&server, "b");
    b.open("/").await;
    let mut a = Node::start_with(server.database(), "a", &json!({ "maxBufferAge": 0 }));
    let id = a.engine.open("/").unwrap();
    a.emit(id, &json!("before the first connection"));
    assert_eq!(b.emitted(1).await, [json!("before the first connection")]);
    go_away_over(&mut a, id, &json!("under way")).await;
    a.emit(id, &json!("while away"));
    a.flush().await;
    a.database.refuse_connections(0);
    until("connected", || (a.database.open_connections() == 2).then_some(())).await;
    // Time stands still between two pauses: what is published now shall be younger than the connection.
    tokio::time::sleep(Duration::from_millis(1)).await;
    a.emit(id, &json!("back"));
    assert_eq!(b.emitted(1).await, [json!("back")]);
    let report = overflow_after(&mut a, "once").await;
    assert!(report[0].starts_with("2 messages"), "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn what_grows_too_old_while_the_peers_are_waited_for_is_not_sent() {
    let server = FakeServer::default();
    let age = json!({ "maxBufferAge": 2000 });
    let mut a = Node::start_with(server.database(), "a", &age);
    let (b, mut c) = (Node::start(&server, "b"), Node::start(&server, "c"));
    let id = a.open("/").await;
    b.open("/").await;
    c.open("/").await;
    a.knows(id, &["b", "c"]).await;
    b.database.refuse_connections(usize::MAX);
    b.database.cut_listener();
    b.database.cut_publisher();
    a.database.hold_publisher();
    a.emit(id, &json!("under way"));
    until("a batch", || a.database.is_batch_under_way().then_some(())).await;
    a.database.cut_publisher();
    a.database.release();
    let report = overflow_after(&mut a, "once").await;
    assert!(report[0].starts_with("1 messages"), "{report:?}");
    a.emit(id, &json!("back"));
    assert_eq!(c.emitted(1).await, [json!("back")]);
}

#[tokio::test(start_paused = true)]
async fn who_is_there_is_told_anew_although_the_introduction_was_too_old() {
    let server = FakeServer::default();
    let mut a = Node::start_with(
        server.database(),
        "a",
        &json!({ "maxBufferAge": AGE.as_millis() }),
    );
    let id = a.open("/").await;
    go_away_over(&mut a, id, &json!("first")).await;
    a.engine.open("/late").unwrap();
    until("its introduction waits", || {
        a.database.channels().contains("test#/late").then_some(())
    })
    .await;
    tokio::time::sleep(AGE * 2).await;
    let b = Node::start(&server, "b");
    let id_of_b = b.open("/late").await;
    tokio::time::sleep(AGE * 2).await;
    a.database.refuse_connections(0);
    b.knows(id_of_b, &["a"]).await;
    let report = overflow_after(&mut a, "the message alone").await;
    assert!(report[0].starts_with("1 messages"), "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn what_was_lost_is_said_when_the_engine_ends_without_a_server() {
    let server = FakeServer::default();
    let (mut a, _b, id) = two_nodes(&server).await;
    go_away_over(&mut a, id, &json!("under way")).await;
    for _ in 0..3 {
        let text = json!({ "packet": ["x".repeat(60_000)] });
        a.publish(id, MessageType::ServerSideEmit, &text);
    }
    a.engine.close().await;
    let reports = a.reports(1).await;
    assert_eq!(overflow(&reports).len(), 1, "{reports:?}");
    // The one under way and the last one still waited.
    let told = &overflow(&reports)[0];
    assert!(told.starts_with("4 messages"), "{told}");
    assert!(told.contains("2 because more than 100000 bytes waited"), "{told}");
    assert!(
        told.contains("2 because they were not sent before the adapter was closed"),
        "{told}"
    );
}
