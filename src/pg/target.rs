//! One place to connect to: the settings, how TLS is done there, and who knows the password.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, NoTls};

use super::config::{ConnectionConfig, HostConfig};
use super::deadline::Deadline;
use super::driver::Driver;
use super::driver_error::statement_error;
use super::tls::{self, TlsConnector};
use crate::error::{Error, ErrorKind, Result};

/// How long connecting may take, when the configuration does not say: all hosts together.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Asks the application for the password: called once for each connection.
pub type PasswordSource =
    Box<dyn Fn() -> Pin<Box<dyn Future<Output = Result<Option<String>>> + Send>> + Send + Sync>;

/// A server that can be connected to.
pub struct Target {
    config: ConnectionConfig,
    tls: Option<TlsConnector>,
    password: PasswordSource,
}

impl Target {
    /// Prepares the TLS settings; connects to nothing.
    ///
    /// # Errors
    /// [`ErrorKind::Options`] when the TLS settings are unusable.
    pub fn new(config: ConnectionConfig, password: PasswordSource) -> Result<Self> {
        let direct = config.is_direct_tls();
        let tls = config
            .tls
            .as_ref()
            .map(|settings| tls::connector(settings, direct))
            .transpose()
            .map_err(|error| {
                Error::new(ErrorKind::Options, "the \"ssl\" settings are unusable").with_source(error)
            })?;
        Ok(Self {
            config,
            tls,
            password,
        })
    }

    /// Where this is, without secrets: `user@host:port/database`.
    #[must_use]
    pub fn describe(&self) -> String {
        self.config.describe()
    }

    pub(super) fn deadline(&self, client: &Client, limit: Duration) -> Deadline {
        Deadline::new(limit, client.cancel_token(), self.tls.clone())
    }

    /// Connects to the first host that will do.
    pub(super) async fn connect(&self) -> Result<(Client, Driver)> {
        let password = self.in_time(None, (self.password)()).await?;
        let mut failures = Vec::new();
        for host in &self.config.hosts {
            let attempt = self.connect_to(host, password.as_deref());
            match self.in_time(Some(host), attempt).await {
                Ok(connected) => return Ok(connected),
                // The others would refuse as well, and count it.
                Err(error) if error.needs_a_person() => return Err(error),
                Err(error) => failures.push(error),
            }
        }
        Err(failure_of_all(failures))
    }

    /// A limit for each host: one that does not answer must not use up the time of the others.
    async fn in_time<T>(
        &self,
        host: Option<&HostConfig>,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let shared_out = CONNECT_TIMEOUT / u32::try_from(self.config.hosts.len()).unwrap_or(1).max(1);
        let limit = self.config.connect_timeout().unwrap_or(shared_out);
        tokio::time::timeout(limit, work).await.unwrap_or_else(|_| {
            Err(Error::new(ErrorKind::Connection, self.attempt_at(host))
                .with_source(format!("no answer within {} ms", limit.as_millis())))
        })
    }

    /// What was tried, for messages.
    fn attempt_at(&self, host: Option<&HostConfig>) -> String {
        let place = host.map_or_else(|| self.describe(), |host| self.config.describe_host(host));
        format!("cannot connect to {place}")
    }

    async fn connect_to(&self, host: &HostConfig, password: Option<&str>) -> Result<(Client, Driver)> {
        let connected = match self.open(&self.config, host, password).await? {
            Err(error) if refuses_options(&error) && self.config.options.is_none() => {
                // Time limits are of no consequence here, every statement has one of its own.
                let unlimited = self.config.without_time_limits();
                self.open(&unlimited, host, password).await?
            }
            connected => connected,
        };
        connected.map_err(|error| {
            let mut context = self.attempt_at(Some(host));
            if refuses_options(&error) {
                context +=
                    " with the setting \"options\", which the pooler there refuses: leave it out, or add \
                            \"options\" to its ignore_startup_parameters";
            }
            statement_error(error, ErrorKind::Connection, context).with_kind(ErrorKind::Connection)
        })
    }

    async fn open(
        &self,
        config: &ConnectionConfig,
        host: &HostConfig,
        password: Option<&str>,
    ) -> Result<std::result::Result<(Client, Driver), tokio_postgres::Error>> {
        let config = config.to_tokio(host, password).map_err(|error| {
            Error::new(ErrorKind::Connection, "the connection settings are unusable").with_source(error)
        })?;
        Ok(match &self.tls {
            Some(tls) => config
                .connect(tls.clone())
                .await
                .map(|(client, driver)| (client, Driver::Tls(Box::new(driver)))),
            None => config
                .connect(NoTls)
                .await
                .map(|(client, driver)| (client, Driver::Plain(Box::new(driver)))),
        })
    }
}

/// What the failures at all hosts come to: the kind of the one where a server answered, if there is one.
fn failure_of_all(mut failures: Vec<Error>) -> Error {
    let answered = failures.iter().position(|error| error.sqlstate().is_some());
    let told = answered.or(failures.len().checked_sub(1));
    let Some(main) = told.map(|index| failures.remove(index)) else {
        return Error::new(ErrorKind::Connection, "no host is given to connect to");
    };
    failures.iter().fold(main, Error::with_note)
}

/// Whether this is the answer of a pooler that sees no way to apply server options; `PostgreSQL` takes them.
fn refuses_options(error: &tokio_postgres::Error) -> bool {
    error.as_db_error().is_some_and(|answer| {
        *answer.code() == SqlState::PROTOCOL_VIOLATION
            && answer.message().contains("unsupported startup parameter")
            && answer.message().contains("options")
    })
}
