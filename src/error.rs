//! The one error type of the crate: what was being done, why it failed, and what may be done about it.

use std::error::Error as StdError;
use std::fmt;

/// The result of everything in this crate that can fail.
pub type Result<T> = std::result::Result<T, Error>;

/// What kind of thing went wrong. Each has a stable code, part of the public interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// An option is unusable.
    Options,
    /// No connection could be made, or one was lost.
    Connection,
    /// The password could not be obtained from the application.
    Credentials,
    /// `LISTEN` or `UNLISTEN` was refused.
    Listen,
    /// Behind this pooler nothing can be heard.
    Pooler,
    /// A message could not be published and was dropped.
    Publish,
    /// PostgreSQL's queue of notifications is full: messages wait.
    QueueFull,
    /// Messages were dropped: too much, or for too long, waited for the server.
    BufferOverflow,
    /// A notification or an attachment could not be understood and was skipped.
    Malformed,
    /// An attachment could not be read: its row is gone or the query failed.
    Attachment,
    /// The attachment table is missing and could not be created, or is unusable.
    Table,
    /// Old attachments could not be removed.
    Cleanup,
    /// Another server goes by the same uid.
    DuplicateUid,
}

impl ErrorKind {
    /// The stable code, as `err.code` in JavaScript.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Options => "ERR_OPTIONS",
            Self::Connection => "ERR_CONNECTION",
            Self::Credentials => "ERR_CREDENTIALS",
            Self::Listen => "ERR_LISTEN",
            Self::Pooler => "ERR_POOLER",
            Self::Publish => "ERR_PUBLISH",
            Self::QueueFull => "ERR_QUEUE_FULL",
            Self::BufferOverflow => "ERR_BUFFER_OVERFLOW",
            Self::Malformed => "ERR_MALFORMED_MESSAGE",
            Self::Attachment => "ERR_ATTACHMENT",
            Self::Table => "ERR_TABLE",
            Self::Cleanup => "ERR_CLEANUP",
            Self::DuplicateUid => "ERR_DUPLICATE_UID",
        }
    }
}

type Source = Box<dyn StdError + Send + Sync>;

/// An error: a kind, a sentence for people, and the cause.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    context: String,
    sqlstate: Option<String>,
    source: Option<Source>,
}

impl Error {
    /// An error with a sentence that says what was being done.
    pub fn new(kind: ErrorKind, context: impl Into<String>) -> Self {
        Self {
            kind,
            context: context.into(),
            sqlstate: None,
            source: None,
        }
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Source>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Says what else failed on the way, in brackets behind what was being done.
    #[must_use]
    pub fn with_note(mut self, other: &Self) -> Self {
        self.context = format!("{} ({other})", self.context);
        self
    }

    /// Says whom it happened to, in front of what was being done.
    #[must_use]
    pub fn of(mut self, whom: &str) -> Self {
        self.context = format!("{whom}: {}", self.context);
        self
    }

    /// Adds the SQLSTATE that PostgreSQL answered with.
    #[must_use]
    pub fn with_sqlstate(mut self, sqlstate: impl Into<String>) -> Self {
        self.sqlstate = Some(sqlstate.into());
        self
    }

    /// The kind of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The stable code of the error's kind.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.kind.code()
    }

    /// The SQLSTATE, where PostgreSQL gave one.
    #[must_use]
    pub fn sqlstate(&self) -> Option<&str> {
        self.sqlstate.as_deref()
    }

    /// What was being done, without the cause.
    #[must_use]
    pub fn context(&self) -> &str {
        &self.context
    }

    /// The same error under another kind: what a failed connection means depends on who needed it.
    #[must_use]
    pub fn with_kind(mut self, kind: ErrorKind) -> Self {
        self.kind = kind;
        self
    }

    /// Whether the server answers, and goes on refusing until somebody changes a setting, here or there.
    #[must_use]
    pub fn needs_a_person(&self) -> bool {
        match self.sqlstate() {
            Some(code) if code.starts_with("28") => true,
            // PgBouncer has one code for everything.
            Some("08P01") => self.to_string().contains("authentication failed"),
            _ => self.kind == ErrorKind::Pooler,
        }
    }

    /// Whether trying the same again on a new connection can succeed.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self.kind, ErrorKind::Connection | ErrorKind::Credentials)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.context)?;
        let mut cause = self.source.as_deref().map(|source| source as &dyn StdError);
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_what_was_done_and_why_it_failed() {
        let error = Error::new(ErrorKind::Connection, "cannot connect to db:5432")
            .with_source(std::io::Error::other("refused"));
        assert_eq!(error.to_string(), "cannot connect to db:5432: refused");
        assert_eq!(error.code(), "ERR_CONNECTION");
        assert!(error.is_retryable());
        let told = error.of("listener").to_string();
        assert_eq!(told, "listener: cannot connect to db:5432: refused");
    }

    #[test]
    fn a_refused_login_needs_a_person_and_an_absent_server_does_not() {
        let refused = |code: &str, message: &str| {
            Error::new(ErrorKind::Connection, message)
                .with_sqlstate(code)
                .needs_a_person()
        };
        assert!(refused("28P01", "password authentication failed"));
        assert!(refused("28000", "no pg_hba.conf entry"));
        assert!(refused("08P01", "SASL authentication failed"));
        assert!(!refused("08P01", "server login has been failing"));
        assert!(!refused("57P03", "the database system is starting up"));
        assert!(Error::new(ErrorKind::Pooler, "cannot listen").needs_a_person());
        assert!(!Error::new(ErrorKind::Connection, "refused").needs_a_person());
    }

    #[test]
    fn a_refused_statement_is_not_tried_again() {
        let error = Error::new(ErrorKind::Publish, "cannot publish").with_sqlstate("42501");
        assert_eq!(error.sqlstate(), Some("42501"));
        assert!(!error.is_retryable());
    }
}
