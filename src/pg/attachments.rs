//! The attachment table: made when it is missing, its rows read in bulk.

use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};

use super::database::{FetchLimits, Stored};
use super::driver_error::{statement_error, SqlErrorKind};
use super::sql::{self, TableStatements};
use crate::error::{Error, ErrorKind, Result};

/// Makes sure that the table exists.
///
/// Looks before it creates: a role without the right to create may still use a table that is there.
///
/// # Errors
/// [`ErrorKind::Table`] with the SQL to run when the table is missing and cannot be created; a retryable
/// error when the connection is lost.
pub async fn ensure_table(client: &Client, statements: &TableStatements) -> Result<()> {
    if table_exists(client, statements).await? {
        return check_id_column(client, statements).await;
    }
    let Err(error) = client.batch_execute(&statements.create).await else {
        return Ok(());
    };
    // Two servers that create the table at the same time collide in the catalog, although IF NOT EXISTS.
    if matches!(SqlErrorKind::of(&error), SqlErrorKind::AlreadyExists)
        && table_exists(client, statements).await?
    {
        return Ok(());
    }
    Err(statement_error(
        error,
        ErrorKind::Table,
        format!(
            "the attachment table {} is missing and could not be created; run this SQL as a role that may: {}",
            statements.table, statements.create
        ),
    ))
}

async fn table_exists(client: &Client, statements: &TableStatements) -> Result<bool> {
    ask_about_table(client, statements, sql::TABLE_EXISTS).await
}

/// The ids of attachments are drawn from the sequence of the column.
async fn check_id_column(client: &Client, statements: &TableStatements) -> Result<()> {
    if ask_about_table(client, statements, sql::TABLE_HAS_SEQUENCE).await? {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Table,
        format!(
            "the id column of {} must be a bigserial or identity column, as in: {}",
            statements.table, statements.create
        ),
    ))
}

async fn ask_about_table(client: &Client, statements: &TableStatements, question: &str) -> Result<bool> {
    client
        .query_typed_one(question, &[(&statements.table, Type::TEXT)])
        .await
        .and_then(|row| row.try_get(0))
        .map_err(|error| {
            let context = format!("cannot look at the attachment table {}", statements.table);
            statement_error(error, ErrorKind::Table, context)
        })
}

/// Reads attachments in the order of `ids`: as many of the first ones as the limits allow, at least one.
///
/// # Errors
/// [`ErrorKind::Attachment`] when the query fails, a retryable error when the connection is lost.
pub async fn fetch(
    client: &Client,
    statements: &TableStatements,
    ids: &[i64],
    limits: FetchLimits,
) -> Result<Vec<Stored>> {
    let failed = |error| {
        let context = format!("cannot read attachments from {}", statements.table);
        statement_error(error, ErrorKind::Attachment, context)
    };
    let [each, total] = [limits.each, limits.total].map(|bytes| i64::try_from(bytes).unwrap_or(i64::MAX));
    let parameters: [(&(dyn ToSql + Sync), Type); 3] = [
        (&ids, Type::INT8_ARRAY),
        (&each, Type::INT8),
        (&total, Type::INT8),
    ];
    let rows = client
        .query_typed(&statements.fetch, &parameters)
        .await
        .map_err(failed)?;
    if rows.len() != ids.len() {
        // Only a table without the unique id can do this.
        return Err(Error::new(
            ErrorKind::Attachment,
            format!(
                "{} holds several rows of one id; its id column must be unique",
                statements.table
            ),
        ));
    }
    rows.iter()
        .map_while(|row| read_row(row, each).transpose())
        .collect::<std::result::Result<_, _>>()
        .map_err(failed)
}

/// What is in a row; none if it has to wait for the next query.
fn read_row(row: &Row, each: i64) -> std::result::Result<Option<Stored>, tokio_postgres::Error> {
    let length: Option<i32> = row.try_get("length")?;
    let content: Option<Vec<u8>> = row.try_get("content")?;
    Ok(match (content, length) {
        (Some(content), _) => Some(Stored::Content(content)),
        (None, None) => Some(Stored::Gone),
        (None, Some(length)) if i64::from(length) > each => {
            Some(Stored::TooLarge(u64::try_from(length).unwrap_or(0)))
        }
        (None, Some(_)) => None,
    })
}
