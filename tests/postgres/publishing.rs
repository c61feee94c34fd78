//! Batches: one transaction, in order, all or nothing.

use std::time::Duration;

use socketio_postgres_adapter::error::ErrorKind;
use socketio_postgres_adapter::pg::connect::PgDatabase;
use socketio_postgres_adapter::pg::database::{Database, FetchLimits, Listener, Publisher, Stored};
use socketio_postgres_adapter::pg::listener::PgListener;
use socketio_postgres_adapter::pg::publisher::PgPublisher;

use crate::real_database::{attached, contents, id_in, inline, payloads, receive, RealServer};

/// A listener on the channels and a publisher with its table.
async fn connect(database: &PgDatabase, channels: &[&str]) -> (PgListener, PgPublisher) {
    let mut listener = database.connect_listener().await.unwrap();
    let channels: Vec<String> = channels.iter().map(|channel| (*channel).to_owned()).collect();
    listener.listen(&channels).await.unwrap();
    let mut publisher = database.connect_publisher().await.unwrap();
    publisher.ensure_table().await.unwrap();
    (listener, publisher)
}

#[tokio::test]
async fn one_message_arrives() {
    let Some(server) = RealServer::from_environment().await else {
        return;
    };
    let channel = server.schema.as_str();
    let (mut listener, mut publisher) = connect(&server.database(&server.table()), &[channel]).await;
    publisher
        .notify_batch(&[inline(channel, "ä '\"\\ {}")])
        .await
        .unwrap();
    let arrived = receive(&mut listener, 1).await;
    assert_eq!(
        (arrived[0].channel.as_str(), arrived[0].payload.as_str()),
        (channel, "ä '\"\\ {}")
    );
    server.clean_up().await;
}

#[tokio::test]
async fn a_batch_arrives_in_order_whatever_its_channels() {
    let Some(server) = RealServer::from_environment().await else {
        return;
    };
    let channels = [format!("{} 1", server.schema), format!("{} 2", server.schema)];
    let names: Vec<&str> = channels.iter().map(String::as_str).collect();
    let (mut listener, mut publisher) = connect(&server.database(&server.table()), &names).await;
    let batch: Vec<_> = (0..1000)
        .map(|number| inline(names[number % 2], &number.to_string()))
        .collect();
    publisher.notify_batch(&batch).await.unwrap();
    let expected: Vec<String> = (0..1000).map(|number| number.to_string()).collect();
    assert_eq!(payloads(&mut listener, 1000).await, expected);
    server.clean_up().await;
}

#[tokio::test]
async fn attachments_and_inline_messages_keep_their_order() {
    let Some(server) = RealServer::from_environment().await else {
        return;
    };
    let channel = server.schema.as_str();
    let (mut listener, mut publisher) = connect(&server.database(&server.table()), &[channel]).await;
    let batch: Vec<_> = (0..200_u8)
        .map(|number| match number % 3 {
            0 => attached(channel, &[number; 100]),
            _ => inline(channel, &number.to_string()),
        })
        .collect();
    publisher.notify_batch(&batch).await.unwrap();
    let arrived = payloads(&mut listener, 200).await;
    for (number, payload) in (0..200_u8).zip(&arrived) {
        if number % 3 == 0 {
            let rows = contents(&mut listener, &[id_in(payload)]).await;
            assert_eq!(rows, [Some(vec![number; 100])]);
        } else {
            assert_eq!(payload, &number.to_string());
        }
    }
    server.clean_up().await;
}

#[tokio::test]
async fn attachments_are_read_as_far_as_the_limits_allow() {
    let Some(server) = RealServer::from_environment().await else {
        return;
    };
    let channel = server.schema.as_str();
    let (mut listener, mut publisher) = connect(&server.database(&server.table()), &[channel]).await;
    let sizes = [400, 1001, 300, 300, 1];
    let batch = sizes.map(|size| attached(channel, &vec![7; size]));
    publisher.notify_batch(&batch).await.unwrap();
    let arrived = payloads(&mut listener, sizes.len()).await;
    let ids: Vec<i64> = arrived.iter().map(|payload| id_in(payload)).collect();
    let content = |size| Stored::Content(vec![7; size]);
    let limits = |each, total| FetchLimits { each, total };

    // What is too large does not count: it is not read.
    let rows = listener.fetch(&ids, limits(1000, 700)).await.unwrap();
    assert_eq!(rows, [content(400), Stored::TooLarge(1001), content(300)]);
    // The first one is read whatever the others may hold.
    let rows = listener.fetch(&ids[1..], limits(1001, 1000)).await.unwrap();
    assert_eq!(rows, [content(1001)]);
    let rows = listener.fetch(&ids[2..], limits(1000, 601)).await.unwrap();
    assert_eq!(rows, [content(300), content(300), content(1)]);
    let rows = listener.fetch(&[i64::MAX, ids[4]], limits(1, 1)).await.unwrap();
    assert_eq!(rows, [Stored::Gone, content(1)]);
    server.clean_up().await;
}

