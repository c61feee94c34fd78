//! The connection that publishes: batches of notifications and their attachments, and the clean-up.

use std::time::Duration;

use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::Client;

use super::attachments;
use super::database::Publisher;
use super::deadline::Deadline;
use super::driver::DriverTask;
use super::driver_error::{lost_connection, statement_error};
use super::sql::{self, TableStatements};
use super::target::Connected;
use crate::cluster::batch::Outgoing;
use crate::error::{Error, ErrorKind, Result};

/// How long the server may take to answer when it has nothing else to do.
const PROBE_TIMEOUT: Duration = Duration::from_secs(5);

/// A publishing connection.
pub struct PgPublisher {
    client: Client,
    driver: DriverTask,
    statements: TableStatements,
    deadline: Deadline,
}

type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

impl PgPublisher {
    pub(super) fn new(connected: Connected, statements: TableStatements, deadline: Deadline) -> Self {
        Self {
            client: connected.client,
            driver: DriverTask::spawn(connected.driver),
            statements,
            deadline,
        }
    }

    async fn publish(&self, sql: &str, parameters: &[Parameter<'_>]) -> Result<()> {
        let published = async {
            let rows = self.client.query_typed(sql, parameters).await;
            let error = match rows {
                Ok(_) => return Ok(()),
                Err(error) => statement_error(error, ErrorKind::Publish, "cannot publish"),
            };
            if error.kind() == ErrorKind::QueueFull {
                // What was read in the meantime is not taken out of the queue before somebody asks.
                let _ = self.client.batch_execute(sql::QUEUE_USAGE).await;
            }
            Err(self.unless_standby(error, ErrorKind::Publish).await)
        };
        self.deadline.run(published).await
    }

    /// What a refusal means. A standby refuses everything: the connection is of no use. But a primary can be set to be
    /// read-only, too (`default_transaction_read_only`), and then only what writes is refused.
    async fn unless_standby(&self, error: Error, kind: ErrorKind) -> Error {
        if error.sqlstate() != Some(SqlState::READ_ONLY_SQL_TRANSACTION.code()) {
            return error;
        }
        match refuse_standby(&self.client).await {
            Ok(()) => error.with_kind(kind),
            Err(standby) => standby,
        }
    }
}

impl Publisher for PgPublisher {
    async fn ensure_table(&mut self) -> Result<()> {
        let prepared = async {
            refuse_standby(&self.client).await?;
            match attachments::ensure_table(&self.client, &self.statements).await {
                Err(error) => Err(self.unless_standby(error, ErrorKind::Table).await),
                Ok(()) => Ok(()),
            }
        };
        self.deadline.run(prepared).await
    }

    async fn notify_batch(&mut self, messages: &[Outgoing]) -> Result<()> {
        if let [Outgoing {
            channel,
            text,
            attachment: None,
            ..
        }] = messages
        {
            let channel: &str = channel;
            let parameters: [Parameter; 2] = [(&channel, Type::TEXT), (text, Type::TEXT)];
            return self.publish(sql::NOTIFY_ONE, &parameters).await;
        }
        let channels: Vec<&str> = messages.iter().map(|message| &*message.channel).collect();
        let texts: Vec<&str> = messages.iter().map(|message| message.text.as_str()).collect();
        if messages.iter().all(|message| message.attachment.is_none()) {
            let parameters: [Parameter; 2] = [(&channels, Type::TEXT_ARRAY), (&texts, Type::TEXT_ARRAY)];
            return self.publish(sql::NOTIFY_MANY, &parameters).await;
        }
        let attachments: Vec<Option<&[u8]>> = messages
            .iter()
            .map(|message| message.attachment.as_deref())
            .collect();
        let parameters: [Parameter; 3] = [
            (&channels, Type::TEXT_ARRAY),
            (&texts, Type::TEXT_ARRAY),
            (&attachments, Type::BYTEA_ARRAY),
        ];
        self.publish(&self.statements.notify_with_attachments, &parameters)
            .await
    }

    async fn lost(&mut self) -> Error {
        lost_connection(self.driver.end().await)
    }

    async fn probe(&mut self) -> Result<()> {
        match tokio::time::timeout(PROBE_TIMEOUT, self.client.batch_execute(sql::PROBE)).await {
            Ok(answer) => answer.map_err(|error| lost_connection(Some(error))),
            Err(_) => Err(lost_connection(None)
                .with_source(format!("no answer within {} ms", PROBE_TIMEOUT.as_millis()))),
        }
    }

    async fn prune(&mut self, age: Duration) -> Result<u64> {
        let milliseconds = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
        let pruned = async {
            let parameters: [Parameter; 1] = [(&milliseconds, Type::INT8)];
            let rows = self
                .client
                .execute_typed(&self.statements.prune, &parameters)
                .await;
            let error = match rows {
                Ok(count) => return Ok(count),
                Err(error) => error,
            };
            let context = format!("cannot remove old attachments from {}", self.statements.table);
            let error = statement_error(error, ErrorKind::Cleanup, context);
            Err(self.unless_standby(error, ErrorKind::Cleanup).await)
        };
        self.deadline.run(pruned).await
    }

    async fn close(self) {
        self.driver.close(self.client).await;
    }
}

/// A standby would refuse the first message only. Whoever waits for the peers until then does not know whether they
/// can be back already.
async fn refuse_standby(client: &Client) -> Result<()> {
    let is_standby = client
        .query_typed_one(sql::IS_STANDBY, &[])
        .await
        .and_then(|row| row.try_get(0))
        .map_err(|error| statement_error(error, ErrorKind::Connection, "cannot look at the server"))?;
    if is_standby {
        return Err(Error::new(ErrorKind::Connection, "cannot publish")
            .with_sqlstate(SqlState::READ_ONLY_SQL_TRANSACTION.code())
            .with_source("the server is a standby until it is promoted"));
    }
    Ok(())
}
