//! What the errors of the driver mean to the engine.

use std::fmt;

use tokio_postgres::error::{DbError, Severity, SqlState};

use crate::error::{Error, ErrorKind};

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
