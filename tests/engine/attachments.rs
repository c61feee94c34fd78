//! Messages that travel through the table.

use serde_json::{json, Value};
use socketio_postgres_adapter::error::ErrorKind;
use socketio_postgres_adapter::wire::message::MessageType;
use socketio_postgres_adapter::wire::msgpack;

use crate::support::fake_database::FakeServer;
use crate::support::node::{Node, MARKER};

/// For messages without binary content.
const NO_PARTS: &[Vec<u8>] = &[];

fn large(label: &str) -> Value {
    json!({ "label": label, "filling": "x".repeat(9000) })
}

/// The header of a message that an adapter in JavaScript stored.
fn header(id: i64) -> String {
    format!(r#"{{"uid":"foreign","type":9,"attachmentId":"{id}"}}"#)
}

/// Announces stored messages as such an adapter does.
fn announce(server: &FakeServer, ids: &[i64]) {
    for id in ids {
        server.notify("test#/", header(*id));
    }
}

/// What it stores for a value.
fn stored(value: &Value) -> Vec<u8> {
    let message = json!({ "type": 9, "uid": "foreign", "nsp": "/", "data": { "packet": [value] } });
    msgpack::encode(&message.to_string(), NO_PARTS, MARKER).unwrap()
}

/// Stores the numbers from 0, so many of them; returns the ids of the rows.
fn store_numbers(server: &FakeServer, count: usize) -> Vec<i64> {
    (0..count)
        .map(|number| server.store(stored(&json!(number))))
        .collect()
}

#[tokio::test]
async fn attachments_keep_their_place_in_the_order() {
    let server = FakeServer::default();
    let (a, mut b) = (Node::start(&server, "a"), Node::start(&server, "b"));
    let id = a.open("/").await;
    b.open("/").await;
    for number in 0..100 {
        let value = if number % 3 == 0 {
            large(&number.to_string())
        } else {
            json!(number)
        };
        a.emit(id, &value);
    }
    let arrived = b.emitted(100).await;
    for (number, value) in arrived.iter().enumerate() {
        let expected = if number % 3 == 0 {
            large(&number.to_string())
        } else {
            json!(number)
        };
        assert_eq!(value, &expected);
    }
}

#[tokio::test]
async fn binary_parts_arrive_beside_the_text() {
    let server = FakeServer::default();
    let (a, mut b) = (Node::start(&server, "a"), Node::start(&server, "b"));
    let id = a.open("/").await;
    b.open("/").await;
    a.emit_binary(id, &json!("picture"), vec![0, 159, 146, 150]);
    let messages = b.messages(1).await;
    assert_eq!(
        messages[0]["data"]["packet"],
        json!(["picture", format!("{MARKER}0")])
    );
    assert!(b.buffers[0].windows(4).any(|bytes| bytes == [0, 159, 146, 150]));
}

#[tokio::test]
async fn attachments_are_read_in_bulk() {
    let server = FakeServer::default();
    let mut a = Node::start(&server, "a");
    a.open("/").await;
    let ids = store_numbers(&server, 32);
    announce(&server, &ids);
    assert_eq!(a.emitted(32).await.len(), 32);
    assert_eq!(a.database.fetches(), [ids]);
}

#[tokio::test]
async fn an_attachment_over_the_limit_is_skipped_and_reported() {
    let server = FakeServer::default();
    let limit = stored(&large("fits")).len();
    let mut a = Node::start_with(server.database(), "a", &json!({ "maxAttachmentSize": limit }));
    a.open("/").await;
    for value in [large("fits"), large("too large"), large("last")] {
        announce(&server, &[server.store(stored(&value))]);
    }
    assert_eq!(a.emitted(2).await, [large("fits"), large("last")]);
    let reports = a.reports(1).await;
    assert_eq!(reports.len(), 1, "{reports:?}");
    assert_eq!(reports[0].0, "ERR_ATTACHMENT");
    let expected = format!(
        "its attachment 2 was not read: it has {} bytes, more than {limit}",
        limit + 5
    );
    assert!(reports[0].1.contains(&expected), "{reports:?}");
}

#[tokio::test]
async fn an_attachment_over_the_limit_is_not_sent_and_reported() {
    let server = FakeServer::default();
    let mut a = Node::start_with(server.database(), "a", &json!({ "maxAttachmentSize": 9000 }));
    let mut b = Node::start(&server, "b");
    let id = a.open("/").await;
    b.open("/").await;
    for value in [json!("before"), large("too large"), json!("after")] {
        a.emit(id, &value);
    }
    assert_eq!(b.emitted(2).await, [json!("before"), json!("after")]);
    let reports = a.reports(1).await;
    assert_eq!(reports[0].0, "ERR_PUBLISH");
    assert!(
        reports[0].1.contains("more than 9000 (maxAttachmentSize)"),
        "{reports:?}"
    );
    a.flush().await;
}

#[tokio::test]
async fn what_one_query_reads_is_bounded() {
    let server = FakeServer::default();
    let mut a = Node::start(&server, "a");
    a.open("/").await;
    let megabytes = |count: usize| json!("x".repeat(count * 1024 * 1024));
    let values = [
        megabytes(10),
        megabytes(5),
        megabytes(17),
        megabytes(1),
        json!("small"),
    ];
    let ids: Vec<i64> = values.iter().map(|value| server.store(stored(value))).collect();
    announce(&server, &ids);
    let arrived = a.emitted(5).await;
    assert!(arrived == values, "all arrive, in order");
    assert_eq!(a.database.fetches(), [&ids[..], &ids[2..], &ids[3..]]);
}

#[tokio::test]
async fn an_own_attachment_is_never_read() {
    let server = FakeServer::default();
    let (mut a, b) = (Node::start(&server, "a"), Node::start(&server, "b"));
    let (id, id_of_b) = (a.open("/").await, b.open("/").await);
    a.emit(id, &large("own"));
    a.flush().await;
    b.emit(id_of_b, &json!("end"));
    assert_eq!(a.emitted(1).await, [json!("end")]);
    assert_eq!(a.database.fetch_count(), 0);
}

#[tokio::test]
async fn an_attachment_that_is_gone_is_reported_and_the_rest_arrives() {
    let server = FakeServer::default();
    let mut a = Node::start(&server, "a");
    a.open("/").await;
    let ids = store_numbers(&server, 3);
    server.lose_attachment(ids[1]);
    announce(&server, &ids);
    assert_eq!(a.emitted(2).await, [json!(0), json!(2)]);
    let reports = a.reports(1).await;
    assert_eq!(reports[0].0, "ERR_ATTACHMENT");
    assert!(reports[0].1.contains("attachment 2"), "{}", reports[0].1);
}

#[tokio::test]
async fn a_row_that_holds_another_message_than_was_announced_is_reported_and_the_rest_arrives() {
    let server = FakeServer::default();
    let mut a = Node::start(&server, "a");
    a.open("/").await;
    let of_somebody_else = header(server.store(stored(&json!("not announced")))).replace("foreign", "other");
    let of_another_type = header(server.store(stored(&json!("not announced")))).replace("9,", "3,");
    let right = header(server.store(stored(&json!("announced"))));
    for text in [of_somebody_else, of_another_type, right] {
        server.notify("test#/", text);
    }
    assert_eq!(a.emitted(1).await, [json!("announced")]);
    let reports = a.reports(2).await;
    for (code, sentence) in &reports {
        assert_eq!(code, "ERR_ATTACHMENT");
        assert!(
            sentence.contains("holds another message than was announced"),
            "{sentence}"
        );
    }
    assert_eq!(
        a.stats()["attachments"],
        json!({ "written": 0, "read": 3, "skipped": 2 })
    );
}

#[tokio::test]
async fn an_attachment_of_garbage_is_reported_and_the_rest_arrives() {
    let server = FakeServer::default();
    let mut a = Node::start(&server, "a");
    a.open("/").await;
    let ids = store_numbers(&server, 3);
    server.corrupt(ids[0]);
    announce(&server, &ids);
    assert_eq!(a.emitted(2).await, [json!(1), json!(2)]);
    assert_eq!(a.reports(1).await[0].0, "ERR_MALFORMED_MESSAGE");
}

#[tokio::test]
async fn a_refused_reading_is_reported_and_the_next_message_arrives() {
    let server = FakeServer::default();
    let mut a = Node::start(&server, "a");
    a.open("/").await;
    a.database.fail_next_fetch(ErrorKind::Attachment);
    announce(&server, &[server.store(stored(&json!("lost")))]);
    assert_eq!(a.reports(1).await[0].0, "ERR_ATTACHMENT");
    announce(&server, &[server.store(stored(&json!("next")))]);
    assert_eq!(a.emitted(1).await, [json!("next")]);
}

#[tokio::test(start_paused = true)]
async fn what_was_received_outlives_a_connection_that_is_lost_while_reading() {
    let server = FakeServer::default();
    let mut a = Node::start(&server, "a");
    a.open("/").await;
    a.database.fail_next_fetch(ErrorKind::Connection);
    announce(&server, &[server.store(stored(&json!("kept")))]);
    assert_eq!(a.emitted(1).await, [json!("kept")]);
    assert_eq!(a.database.fetch_count(), 2);
}

#[tokio::test]
async fn the_threshold_decides_what_becomes_an_attachment() {
    let server = FakeServer::default();
    let changes = json!({ "payloadThreshold": 200 });
    let a = Node::start_with(server.database(), "a", &changes);
    let id = a.open("/").await;
    let before = a.database.batches().len();
    for length in [0, 200] {
        a.publish(id, MessageType::ServerSideEmit, &json!("x".repeat(length)));
    }
    a.flush().await;
    let sent = a.database.batches()[before..].concat();
    assert_eq!(sent[0], r#"{"type":9,"data":"","uid":"a","nsp":"/"}"#);
    assert_eq!(sent[1], r#"{"uid":"a","type":9,"nsp":"/","attachmentId":"1"}"#);
}

#[tokio::test(start_paused = true)]
async fn an_attachment_that_costs_the_connection_each_time_is_skipped_and_the_rest_arrives() {
    let server = FakeServer::default();
    let mut a = Node::start(&server, "a");
    a.open("/").await;
    let ids = store_numbers(&server, 5);
    a.database.lose_connection_over_row(ids[2]);
    announce(&server, &ids);
    assert_eq!(a.emitted(4).await, [json!(0), json!(1), json!(3), json!(4)]);
    let reports = a.reports(1).await;
    let skipped = reports.iter().filter(|(code, _)| code == "ERR_ATTACHMENT");
    assert_eq!(skipped.count(), 1, "{reports:?}");
}
