//! A listener that is behind: what it takes into memory is bounded all the same.

use std::time::Duration;

use socketio_postgres_adapter::pg::database::{Listener, Notification, Publisher};
use socketio_postgres_adapter::pg::listener::PgListener;
use socketio_postgres_adapter::pg::publisher::PgPublisher;

use crate::real_database::{attached, contents, inline, pair, payloads, receive, RealServer};

/// More than the sockets and what the listener takes in before an answer hold together.
const BACKLOG: usize = 6000;

/// A listener that is behind: so many notifications, each of about 8 kB, stand before every answer.
async fn listener_that_is_behind(server: &RealServer) -> (PgListener, PgPublisher) {
    let database = server.database(&server.table());
    let (listener, mut publisher) = pair(server, &database).await;
    publisher.ensure_table().await.unwrap();
    fill(server, &mut publisher).await;
    (listener, publisher)
}

async fn fill(server: &RealServer, publisher: &mut PgPublisher) {
    for start in (0..BACKLOG).step_by(500) {
        let texts = (start..start + 500).map(|number| format!("{number:07900}"));
        let batch: Vec<_> = texts.map(|text| inline(&server.schema, &text)).collect();
        publisher.notify_batch(&batch).await.unwrap();
    }
}

/// The rest of the backlog arrives, all of it as it was sent.
async fn rest_arrives_in_order(listener: &mut PgListener, mut arrived: Vec<Notification>) {
    arrived.extend(receive(listener, BACKLOG - arrived.len()).await);
    for (number, notification) in arrived.iter().enumerate() {
        assert_eq!(notification.payload.parse::<usize>().unwrap(), number);
    }
}

#[tokio::test]
async fn behind_a_backlog_attachments_are_read_over_a_connection_aside() {
    let Some(server) = RealServer::from_environment().await else {
        return;
    };
    let (mut listener, mut publisher) = listener_that_is_behind(&server).await;
    publisher
        .notify_batch(&[attached(&format!("{}_other", server.schema), b"row")])
        .await
        .unwrap();

    let mut first = Vec::new();
    listener.receive(&mut first, 1).await.unwrap();
    assert_eq!(contents(&mut listener, &[1]).await, [Some(b"row".to_vec())]);
    let mut early = Vec::new();
    listener.receive(&mut early, 1).await.unwrap();
    let early_bytes: usize = early.iter().map(|notification| notification.payload.len()).sum();
    assert!(
        (1..20 * 1024 * 1024).contains(&early_bytes),
        "{early_bytes} bytes were taken in before the answer"
    );
    // A row that does not matter: what counts is that it is read.
    assert_eq!(contents(&mut listener, &[2]).await, [None]);
    assert_eq!(server.connections().await, 3);

    let mut arrived = first;
    arrived.append(&mut early);
    rest_arrives_in_order(&mut listener, arrived).await;
    // Caught up, it reads by itself again.
    let mut none = Vec::new();
    let waiting = tokio::time::timeout(Duration::from_millis(1), listener.receive(&mut none, 1)).await;
    assert!(waiting.is_err());
    while server.connections().await > 2 {}
    assert_eq!(contents(&mut listener, &[1]).await, [Some(b"row".to_vec())]);
    server.clean_up().await;
}

#[tokio::test]
async fn behind_a_backlog_where_no_connection_is_left_attachments_are_read_all_the_same() {
    let Some(server) = RealServer::from_environment().await else {
        return;
    };
    let role = server.role();
    let login = server.create_role().await;
    server
        .run(&format!("GRANT ALL ON SCHEMA {} TO {role}", server.schema))
        .await;
    let database = server.database_with(&server.table(), &login);
    let (mut listener, mut publisher) = pair(&server, &database).await;
    publisher.ensure_table().await.unwrap();
    server.run(&format!("ALTER ROLE {role} CONNECTION LIMIT 2")).await;
    fill(&server, &mut publisher).await;
    publisher
        .notify_batch(&[attached(&format!("{}_other", server.schema), b"row")])
        .await
        .unwrap();
    assert_eq!(contents(&mut listener, &[1]).await, [Some(b"row".to_vec())]);
    rest_arrives_in_order(&mut listener, Vec::new()).await;
    drop((listener, publisher));
    server.has_no_connections().await;
    server.drop_role().await;
    server.clean_up().await;
}

#[tokio::test]
async fn behind_a_backlog_further_channels_are_listened_on_without_taking_it_in() {
    let Some(server) = RealServer::from_environment().await else {
        return;
    };
    let (mut listener, mut publisher) = listener_that_is_behind(&server).await;
    let further = format!("{}_further", server.schema);
    listener.listen(std::slice::from_ref(&further)).await.unwrap();
    let mut arrived = Vec::new();
    listener.receive(&mut arrived, 1).await.unwrap();
    assert!(arrived.len() < BACKLOG / 2, "{} were taken in", arrived.len());
    rest_arrives_in_order(&mut listener, arrived).await;
    // What is answered now was asked after that: by then it listens.
    assert_eq!(contents(&mut listener, &[1]).await, [None]);
    publisher
        .notify_batch(&[inline(&further, "heard")])
        .await
        .unwrap();
    assert_eq!(payloads(&mut listener, 1).await, ["heard"]);
    server.clean_up().await;
}
