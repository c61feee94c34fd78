//! The end of an engine.
//!
//! The time of the runtime is paused: it jumps over every pause in which nothing else happens.

use serde_json::json;
use socketio_postgres_adapter::error::ErrorKind;
use tokio::time::{Duration, Instant};

use crate::support::fake_database::FakeServer;
use crate::support::node::Node;
use crate::support::{in_time, until};

#[tokio::test(start_paused = true)]
async fn closing_sends_what_is_left() {
    let server = FakeServer::default();
    let (a, mut b) = (Node::start(&server, "a"), Node::start(&server, "b"));
    let id = a.open("/").await;
    b.open("/").await;
    for number in 0..2500 {
        a.emit(id, &json!(number));
    }
    a.engine.close_namespace(id);
    in_time("closed", a.engine.close()).await;
    assert_eq!(b.emitted(2500).await.len(), 2500);
    assert_eq!(b.departures(1).await, ["a"]);
}

#[tokio::test(start_paused = true)]
async fn closing_ends_both_connections() {
    let server = FakeServer::default();
    let a = Node::start(&server, "a");
    a.open("/").await;
    in_time("closed", a.engine.close()).await;
    assert!(a.database.channels().is_empty());
    assert_eq!(a.database.open_connections(), 0);
}

#[tokio::test(start_paused = true)]
async fn dropping_an_engine_ends_both_connections() {
    let server = FakeServer::default();
    let a = Node::start(&server, "a");
    a.open("/").await;
    let database = a.database.clone();
    drop(a);
    until("ended", || (database.open_connections() == 0).then_some(())).await;
}

#[tokio::test(start_paused = true)]
async fn closing_without_a_connection_ends_at_once() {
    let server = FakeServer::default();
    let database = server.database();
    database.refuse_connections(usize::MAX);
    let mut a = Node::start_with(database, "a", &json!({}));
    let id = a.engine.open("/").unwrap();
    a.emit(id, &json!("never sent"));
    a.reports(1).await;
    let start = Instant::now();
    a.engine.close().await;
    assert_eq!(start.elapsed(), Duration::ZERO, "nothing is waited for");
}

#[tokio::test(start_paused = true)]
async fn closing_twice_and_publishing_afterwards_are_harmless() {
    let server = FakeServer::default();
    let mut a = Node::start(&server, "a");
    let id = a.open("/").await;
    in_time("closed", a.engine.close()).await;
    in_time("closed", a.engine.close()).await;
    let before = a.database.batches().len();
    a.emit(id, &json!("late"));
    a.flush().await;
    assert_eq!(a.database.batches().len(), before);
    assert!(!a.drain_once());
}

#[tokio::test(start_paused = true)]
async fn closing_resolves_a_flush_that_can_no_longer_come_true() {
    let server = FakeServer::default();
    let mut a = Node::start(&server, "a");
    let id = a.open("/").await;
    a.database.refuse_connections(usize::MAX);
    a.database.fail_next_notify(ErrorKind::Connection);
    a.emit(id, &json!("never sent"));
    a.reports(1).await;
    let flush = a.engine.flush();
    in_time("closed", a.engine.close()).await;
    in_time("the flush before", flush).await.unwrap();
    a.flush().await;
}
