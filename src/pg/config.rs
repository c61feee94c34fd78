//! The connection settings as `pg` would use them, read by the JavaScript side, and what they are for
//! `tokio_postgres`.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use tokio_postgres::config::{ChannelBinding, SslMode, SslNegotiation, TargetSessionAttrs};

use super::tls::TlsConfig;

/// What the connections of the adapter are called in `pg_stat_activity`, unless the configuration says.
const DEFAULT_APPLICATION_NAME: &str = "socket.io-postgres-adapter";

/// Idle time after which the peer is asked whether it is still there. With the interval, the number of probes
/// and the limit below a peer that vanished without a word is noticed after 5 s, idle or not.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(2);
/// Time between two unanswered keepalive probes.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(1);
/// Unanswered keepalive probes after which the connection is given up.
const KEEPALIVE_RETRIES: u32 = 3;
/// How long sent bytes may stay unacknowledged (Linux only; other systems ignore it).
const UNACKNOWLEDGED_LIMIT: Duration = Duration::from_secs(5);

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
    /// A certificate or key is not PEM, or holds nothing.
    #[error("\"{field}\" is not a usable PEM text: {reason}")]
    Pem {
        /// The setting: `ssl.ca`, `ssl.cert` or `ssl.key`.
        field: &'static str,
        /// What is wrong with it, without its contents.
        reason: String,
    },
    /// The server's certificate is to be verified, but no certification authority is given.
    #[error("verification of the server's certificate needs certification authorities (\"ssl.ca\")")]
    NoAuthorities,
    /// The client's certificate and key do not go together or are of an unsupported kind.
    #[error("the client certificate (\"ssl.cert\", \"ssl.key\") is unusable: {0}")]
    ClientCertificate(String),
    /// The name to verify the server's certificate against is no host name.
    #[error("\"{0}\" is no host name that a certificate can be verified against")]
    ServerName(String),
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
    /// Whether there may be a password to ask for.
    pub has_password: bool,
    /// TLS settings; without them the connection is not encrypted.
    pub tls: Option<TlsConfig>,
}

impl ConnectionConfig {
    /// The settings for `tokio_postgres`, with one of the hosts and the password of this one connect.
    ///
    /// # Errors
    /// [`ConfigError`] when there is no user, or the host is of a kind that this system does not know.
    pub fn to_tokio(
        &self,
        host: &HostConfig,
        password: Option<&str>,
    ) -> Result<tokio_postgres::Config, ConfigError> {
        if self.user.is_empty() {
            return Err(ConfigError::NoUser);
        }
        let mut config = tokio_postgres::Config::new();
        self.add_host(host, &mut config)?;
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
        if let Some(timeout) = self.connect_timeout() {
            config.connect_timeout(timeout);
        }
        self.add_keepalive(&mut config);
        self.add_tls(&mut config);
        Ok(config)
    }

    /// How long connecting to a host may take, where the configuration limits it.
    #[must_use]
    pub fn connect_timeout(&self) -> Option<Duration> {
        self.connect_timeout_ms
            .filter(|ms| *ms > 0)
            .map(Duration::from_millis)
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

    fn add_host(
        &self,
        HostConfig { host, port }: &HostConfig,
        config: &mut tokio_postgres::Config,
    ) -> Result<(), ConfigError> {
        if host.is_empty() {
            return Err(ConfigError::NoHost);
        }
        if cfg!(not(unix)) && host.starts_with('/') {
            return Err(ConfigError::SocketFolder(host.clone()));
        }
        config.host(host).port(*port);
        if self.hosts.len() > 1 {
            // Of several servers only the primary can listen and notify.
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        Ok(())
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

    fn add_keepalive(&self, config: &mut tokio_postgres::Config) {
        config.keepalives(self.keep_alive);
        if self.keep_alive {
            config
                .keepalives_idle(KEEPALIVE_IDLE)
                .keepalives_interval(KEEPALIVE_INTERVAL)
                .keepalives_retries(KEEPALIVE_RETRIES)
                .tcp_user_timeout(UNACKNOWLEDGED_LIMIT);
        }
    }

    fn add_tls(&self, config: &mut tokio_postgres::Config) {
        let encrypted = self.tls.is_some();
        config.ssl_mode(if encrypted {
            SslMode::Require
        } else {
            SslMode::Disable
        });
        if encrypted && self.is_direct_tls() {
            config.ssl_negotiation(SslNegotiation::Direct);
        }
        config.channel_binding(if self.channel_binding {
            ChannelBinding::Prefer
        } else {
            ChannelBinding::Disable
        });
    }
}

#[cfg(test)]
mod tests;
