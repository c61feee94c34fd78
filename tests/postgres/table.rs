//! The attachment table: made, recognised, cleaned.

use std::time::Duration;

use serde_json::json;
use socketio_postgres_adapter::error::{Error, ErrorKind};
use socketio_postgres_adapter::pg::connect::PgDatabase;
use socketio_postgres_adapter::pg::database::{Database, Listener, Publisher};

use crate::real_database::{attached, contents, id_in, inline, payloads, RealServer};

async fn ensure(database: &PgDatabase) -> Result<(), Error> {
    database.connect_publisher().await?.ensure_table().await
}

/// Sends an attachment through the table and reads it again.
async fn use_table(database: &PgDatabase, channel: &str) {
    let mut listener = database.connect_listener().await.unwrap();
    listener.listen(&[channel.to_owned()]).await.unwrap();
    let mut publisher = database.connect_publisher().await.unwrap();
    publisher
        .notify_batch(&[attached(channel, b"content")])
        .await
        .unwrap();
    let id = id_in(&payloads(&mut listener, 1).await[0]);
    assert_eq!(contents(&mut listener, &[id]).await, [Some(b"content".to_vec())]);
}

#[tokio::test]
async fn the_table_is_created_once() {
    let Some(server) = RealServer::from_environment().await else {
        return;
    };
    let database = server.database(&server.table());
    for _ in 0..3 {
        ensure(&database).await.unwrap();
    }
    use_table(&database, &server.schema).await;
    server.clean_up().await;
}

#[tokio::test]
async fn many_servers_may_create_the_table_at_once() {
    let Some(server) = RealServer::from_environment().await else {
        return;
    };
    for round in 0..3 {
        let table = format!("{}.round_{round}", server.schema);
        let mut publishers = Vec::new();
        for _ in 0..20 {
            publishers.push(server.database(&table).connect_publisher().await.unwrap());
        }
        let tasks: Vec<_> = publishers
            .into_iter()
            .map(|mut publisher| tokio::spawn(async move { publisher.ensure_table().await }))
            .collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
    }
    server.clean_up().await;
}

#[tokio::test]
async fn without_the_right_to_create_it_the_error_says_what_to_run() {
    let Some(server) = RealServer::from_environment().await else {
        return;
    };
    let role = server.role();
    let login = server.create_role().await;
    server
        .run(&format!("GRANT USAGE ON SCHEMA {} TO {role}", server.schema))
        .await;
    let database = server.database_with(&server.table(), &login);
    let error = ensure(&database).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.sqlstate()),
        (ErrorKind::Table, Some("42501"))
    );
    assert!(!error.is_retryable());
    let sql = error
        .to_string()
        .split_once("run this SQL as a role that may: ")
        .unwrap()
        .1
        .to_owned();
    let (sql, cause) = sql.rsplit_once(": ").unwrap();
    assert!(cause.contains("permission denied"), "{cause}");
    // What it says can be run as it stands, and then it works without further rights to create.
    server.run(sql).await;
    let grants = format!(
        "GRANT ALL ON ALL TABLES IN SCHEMA {0} TO {role}; GRANT ALL ON ALL SEQUENCES IN SCHEMA {0} TO {role}",
        server.schema
    );
    server.run(&grants).await;
    ensure(&database).await.unwrap();
    use_table(&database, &server.schema).await;
    server.has_no_connections().await;
    server.drop_role().await;
    server.clean_up().await;
}

#[tokio::test]
async fn a_schema_that_does_not_exist_is_an_error_of_the_table() {
    let Some(server) = RealServer::from_environment().await else {
        return;
    };
    let error = ensure(&server.database(&format!("{}_none.t", server.schema)))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.sqlstate()),
        (ErrorKind::Table, Some("3F000"))
    );
    server.clean_up().await;
}

#[tokio::test]
async fn any_name_will_do() {
    let Some(server) = RealServer::from_environment().await else {
        return;
    };
    let odd_schema = format!("\"{} Odd\"\"'\\\"", server.schema);
    server.run(&format!("CREATE SCHEMA {odd_schema}")).await;
    let names = [
        r"my-table",
        r#""Upper Case""#,
        r#""qu""ote""#,
        r#""it's""#,
        r#""back\slash""#,
        r#""dot.ted""#,
        "😀",
    ];
    for schema in [&server.schema, &odd_schema] {
        for name in names {
            let table = format!("{schema}.{name}");
            let database = server.database(&table);
            ensure(&database).await.unwrap();
            ensure(&database).await.unwrap();
            use_table(&database, &server.schema).await;
        }
    }
    server.run(&format!("DROP SCHEMA {odd_schema} CASCADE")).await;
    server.clean_up().await;
}

#[tokio::test]
async fn a_name_is_folded_as_postgresql_does_it() {
    let Some(server) = RealServer::from_environment().await else {
        return;
    };
    ensure(&server.database(&format!("{}.MyTable", server.schema)))
        .await
        .unwrap();
    server
        .run(&format!(
            "SELECT id, created_at, payload FROM {}.mytable",
            server.schema
        ))
        .await;
    server.clean_up().await;
}

