//! Connections that are refused, lost and closed.

use std::time::Duration;

use serde_json::json;
use socketio_postgres_adapter::error::{Error, ErrorKind, Result};
use socketio_postgres_adapter::pg::database::{Database, Listener, Publisher};

use crate::real_database::{attached, inline, RealServer, NO_LIMITS};

fn assert_lost<T: std::fmt::Debug>(what: &str, result: Result<T>) {
    let error = result.expect_err(what);
    assert_eq!(error.kind(), ErrorKind::Connection, "{what}: {error}");
    assert!(error.is_retryable(), "{what}: {error}");
}

#[tokio::test]
async fn a_killed_listener_fails_in_everything_with_a_retryable_error() {
    let Some(server) = RealServer::from_environment().await else {
        return;
    };
    let database = server.database("attachments");
    let channels = [server.schema.clone()];
    let mut waiting = database.connect_listener().await.unwrap();
    let mut asking = database.connect_listener().await.unwrap();
    waiting.listen(&channels).await.unwrap();
    server.kill_connections().await;
    assert_lost("receive", waiting.receive(&mut Vec::new(), 1).await);
    assert_lost("receive again", waiting.receive(&mut Vec::new(), 1).await);
    assert_lost("fetch", asking.fetch(&[1], NO_LIMITS).await);
    assert_lost("listen", asking.listen(&channels).await);
    assert_lost("unlisten", asking.unlisten(&channels).await);
    asking.close().await;
    server.clean_up().await;
}

#[tokio::test]
async fn a_killed_publisher_fails_in_everything_with_a_retryable_error() {
    let Some(server) = RealServer::from_environment().await else {
        return;
    };
    let mut publisher = server.publisher().await;
    publisher.ensure_table().await.unwrap();
    server.kill_connections().await;
    let channel = server.schema.as_str();
    assert_lost("one", publisher.notify_batch(&[inline(channel, "a")]).await);
    assert_lost(
        "many",
        publisher
            .notify_batch(&[inline(channel, "a"), inline(channel, "b")])
            .await,
    );
    assert_lost(
        "attachment",
        publisher.notify_batch(&[attached(channel, b"row")]).await,
    );
    assert_lost("probe", publisher.probe().await);
    assert_lost("prune", publisher.prune(Duration::from_secs(1)).await);
    assert_lost("ensure_table", publisher.ensure_table().await);
    publisher.close().await;
    server.clean_up().await;
}

#[tokio::test]
async fn a_connection_that_is_killed_while_a_statement_waits_is_lost() {
    let Some(server) = RealServer::from_environment().await else {
        return;
    };
    let mut publisher = server.publisher().await;
    let mut listener = server.database(&server.table()).connect_listener().await.unwrap();
    publisher.ensure_table().await.unwrap();
    server.lock_table().await;
    let batch = [attached(&server.schema, b"row")];
    let kill = async {
        let waiting = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = '{}' AND wait_event_type = 'Lock'",
            server.schema
        );
        while server.number(&waiting).await < 2 {}
        server.kill_connections().await;
    };
    let (sent, fetched, ()) = tokio::join!(
        publisher.notify_batch(&batch),
        listener.fetch(&[1], NO_LIMITS),
        kill
    );
    assert_lost("notify_batch", sent);
    assert_lost("fetch", fetched);
    server.unlock_table().await;
    server.clean_up().await;
}

#[tokio::test]
async fn a_reading_without_an_answer_is_given_up_and_leaves_nothing_behind() {
    let Some(server) = RealServer::from_environment().await else {
        return;
    };
    server.publisher().await.ensure_table().await.unwrap();
    server.lock_table().await;
    let impatient = server
        .database(&server.table())
        .with_statement_timeout(Duration::from_secs(2));
    let mut listener = impatient.connect_listener().await.unwrap();
    assert_lost("fetch", listener.fetch(&[1], NO_LIMITS).await);
    drop(listener);
    server.has_no_connections().await;
    server.unlock_table().await;
    server.clean_up().await;
}

#[tokio::test]
async fn closed_and_dropped_connections_end_on_the_server() {
    let Some(server) = RealServer::from_environment().await else {
        return;
    };
    let database = server.database("attachments");
    let (listener, publisher) = (
        database.connect_listener().await.unwrap(),
        database.connect_publisher().await.unwrap(),
    );
    listener.close().await;
    publisher.close().await;
    server.has_no_connections().await;
    drop((
        database.connect_listener().await.unwrap(),
        database.connect_publisher().await.unwrap(),
    ));
    server.has_no_connections().await;
    server.clean_up().await;
}

async fn refused(server: &RealServer, changes: &serde_json::Value) -> Error {
    let database = server.database_with("attachments", changes);
    database
        .connect_publisher()
        .await
        .err()
        .expect("the connection is refused")
}

#[tokio::test]
async fn a_refused_connection_may_be_tried_again() {
    let Some(server) = RealServer::from_environment().await else {
        return;
    };
    let error = refused(&server, &json!({ "database": format!("{}_none", server.schema) })).await;
    assert_eq!(
        (error.kind(), error.sqlstate()),
        (ErrorKind::Connection, Some("3D000"))
    );
    let error = refused(&server, &json!({ "user": format!("{}_nobody", server.schema) })).await;
    assert_eq!(error.kind(), ErrorKind::Connection);
    assert!(
        error.sqlstate().is_some_and(|code| code.starts_with("28")),
        "{error}"
    );
    let nobody_listens = json!({ "hosts": [{ "host": "127.0.0.1", "port": 1 }] });
    let error = refused(&server, &nobody_listens).await;
    assert_eq!((error.kind(), error.sqlstate()), (ErrorKind::Connection, None));
    server.clean_up().await;
}
