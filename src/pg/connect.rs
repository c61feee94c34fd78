//! Opening connections, and what the errors of the driver mean to the engine.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio_postgres::error::{DbError, Severity, SqlState};
use tokio_postgres::tls::{MakeTlsConnect, NoTlsStream};
use tokio_postgres::{AsyncMessage, Client, Connection, NoTls, Socket};

use super::config::ConnectionConfig;
use super::database::Database;
use super::deadline::{Deadline, STATEMENT_TIMEOUT};
use super::identifier::TableName;
use super::listener::PgListener;
use super::publisher::PgPublisher;
use super::sql::TableStatements;
use super::tls::{self, TlsConnector};
use super::watch;
use crate::error::{Error, ErrorKind, Result};

/// How long connecting may take in all, when the configuration does not say.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the server may take to say goodbye.
pub(super) const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Asks the application for the password: called once for each connection.
pub type PasswordSource =
    Box<dyn Fn() -> Pin<Box<dyn Future<Output = Result<Option<String>>> + Send>> + Send + Sync>;

/// A PostgreSQL database that can be connected to.
pub struct PgDatabase {
    config: ConnectionConfig,
    tls: Option<TlsConnector>,
    statements: TableStatements,
    password: PasswordSource,
    statement_timeout: Duration,
    watch_tick: Duration,
}

impl PgDatabase {
    /// Checks the configuration and prepares the TLS settings; connects to nothing.
    ///
    /// # Errors
    /// [`ErrorKind::Options`] when the configuration or the name of the table is unusable.
    pub fn new(config: ConnectionConfig, table_name: &str, password: PasswordSource) -> Result<Self> {
        let unusable = |context: &str| Error::new(ErrorKind::Options, context);
        let table = TableName::parse(table_name)
            .map_err(|error| unusable("the option \"tableName\" is unusable").with_source(error))?;
        let direct = config.is_direct_tls();
        let tls = config
            .tls
            .as_ref()
            .map(|settings| tls::connector(settings, direct))
            .transpose()
            .map_err(|error| unusable("the \"ssl\" settings are unusable").with_source(error))?;
        Ok(Self {
            config,
            tls,
            statements: TableStatements::new(&table),
            password,
            statement_timeout: STATEMENT_TIMEOUT,
            watch_tick: watch::TICK,
        })
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

    fn deadline(&self, client: &Client) -> Deadline {
        Deadline::new(self.statement_timeout, client.cancel_token(), self.tls.clone())
    }

    async fn connect(&self) -> Result<(Client, Driver)> {
        let timeout = self.config.connect_timeout().unwrap_or(CONNECT_TIMEOUT);
        tokio::time::timeout(timeout, self.connect_without_limit())
            .await
            .unwrap_or_else(|_| {
                let context = format!("cannot connect to {}", self.describe());
                Err(Error::new(ErrorKind::Connection, context)
                    .with_source(format!("no answer within {} ms", timeout.as_millis())))
            })
    }

    async fn connect_without_limit(&self) -> Result<(Client, Driver)> {
        let password = (self.password)().await?;
        let config = self.config.to_tokio(password.as_deref()).map_err(|error| {
            Error::new(ErrorKind::Connection, "the connection settings are unusable").with_source(error)
        })?;
        let connected = match &self.tls {
            Some(tls) => config
                .connect(tls.clone())
                .await
                .map(|(client, driver)| (client, Driver::Tls(Box::new(driver)))),
            None => config
                .connect(NoTls)
                .await
                .map(|(client, driver)| (client, Driver::Plain(Box::new(driver)))),
        };
        connected.map_err(|error| {
            let context = format!("cannot connect to {}", self.describe());
            statement_error(error, ErrorKind::Connection, context).with_kind(ErrorKind::Connection)
        })
    }
}

impl Database for PgDatabase {
    type Listener = PgListener;
    type Publisher = PgPublisher;

    fn describe(&self) -> String {
        self.config.describe()
    }

    async fn connect_listener(&self) -> Result<PgListener> {
        let (client, driver) = self.connect().await?;
        let deadline = self.deadline(&client);
        Ok(PgListener::new(
            client,
            driver,
            self.statements.clone(),
            deadline,
            self.watch_tick,
        ))
    }

    async fn connect_publisher(&self) -> Result<PgPublisher> {
        let (client, driver) = self.connect().await?;
        let deadline = self.deadline(&client);
        Ok(PgPublisher::new(
            client,
            driver,
            self.statements.clone(),
            deadline,
        ))
    }
}

/// What moves the bytes of a connection.
pub(super) enum Driver {
    Plain(Box<Connection<Socket, NoTlsStream>>),
    Tls(Box<Connection<Socket, <TlsConnector as MakeTlsConnect<Socket>>::Stream>>),
}

impl Driver {
    /// The next message that no statement waits for; `None` when the connection has ended.
    pub(super) fn poll_message(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<AsyncMessage, tokio_postgres::Error>>> {
        match self {
            Self::Plain(connection) => connection.poll_message(cx),
            Self::Tls(connection) => connection.poll_message(cx),
        }
    }
}

/// What a failed statement calls for.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub(super) enum SqlErrorKind {
    /// The connection or the server is not in a state to serve: connect again.
    Unavailable,
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
            // 08: connection exception; 57P: the operator's intervention, such as a shutdown.
            _ if code.code().starts_with("08") || code.code().starts_with("57P") => Self::Unavailable,
            _ => Self::Refused,
        }
    }
}

fn ends_the_connection(answer: &DbError) -> bool {
    matches!(answer.parsed_severity(), Some(Severity::Fatal | Severity::Panic))
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
