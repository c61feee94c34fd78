//! The connection settings as `pg` would use them, read by the JavaScript side, and what they are for
//! `tokio_postgres`.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use tokio_postgres::config::{ChannelBinding, SslMode, SslNegotiation};

use super::tls::TlsConfig;

/// What the connections of the adapter are called in `pg_stat_activity`, unless the configuration says.
const DEFAULT_APPLICATION_NAME: &str = "socket.io-postgres-adapter";

/// How long connecting may take, when the configuration does not say: all hosts together.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Why connection settings are unusable. No variant holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The name of a host is empty.
    #[error("a host without a name is given")]
    NoHost,
    /// No name to log in with.
    #[error("no user is given")]
    NoUser,
    /// A socket folder on a system where the driver knows none.
    #[error("\"{0}\" is the folder of a Unix domain socket, which this system does not support")]
    SocketFolder(String),
    /// The client's certificate and key do not go together or are of an unsupported kind.
    #[error("the client certificate (\"ssl.cert\", \"ssl.key\") is unusable: {0}")]
    ClientCertificate(String),
    /// The TLS library refuses the settings.
    #[error("the TLS settings are unusable: {0}")]
    Tls(#[from] rustls::Error),
}

/// One place where the server may be.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct HostConfig {
    /// A name, an IP address, or the folder of a Unix domain socket (starts with `/`).
    pub host: String,
    /// The TCP port, or the number in the name of the socket file.
    pub port: u16,
}

impl HostConfig {
    /// Whether this is the folder of a Unix domain socket.
    #[must_use]
    pub fn is_socket_folder(&self) -> bool {
        self.host.starts_with('/')
    }
}

impl fmt::Display for HostConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// How TLS begins.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum TlsNegotiation {
    /// The client asks first, in the protocol of PostgreSQL.
    Postgres,
    /// The TLS handshake comes first (PostgreSQL 17 and later).
    Direct,
}

/// The settings of a connection, all but the password: that one is asked for at each connect.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionConfig {
    /// Where the server may be; tried in this order.
    pub hosts: Vec<HostConfig>,
    /// The role to log in as.
    pub user: String,
    /// The database to connect to.
    pub database: String,
    /// What the connection is called in `pg_stat_activity`.
    pub application_name: Option<String>,
    /// Command-line options for the server process (`-c name=value …`).
    pub options: Option<String>,
    /// How long connecting to a host may take, in milliseconds.
    pub connect_timeout_ms: Option<u64>,
    /// `statement_timeout` of the session, in milliseconds.
    pub statement_timeout_ms: Option<u64>,
    /// `lock_timeout` of the session, in milliseconds.
    pub lock_timeout_ms: Option<u64>,
    /// `idle_in_transaction_session_timeout` of the session, in milliseconds.
    pub idle_in_transaction_timeout_ms: Option<u64>,
    /// Whether a silent peer is probed.
    pub keep_alive: bool,
    /// How TLS begins, where there is TLS.
    pub ssl_negotiation: TlsNegotiation,
    /// Whether a SCRAM login is bound to the TLS channel where the server offers it.
    pub channel_binding: bool,
    /// The most rounds of the password hash that a server may ask for. The driver does no more than 100,000.
    pub scram_max_iterations: u32,
    /// TLS settings; without them the connection is not encrypted.
    pub tls: Option<TlsConfig>,
}

impl ConnectionConfig {
    /// Checks what no connection can be made without.
    ///
    /// # Errors
    /// [`ConfigError`] when there is no user, a host has no name, or is of a kind that this system does not know.
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.user.is_empty() {
            return Err(ConfigError::NoUser);
        }
        for host in &self.hosts {
            if host.host.is_empty() {
                return Err(ConfigError::NoHost);
            }
            if cfg!(not(unix)) && host.is_socket_folder() {
                return Err(ConfigError::SocketFolder(host.host.clone()));
            }
        }
        Ok(())
    }

    /// The settings of a login for `tokio_postgres`, with the password of this one connect. The connection is made, and
    /// secured, before it gets them: for it TLS is something that begins at once.
    #[must_use]
    pub fn to_tokio(&self, password: Option<&str>) -> tokio_postgres::Config {
        let mut config = tokio_postgres::Config::new();
        config.user(&self.user).dbname(&self.database);
        config.application_name(
            self.application_name
                .as_deref()
                .unwrap_or(DEFAULT_APPLICATION_NAME),
        );
        if let Some(password) = password {
            config.password(password);
        }
        if let Some(options) = self.server_options() {
            config.options(options);
        }
        config
            .ssl_mode(SslMode::Require)
            .ssl_negotiation(SslNegotiation::Direct)
            .channel_binding(if self.channel_binding {
                ChannelBinding::Prefer
            } else {
                ChannelBinding::Disable
            });
        config
    }

    /// How long connecting to a host may take, where the configuration limits it.
    #[must_use]
    pub fn connect_timeout(&self) -> Option<Duration> {
        self.connect_timeout_ms
            .filter(|ms| *ms > 0)
            .map(Duration::from_millis)
    }

    /// How long a connect may take.
    #[must_use]
    pub fn connect_limit(&self) -> Duration {
        self.connect_timeout().unwrap_or(CONNECT_TIMEOUT)
    }

    /// How long connecting to one of the hosts may take.
    #[must_use]
    pub fn host_limit(&self) -> Duration {
        let hosts = u32::try_from(self.hosts.len()).unwrap_or(u32::MAX).max(1);
        self.connect_timeout().unwrap_or(CONNECT_TIMEOUT / hosts)
    }

    /// Whether the TLS handshake comes first on a new connection.
    #[must_use]
    pub fn is_direct_tls(&self) -> bool {
        self.ssl_negotiation == TlsNegotiation::Direct
    }

    /// The same without `statement_timeout` and its like.
    #[must_use]
    pub fn without_time_limits(&self) -> Self {
        Self {
            statement_timeout_ms: None,
            lock_timeout_ms: None,
            idle_in_transaction_timeout_ms: None,
            ..self.clone()
        }
    }

    /// The same of one host.
    #[must_use]
    pub fn describe_host(&self, host: &HostConfig) -> String {
        format!("{}@{host}/{}", self.user, self.database)
    }

    /// Who connects where, for messages: `user@host:port/database`.
    #[must_use]
    pub fn describe(&self) -> String {
        let hosts: Vec<String> = self.hosts.iter().map(ToString::to_string).collect();
        format!("{}@{}/{}", self.user, hosts.join(","), self.database)
    }

    /// The server options of the user, then the time limits, which so win, as they do with `pg`.
    fn server_options(&self) -> Option<String> {
        let limits = [
            ("statement_timeout", self.statement_timeout_ms),
            ("lock_timeout", self.lock_timeout_ms),
            (
                "idle_in_transaction_session_timeout",
                self.idle_in_transaction_timeout_ms,
            ),
        ];
        let limits = limits
            .iter()
            .filter_map(|(name, ms)| ms.map(|ms| format!("-c {name}={ms}")));
        let parts: Vec<String> = self.options.iter().cloned().chain(limits).collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    }
}

#[cfg(test)]
mod tests;
