//! The watch over the listening session: it notices what no traffic tells, and disturbs none.

use std::time::Duration;

use socketio_postgres_adapter::error::{Error, ErrorKind};
use socketio_postgres_adapter::pg::connect::PgDatabase;
use socketio_postgres_adapter::pg::database::{Database, Listener, Publisher};
use socketio_postgres_adapter::pg::listener::PgListener;
use tokio::time::timeout;

use crate::real_database::{inline, pair, payloads, RealServer, NO_LIMITS};

const PATIENCE: Duration = Duration::from_secs(20);

/// A database whose attachments cannot be read without the statement being run in the session of the reader.
async fn database_that_runs(server: &RealServer, statement: &str) -> PgDatabase {
    let schema = &server.schema;
    server
        .run(&format!(
            "CREATE FUNCTION {schema}.run() RETURNS bigint LANGUAGE plpgsql \
             AS $$ BEGIN EXECUTE $sql${statement}$sql$; RETURN 1; END $$; \
             CREATE VIEW {schema}.attachments AS SELECT {schema}.run() AS id, ''::bytea AS payload"
        ))
        .await;
    server
        .database(&server.table())
        .with_watch_tick(Duration::from_millis(200))
}

/// Receives until that fails, while the channel is notified again and again.
async fn failure_under_traffic(
    server: &RealServer,
    listener: &mut PgListener,
    channel: &str,
) -> (Error, usize) {
    let mut publisher = server.database("attachments").connect_publisher().await.unwrap();
    let mut heard = 0;
    let receive = async {
        loop {
            let mut some = Vec::new();
            if let Err(error) = listener.receive(&mut some, 512).await {
                return error;
            }
            heard += some.len();
        }
    };
    let talk = async {
        loop {
            publisher.notify_batch(&[inline(channel, "x")]).await.unwrap();
        }
    };
    let error = tokio::select! {
        error = timeout(PATIENCE, receive) => error.expect("it is noticed"),
        () = talk => unreachable!(),
    };
    (error, heard)
}

#[tokio::test]
async fn a_session_in_which_somebody_stopped_listening_is_given_up() {
    let Some(server) = RealServer::from_environment().await else {
        return;
    };
    let database = database_that_runs(&server, "UNLISTEN *").await;
    let mut listener = database.connect_listener().await.unwrap();
    listener
        .listen(std::slice::from_ref(&server.schema))
        .await
        .unwrap();
    listener.fetch(&[1], NO_LIMITS).await.unwrap();

    let received = timeout(PATIENCE, listener.receive(&mut Vec::new(), 1)).await;
    let error = received.expect("it is noticed").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connection);
    assert!(
        error.to_string().contains("no longer listens on 1 of 1"),
        "{error}"
    );
    server.clean_up().await;
}

#[tokio::test]
async fn one_missing_channel_is_noticed_while_another_is_busy() {
    let Some(server) = RealServer::from_environment().await else {
        return;
    };
    let (busy, missing) = (
        format!("{}_busy", server.schema),
        format!("{}_missing", server.schema),
    );
    let database = database_that_runs(&server, &format!("UNLISTEN {missing}")).await;
    let mut listener = database.connect_listener().await.unwrap();
    listener.listen(&[busy.clone(), missing]).await.unwrap();
    listener.fetch(&[1], NO_LIMITS).await.unwrap();

    let (error, heard) = failure_under_traffic(&server, &mut listener, &busy).await;
    assert!(
        error.to_string().contains("no longer listens on 1 of 2"),
        "{error}"
    );
    assert!(heard > 0);
    server.clean_up().await;
}

#[tokio::test]
async fn questions_disturb_neither_the_order_nor_changes_of_what_is_listened_on() {
    let Some(server) = RealServer::from_environment().await else {
        return;
    };
    let tick = Duration::from_millis(200);
    let database = server.database("attachments").with_watch_tick(tick);
    let (mut listener, mut publisher) = pair(&server, &database).await;
    for round in 0..200 {
        let other = [format!("{}_{round}", server.schema)];
        listener.listen(&other).await.unwrap();
        let texts: Vec<String> = (0..5).map(|number| format!("{round}.{number}")).collect();
        let batch: Vec<_> = texts.iter().map(|text| inline(&server.schema, text)).collect();
        publisher.notify_batch(&batch).await.unwrap();
        assert_eq!(payloads(&mut listener, 5).await, texts);
        if round % 100 == 0 {
            let idle = timeout(tick * 8, listener.receive(&mut Vec::new(), 1)).await;
            assert!(idle.is_err(), "nothing but a question and its answer");
        }
        listener.unlisten(&other).await.unwrap();
    }
    server.clean_up().await;
}
