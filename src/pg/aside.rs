//! A second way to the attachment table, for a listener that is behind: on its own connection the answer stands behind
//! everything that was notified and not yet read, and all of that would have to be taken into memory first.

use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::Client;

use super::attachments;
use super::database::{FetchLimits, Stored};
use super::deadline::Deadline;
use super::driver::DriverTask;
use super::sql::TableStatements;
use super::target::Target;
use crate::error::{Error, Result};

/// A connection beside the one that listens, there while it is needed.
pub(super) struct Aside {
    target: Arc<Target>,
    statements: TableStatements,
    statement_timeout: Duration,
    connection: Option<Connection>,
}

struct Connection {
    client: Client,
    driver: DriverTask,
    deadline: Deadline,
}

impl Aside {
    pub(super) fn new(target: Arc<Target>, statements: TableStatements, statement_timeout: Duration) -> Self {
        Self {
            target,
            statements,
            statement_timeout,
            connection: None,
        }
    }

    /// Whether the connection is there.
    pub(super) fn is_open(&self) -> bool {
        self.connection.is_some()
    }

    /// Reads attachments, as [`attachments::fetch`] does.
    pub(super) async fn fetch(&mut self, ids: &[i64], limits: FetchLimits) -> Result<Vec<Stored>> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        let query = attachments::fetch(&connection.client, &self.statements, ids, limits);
        let rows = connection.deadline.run(query).await;
        if !rows.as_ref().is_err_and(Error::is_retryable) {
            self.connection = Some(connection);
        }
        rows
    }

    /// The listener has caught up: what it reads next, it reads by itself.
    pub(super) fn close(&mut self) {
        if let Some(Connection { client, driver, .. }) = self.connection.take() {
            tokio::spawn(driver.close(client));
        }
    }

    async fn connect(&self) -> Result<Connection> {
        let connected = self.target.connect().await?;
        Ok(Connection {
            deadline: connected.deadline(self.statement_timeout),
            driver: DriverTask::spawn(connected.driver),
            client: connected.client,
        })
    }
}
