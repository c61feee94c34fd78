//! Opening connections.

use std::sync::Arc;
use std::time::Duration;

use super::aside::Aside;
use super::database::Database;
use super::deadline::STATEMENT_TIMEOUT;
use super::identifier::TableName;
use super::listener::PgListener;
use super::publisher::PgPublisher;
use super::sql::TableStatements;
use super::target::Target;
use super::watch;
use crate::error::{Error, ErrorKind, Result};

/// A PostgreSQL database that can be connected to.
pub struct PgDatabase {
    main: Arc<Target>,
    /// Where to listen, if not there.
    listen: Option<Arc<Target>>,
    statements: TableStatements,
    statement_timeout: Duration,
    watch_tick: Duration,
}

impl PgDatabase {
    /// A database that is reached at `main`.
    ///
    /// # Errors
    /// [`ErrorKind::Options`] when the name of the table is unusable.
    pub fn new(main: Target, table_name: &str) -> Result<Self> {
        let table = TableName::parse(table_name).map_err(|error| {
            Error::new(ErrorKind::Options, "the option \"tableName\" is unusable").with_source(error)
        })?;
        Ok(Self {
            main: Arc::new(main),
            listen: None,
            statements: TableStatements::new(&table),
            statement_timeout: STATEMENT_TIMEOUT,
            watch_tick: watch::TICK,
        })
    }

    /// The same with another way to the database for the connection that listens.
    #[must_use]
    pub fn with_listen_target(mut self, target: Target) -> Self {
        self.listen = Some(Arc::new(target));
        self
    }

    /// The same with another limit for each statement than 10 seconds.
    #[must_use]
    pub fn with_statement_timeout(mut self, limit: Duration) -> Self {
        self.statement_timeout = limit;
        self
    }

    /// The same with another tick than a second for the watch over the listening session.
    #[must_use]
    pub fn with_watch_tick(mut self, tick: Duration) -> Self {
        self.watch_tick = tick;
        self
    }
}

impl Database for PgDatabase {
    type Listener = PgListener;
    type Publisher = PgPublisher;

    async fn connect_listener(&self) -> Result<PgListener> {
        let target = self.listen.as_ref().unwrap_or(&self.main);
        let connected = target.connect().await?;
        let deadline = connected.deadline(self.statement_timeout);
        let statements = self.statements.clone();
        let aside = Aside::new(Arc::clone(target), statements.clone(), self.statement_timeout);
        let mut listener = PgListener::new(connected, statements, deadline, aside, self.watch_tick);
        listener.verify_listening(target).await?;
        Ok(listener)
    }

    async fn connect_publisher(&self) -> Result<PgPublisher> {
        let connected = self.main.connect().await?;
        let deadline = connected.deadline(self.statement_timeout);
        Ok(PgPublisher::new(connected, self.statements.clone(), deadline))
    }
}