#[tokio::test]
async fn a_name_without_schema_follows_the_search_path() {
    let Some(server) = RealServer::from_environment().await else {
        return;
    };
    let changes = json!({ "options": format!("-c search_path={}", server.schema) });
    let database = server.database_with("attachments", &changes);
    ensure(&database).await.unwrap();
    use_table(&database, &server.schema).await;
    assert_eq!(server.rows(&server.table()).await, 1);
    server.clean_up().await;
}

#[tokio::test]
async fn identity_columns_are_as_good_as_bigserial() {
    let Some(server) = RealServer::from_environment().await else {
        return;
    };
    for kind in ["ALWAYS", "BY DEFAULT"] {
        let table = format!("{}.\"{kind}\"", server.schema);
        server
            .run(&format!(
                "CREATE TABLE {table} (id bigint GENERATED {kind} AS IDENTITY PRIMARY KEY, \
                 created_at timestamptz DEFAULT now(), payload bytea)"
            ))
            .await;
        let database = server.database(&table);
        ensure(&database).await.unwrap();
        use_table(&database, &server.schema).await;
    }
    server.clean_up().await;
}

#[tokio::test]
async fn an_id_column_without_sequence_is_refused_and_nothing_half_done_is_sent() {
    let Some(server) = RealServer::from_environment().await else {
        return;
    };
    let table = server.table();
    server
        .run(&format!(
            "CREATE TABLE {table} (id bigint, created_at timestamptz, payload bytea)"
        ))
        .await;
    let database = server.database(&table);
    let error = ensure(&database).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Table);
    assert!(error.to_string().contains("bigserial or identity"), "{error}");
    let mut listener = database.connect_listener().await.unwrap();
    listener
        .listen(std::slice::from_ref(&server.schema))
        .await
        .unwrap();
    let mut publisher = database.connect_publisher().await.unwrap();
    let error = publisher
        .notify_batch(&[attached(&server.schema, b"row")])
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Table, "{error}");
    publisher
        .notify_batch(&[inline(&server.schema, "next")])
        .await
        .unwrap();
    assert_eq!(payloads(&mut listener, 1).await, ["next"]);
    server.clean_up().await;
}

#[tokio::test]
async fn the_clean_up_removes_old_rows_only() {
    let Some(server) = RealServer::from_environment().await else {
        return;
    };
    let table = server.table();
    let mut publisher = server.publisher().await;
    publisher.ensure_table().await.unwrap();
    server
        .run(&format!(
            "INSERT INTO {table} (created_at, payload) \
             SELECT now() - interval '1 hour', 'old' FROM generate_series(1, 1200); \
             INSERT INTO {table} (payload) VALUES ('young')"
        ))
        .await;
    assert_eq!(publisher.prune(Duration::from_secs(7200)).await.unwrap(), 0);
    let (mut removed, mut rounds) = (0, 0);
    loop {
        let rows = publisher.prune(Duration::from_secs(1800)).await.unwrap();
        if rows == 0 {
            break;
        }
        removed += rows;
        rounds += 1;
    }
    assert_eq!(removed, 1200);
    assert!(rounds > 1, "a few at a time, so that messages get through");
    assert_eq!(server.rows(&table).await, 1);
    server.clean_up().await;
}

#[tokio::test]
async fn a_clean_up_of_a_missing_table_is_no_lost_connection() {
    let Some(server) = RealServer::from_environment().await else {
        return;
    };
    let mut publisher = server.publisher().await;
    let error = publisher.prune(Duration::from_secs(1)).await.unwrap_err();
    assert!(!error.is_retryable(), "{error}");
    server.clean_up().await;
}

#[tokio::test]
async fn the_clean_up_needs_no_more_rights_than_to_read_and_to_delete() {
    let Some(server) = RealServer::from_environment().await else {
        return;
    };
    let (schema, table, role) = (&server.schema, server.table(), server.role());
    let mut owner = server.publisher().await;
    owner.ensure_table().await.unwrap();
    let login = server.create_role().await;
    server
        .run(&format!(
            "GRANT USAGE ON SCHEMA {schema} TO {role}; \
             GRANT SELECT, DELETE ON {table} TO {role}; \
             INSERT INTO {table} (created_at) VALUES (now() - interval '1 hour')"
        ))
        .await;
    let database = server.database_with(&table, &login);
    let mut publisher = database.connect_publisher().await.unwrap();
    assert_eq!(publisher.prune(Duration::from_secs(1)).await.unwrap(), 1);
    publisher.close().await;
    server.drop_role().await;
    server.clean_up().await;
}

#[tokio::test]
async fn many_servers_that_clean_at_once_remove_each_row_once_and_do_not_get_in_each_others_way() {
    let Some(server) = RealServer::from_environment().await else {
        return;
    };
    let table = server.table();
    let database = server.database(&table);
    ensure(&database).await.unwrap();
    server
        .run(&format!(
            "INSERT INTO {table} (created_at) SELECT now() - interval '1 hour' FROM generate_series(1, 20000)"
        ))
        .await;
    let mut cleaners = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let mut publisher = database.connect_publisher().await.unwrap();
        cleaners.spawn(async move {
            let mut removed = 0;
            loop {
                match publisher.prune(Duration::from_secs(1)).await.unwrap() {
                    0 => return removed,
                    rows => removed += rows,
                }
            }
        });
    }
    let removed: u64 = cleaners.join_all().await.into_iter().sum();
    assert_eq!(removed, 20000 - u64::try_from(server.rows(&table).await).unwrap());
    server.clean_up().await;
}
