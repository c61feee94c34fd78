//! What the database refuses for good.
//!
//! The time of the runtime is paused: it jumps over every pause in which nothing else happens.

use serde_json::json;
use socketio_postgres_adapter::error::ErrorKind;
use socketio_postgres_adapter::wire::message::MessageType;

use crate::support::fake_database::FakeServer;
use crate::support::node::{Node, MARKER};
use crate::support::until;

#[tokio::test(start_paused = true)]
async fn a_refused_message_is_dropped_alone_and_reported_while_the_rest_arrives() {
    let server = FakeServer::default();
    let (mut a, mut b) = (Node::start(&server, "a"), Node::start(&server, "b"));
    let id = a.open("/").await;
    b.open("/").await;
    a.database.refuse_messages_with("poison");
    for value in ["one", "poison", "two", "poison", "three"] {
        a.emit(id, &json!(value));
    }
    assert_eq!(b.emitted(3).await, [json!("one"), json!("two"), json!("three")]);
    let reports = a.reports(2).await;
    assert_eq!(reports.len(), 2);
    assert!(
        reports.iter().all(|(code, _)| code == "ERR_PUBLISH"),
        "{reports:?}"
    );
    a.flush().await;
}

#[tokio::test(start_paused = true)]
async fn refused_and_published_messages_keep_their_order_over_a_lost_connection() {
    let server = FakeServer::default();
    let (a, mut b) = (Node::start(&server, "a"), Node::start(&server, "b"));
    let id = a.open("/").await;
    b.open("/").await;
    a.database.fail_next_notify(ErrorKind::Publish);
    a.database.fail_next_notify(ErrorKind::Connection);
    for number in 0..20 {
        a.emit(id, &json!(number));
    }
    let expected: Vec<_> = (0..20).map(|number| json!(number)).collect();
    assert_eq!(b.emitted(20).await, expected);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_cannot_be_encoded_is_reported_and_settled() {
    let server = FakeServer::default();
    let (mut a, mut b) = (Node::start(&server, "a"), Node::start(&server, "b"));
    let id = a.open("/").await;
    b.open("/").await;
    let data = json!({ "packet": [format!("{MARKER}7")] }).to_string();
    let kind = MessageType::ServerSideEmit;
    a.engine.publish(id, kind, Some(data), vec![vec![1]], false);
    a.emit(id, &json!("next"));
    assert_eq!(b.emitted(1).await, [json!("next")]);
    assert_eq!(a.reports(1).await[0].0, "ERR_PUBLISH");
    a.flush().await;
}

#[tokio::test(start_paused = true)]
async fn a_message_that_costs_the_connection_each_time_does_not_hold_up_the_rest_for_ever() {
    let server = FakeServer::default();
    let (mut a, mut b) = (Node::start(&server, "a"), Node::start(&server, "b"));
    let id = a.open("/").await;
    b.open("/").await;
    a.database.hold_publisher();
    a.emit(id, &json!("before"));
    until("a batch", || a.database.is_batch_under_way().then_some(())).await;
    a.database.lose_connection_over("poison");
    for value in ["one", "poison", "two"] {
        a.emit(id, &json!(value));
    }
    a.database.release();
    assert_eq!(b.emitted(3).await, [json!("before"), json!("one"), json!("two")]);
    let reports = a.reports(1).await;
    assert_eq!(
        reports.iter().filter(|(code, _)| code == "ERR_PUBLISH").count(),
        1,
        "{reports:?}"
    );
}