#[tokio::test]
async fn attachments_are_read_in_the_order_that_is_asked_for() {
    let Some(server) = RealServer::from_environment().await else {
        return;
    };
    let channel = server.schema.as_str();
    let (mut listener, mut publisher) = connect(&server.database(&server.table()), &[channel]).await;
    let batch = [
        attached(channel, b"a"),
        attached(channel, b""),
        attached(channel, &vec![0; 100_000]),
    ];
    publisher.notify_batch(&batch).await.unwrap();
    let ids: Vec<i64> = payloads(&mut listener, 3)
        .await
        .iter()
        .map(|payload| id_in(payload))
        .collect();
    let rows = contents(&mut listener, &[ids[2], i64::MAX, ids[0], ids[1], ids[0]]).await;
    let a = Some(b"a".to_vec());
    assert_eq!(
        rows,
        [Some(vec![0; 100_000]), None, a.clone(), Some(Vec::new()), a]
    );
    assert!(contents(&mut listener, &[]).await.is_empty());
    server.clean_up().await;
}

#[tokio::test]
async fn a_payload_that_is_too_long_is_refused_for_good_with_its_whole_batch() {
    let Some(server) = RealServer::from_environment().await else {
        return;
    };
    let channel = server.schema.as_str();
    let (mut listener, mut publisher) = connect(&server.database(&server.table()), &[channel]).await;
    let batch = [
        inline(channel, "before"),
        attached(channel, b"row"),
        inline(channel, &"x".repeat(8000)),
    ];
    for batch in [&batch[..], &batch[2..]] {
        let error = publisher.notify_batch(batch).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.sqlstate()),
            (ErrorKind::Publish, Some("22023"))
        );
        assert!(!error.is_retryable());
    }
    publisher
        .notify_batch(&[inline(channel, &"x".repeat(7999))])
        .await
        .unwrap();
    assert_eq!(payloads(&mut listener, 1).await, ["x".repeat(7999)]);
    assert_eq!(server.rows(&server.table()).await, 0);
    server.clean_up().await;
}

#[tokio::test]
async fn a_missing_table_is_told_apart_and_holds_up_no_inline_message() {
    let Some(server) = RealServer::from_environment().await else {
        return;
    };
    let channel = server.schema.as_str();
    let mut publisher = server.publisher().await;
    publisher
        .notify_batch(&[inline(channel, "a"), inline(channel, "b")])
        .await
        .unwrap();
    let error = publisher
        .notify_batch(&[attached(channel, b"row")])
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.sqlstate()),
        (ErrorKind::Table, Some("42P01"))
    );
    publisher.ensure_table().await.unwrap();
    publisher
        .notify_batch(&[attached(channel, b"row")])
        .await
        .unwrap();
    server.clean_up().await;
}

/// It would be carried out when the lock is gone, and its messages doubled: they were sent again meanwhile.
#[tokio::test]
async fn a_batch_that_was_given_up_is_not_carried_out_later() {
    let Some(server) = RealServer::from_environment().await else {
        return;
    };
    let patient = server.database(&server.table());
    let (_listener, mut publisher) = connect(&patient, &[]).await;
    server.lock_table().await;
    let database = server
        .database(&server.table())
        .with_statement_timeout(Duration::from_secs(2));
    let mut impatient = database.connect_publisher().await.unwrap();
    let error = impatient
        .notify_batch(&[attached(&server.schema, b"row")])
        .await
        .unwrap_err();
    assert!(error.is_retryable(), "{error}");
    drop(impatient);
    server.unlock_table().await;
    // Whoever still waited for the lock gets it before this one does.
    server.lock_table().await;
    server.unlock_table().await;
    assert_eq!(server.rows(&server.table()).await, 0);
    publisher
        .notify_batch(&[attached(&server.schema, b"row")])
        .await
        .unwrap();
    server.clean_up().await;
}
