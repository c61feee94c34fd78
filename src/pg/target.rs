//! One place to connect to: the settings, how TLS is done there, and who knows the password.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, NoTls};

use super::config::ConnectionConfig;
use super::connect::{statement_error, Driver};
use super::deadline::Deadline;
use super::tls::{self, TlsConnector};
use crate::error::{Error, ErrorKind, Result};

/// How long connecting may take in all, when the configuration does not say.
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

    pub(super) async fn connect(&self) -> Result<(Client, Driver)> {
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
        let connected = match self.open(&self.config, password.as_deref()).await? {
            Err(error) if refuses_options(&error) && self.config.options.is_none() => {
                // Time limits are of no consequence here, every statement has one of its own.
                let unlimited = self.config.without_time_limits();
                self.open(&unlimited, password.as_deref()).await?
            }
            connected => connected,
        };
        connected.map_err(|error| {
            let mut context = format!("cannot connect to {}", self.describe());
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
        password: Option<&str>,
    ) -> Result<std::result::Result<(Client, Driver), tokio_postgres::Error>> {
        let config = config.to_tokio(password).map_err(|error| {
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

/// Whether this is the answer of a pooler that sees no way to apply server options; `PostgreSQL` takes them.
fn refuses_options(error: &tokio_postgres::Error) -> bool {
    error.as_db_error().is_some_and(|answer| {
        *answer.code() == SqlState::PROTOCOL_VIOLATION
            && answer.message().contains("unsupported startup parameter")
            && answer.message().contains("options")
    })
}
