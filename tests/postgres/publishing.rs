//! Batches: one transaction, in order, all or nothing.

use std::time::Duration;

use socketio_postgres_adapter::error::ErrorKind;
use socketio_postgres_adapter::pg::connect::PgDatabase;
use socketio_postgres_adapter::pg::database::{Database, Listener, Publisher};
use socketio_postgres_adapter::pg::listener::PgListener;
use socketio_postgres_adapter::pg::publisher::PgPublisher;

use crate::real_database::{attached, id_in, inline, payloads, receive, RealServer};

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
            let rows = listener.fetch(&[id_in(payload)]).await.unwrap();
            assert_eq!(rows, [Some(vec![number; 100])]);
        } else {
            assert_eq!(payload, &number.to_string());
        }
    }
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
    let rows = listener
        .fetch(&[ids[2], i64::MAX, ids[0], ids[1], ids[0]])
        .await
        .unwrap();
    let a = Some(b"a".to_vec());
    assert_eq!(
        rows,
        [Some(vec![0; 100_000]), None, a.clone(), Some(Vec::new()), a]
    );
    assert!(listener.fetch(&[]).await.unwrap().is_empty());
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
    assert_eq!(
        server
            .number(&format!("SELECT count(*) FROM {}", server.table()))
            .await,
        0
    );
    server.clean_up().await;
}

#[tokio::test]
async fn a_missing_table_is_told_apart_and_holds_up_no_inline_message() {
    let Some(server) = RealServer::from_environment().await else {
        return;
    };
    let channel = server.schema.as_str();
    let mut publisher = server
        .database(&server.table())
        .connect_publisher()
        .await
        .unwrap();
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
    server
        .run(&format!(
            "BEGIN; LOCK TABLE {} IN ACCESS EXCLUSIVE MODE",
            server.table()
        ))
        .await;
    let database = server
        .database(&server.table())
        .with_statement_timeout(Duration::from_millis(200));
    let mut impatient = database.connect_publisher().await.unwrap();
    let error = impatient
        .notify_batch(&[attached(&server.schema, b"row")])
        .await
        .unwrap_err();
    assert!(error.is_retryable(), "{error}");
    drop(impatient);
    server.run("COMMIT").await;
    // Whoever still waited for the lock gets it before this one does.
    server
        .run(&format!(
            "BEGIN; LOCK TABLE {} IN ACCESS EXCLUSIVE MODE; COMMIT",
            server.table()
        ))
        .await;
    assert_eq!(
        server
            .number(&format!("SELECT count(*) FROM {}", server.table()))
            .await,
        0
    );
    publisher
        .notify_batch(&[attached(&server.schema, b"row")])
        .await
        .unwrap();
    server.clean_up().await;
}
