//! Opening connections, and what the errors of the driver mean to the engine.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::error::{DbError, Severity, SqlState};

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
        let (client, driver) = target.connect().await?;
        let deadline = target.deadline(&client, self.statement_timeout);
        let statements = self.statements.clone();
        let aside = Aside::new(Arc::clone(target), statements.clone(), self.statement_timeout);
        let mut listener = PgListener::new(client, driver, statements, deadline, aside, self.watch_tick);
        listener.verify_listening(target).await?;
        Ok(listener)
    }

    async fn connect_publisher(&self) -> Result<PgPublisher> {
        let (client, driver) = self.main.connect().await?;
        let deadline = self.main.deadline(&client, self.statement_timeout);
        Ok(PgPublisher::new(
            client,
            driver,
            self.statements.clone(),
            deadline,
        ))
    }
}

/// What a failed statement calls for.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub(super) enum SqlErrorKind {
    /// The connection or the server is not in a state to serve: connect again.
    Unavailable,
    /// No notification fits into the queue until others are read.
    QueueFull,
    /// A table is missing.
    UndefinedTable,
    /// Somebody else created the same thing.
    AlreadyExists,
    /// The statement will not do.
    Refused,
}

impl SqlErrorKind {
    pub(super) fn of(error: &tokio_postgres::Error) -> Self {
        let Some(code) = error.code() else {
            // No answer of the server: the connection is gone, unless a value could not be written or read.
            return if error.is_closed() || is_io(error) {
                Self::Unavailable
            } else {
                Self::Refused
            };
        };
        if error.as_db_error().is_some_and(ends_the_connection) {
            return Self::Unavailable;
        }
        match *code {
            SqlState::UNDEFINED_TABLE => Self::UndefinedTable,
            SqlState::UNIQUE_VIOLATION | SqlState::DUPLICATE_TABLE | SqlState::DUPLICATE_OBJECT => {
                Self::AlreadyExists
            }
            SqlState::READ_ONLY_SQL_TRANSACTION | SqlState::TOO_MANY_CONNECTIONS => Self::Unavailable,
            SqlState::PROGRAM_LIMIT_EXCEEDED if error.as_db_error().is_some_and(is_full_queue) => {
                Self::QueueFull
            }
            // 08: connection exception; 57P: the operator's intervention, such as a shutdown.
            _ if code.code().starts_with("08") || code.code().starts_with("57P") => Self::Unavailable,
            _ => Self::Refused,
        }
    }
}

fn ends_the_connection(answer: &DbError) -> bool {
    matches!(answer.parsed_severity(), Some(Severity::Fatal | Severity::Panic))
}

/// The code has other meanings, too.
fn is_full_queue(answer: &DbError) -> bool {
    answer.routine() == Some("PreCommit_Notify")
}

fn is_io(error: &tokio_postgres::Error) -> bool {
    std::error::Error::source(error).is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
}

/// What PostgreSQL said, without the DETAIL line: it can hold the values of a row.
#[derive(Debug)]
struct ServerMessage(String);

impl fmt::Display for ServerMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ServerMessage {}

/// The crate's error for a failed statement: of `kind`, unless the connection or the table is the trouble.
pub(super) fn statement_error(
    error: tokio_postgres::Error,
    kind: ErrorKind,
    context: impl Into<String>,
) -> Error {
    let kind = match SqlErrorKind::of(&error) {
        SqlErrorKind::Unavailable => ErrorKind::Connection,
        SqlErrorKind::QueueFull => ErrorKind::QueueFull,
        SqlErrorKind::UndefinedTable => ErrorKind::Table,
        SqlErrorKind::AlreadyExists | SqlErrorKind::Refused => kind,
    };
    let described = Error::new(kind, context);
    match error.as_db_error() {
        Some(answer) => described
            .with_sqlstate(answer.code().code())
            .with_source(ServerMessage(answer.message().to_owned())),
        None => described.with_source(error),
    }
}

/// The error for a connection that has ended.
pub(super) fn lost_connection(cause: Option<tokio_postgres::Error>) -> Error {
    let context = "the connection to the server was lost";
    match cause {
        Some(cause) => {
            statement_error(cause, ErrorKind::Connection, context).with_kind(ErrorKind::Connection)
        }
        None => Error::new(ErrorKind::Connection, context),
    }
}
