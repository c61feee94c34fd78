//! One place to connect to: the settings, how TLS is done there, and who knows the password.

use std::future::Future;
use std::pin::{pin, Pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::future::poll_fn;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, SimpleQueryMessage};
use zeroize::Zeroizing;

use super::config::{ConnectionConfig, HostConfig};
use super::deadline::Deadline;
use super::driver::Driver;
use super::driver_error::statement_error;
use super::route::{OpenError, Route, Security};
use super::session::{AlreadySecured, HeavyWork};
use super::socket::Address;
use super::sql;
use super::tls::verdict::{Judge, Verdicts};
use super::tls::{PrivateKey, TlsConnector};
use crate::error::{Error, ErrorKind, Result};

/// A password for one connect.
pub type Password = Zeroizing<String>;

/// Asks the application for the password: called once for each connection.
pub type PasswordSource =
    Box<dyn Fn() -> Pin<Box<dyn Future<Output = Result<Option<Password>>> + Send>> + Send + Sync>;

/// A server that can be connected to.
pub struct Target {
    config: Arc<ConnectionConfig>,
    security: Option<Arc<Security>>,
    password: PasswordSource,
}

/// A connection that has logged in.
pub(super) struct Connected {
    pub(super) client: Client,
    pub(super) driver: Driver,
    route: Route,
}

impl Connected {
    /// A time limit for the statements of this connection.
    pub(super) fn deadline(&self, limit: Duration) -> Deadline {
        Deadline::new(limit, self.client.cancel_token(), self.route.clone())
    }
}

impl Target {
    /// Prepares the TLS settings; connects to nothing. `key` is the one of the client's certificate; `judge` decides
    /// which certificates of servers are acceptable.
    ///
    /// # Errors
    /// [`ErrorKind::Options`] when the settings are unusable.
    pub fn new(
        config: ConnectionConfig,
        key: Option<&PrivateKey>,
        password: PasswordSource,
        judge: Judge,
    ) -> Result<Self> {
        let unusable = |what: &str, error| Error::new(ErrorKind::Options, what).with_source(error);
        config
            .check()
            .map_err(|error| unusable("the connection settings are unusable", error))?;
        let connector = config
            .tls
            .as_ref()
            .map(|settings| TlsConnector::new(settings, key, config.is_direct_tls()))
            .transpose()
            .map_err(|error| unusable("the \"ssl\" settings are unusable", error))?;
        let security = connector.map(|connector| {
            let verdicts = Verdicts::new(judge);
            Arc::new(Security { connector, verdicts })
        });
        Ok(Self {
            config: Arc::new(config),
            security,
            password,
        })
    }

    /// Where this is, without secrets: `user@host:port/database`.
    #[must_use]
    pub fn describe(&self) -> String {
        self.config.describe()
    }

    /// Connects to the first host that will do.
    pub(super) async fn connect(&self) -> Result<Connected> {
        let limit = self.config.connect_limit();
        let password = in_time(limit, &self.attempt_at(None), (self.password)()).await?;
        let mut failures = Vec::new();
        for host in &self.config.hosts {
            let attempt = self.connect_to(host, password.as_ref().map(|text| text.as_str()));
            match attempt.await {
                Ok(connected) => return Ok(connected),
                // The others would refuse as well, and count it.
                Err(error) if error.needs_a_person() => return Err(error),
                Err(error) => failures.push(error),
            }
        }
        Err(failure_of_all(failures))
    }

    /// What was tried, for messages.
    fn attempt_at(&self, host: Option<&HostConfig>) -> String {
        let place = host.map_or_else(|| self.describe(), |host| self.config.describe_host(host));
        format!("cannot connect to {place}")
    }

    /// Tries the addresses of a host, one after the other, until a server answers. They share out the time of the host:
    /// one that does not answer must not use up that of the others.
    async fn connect_to(&self, host: &HostConfig, password: Option<&str>) -> Result<Connected> {
        let (limit, what) = (self.config.host_limit(), self.attempt_at(Some(host)));
        let resolved = async {
            if host.is_socket_folder() {
                return Ok(vec![Address::in_folder(&host.host, host.port)]);
            }
            let addresses = Address::resolve(&host.host, host.port).await;
            addresses.map_err(|error| self.failure(host, error.into()))
        };
        let addresses = in_time(limit, &what, resolved).await?;
        let limit = limit / u32::try_from(addresses.len()).unwrap_or(u32::MAX).max(1);
        let mut failure = None;
        for address in addresses {
            let route = Route {
                config: Arc::clone(&self.config),
                security: self.security.clone(),
                host: host.clone(),
                address,
                known: None,
            };
            match in_time(limit, &what, self.connect_by(route, password)).await {
                // The same server would answer the same at its other addresses.
                Err(error) if error.sqlstate().is_none() => failure = Some(error),
                done => return done,
            }
        }
        Err(failure.unwrap_or_else(|| self.failure(host, "the name has no address".into())))
    }

    async fn connect_by(&self, mut route: Route, password: Option<&str>) -> Result<Connected> {
        let mut answer = self.log_in(&mut route, &self.config, password).await?;
        let is_refused = answer.as_ref().is_err_and(refuses_options);
        if is_refused && self.config.options.is_none() {
            // Time limits are of no consequence here, every statement has one of its own.
            let unlimited = self.config.without_time_limits();
            answer = self.log_in(&mut route, &unlimited, password).await?;
        }
        let (client, mut driver) = answer.map_err(|error| self.refusal(&route.host, error))?;
        if self.config.hosts.len() > 1 {
            // Of several servers only the primary can listen and notify.
            self.refuse_read_only(&route.host, &client, &mut driver).await?;
        }
        Ok(Connected {
            client,
            driver,
            route,
        })
    }

    async fn log_in(
        &self,
        route: &mut Route,
        config: &ConnectionConfig,
        password: Option<&str>,
    ) -> Result<std::result::Result<(Client, Driver), tokio_postgres::Error>> {
        let opened = route.open().await;
        let session = opened.map_err(|error| self.failure(&route.host, error))?;
        route.known = session.certificate();
        let login = config.to_tokio(password);
        let heavy_work = session.heavy_work();
        let answer = unhurried(heavy_work, login.connect_raw(session, AlreadySecured)).await;
        Ok(answer.map(|(client, connection)| (client, Box::new(connection))))
    }

    async fn refuse_read_only(&self, host: &HostConfig, client: &Client, driver: &mut Driver) -> Result<()> {
        let question = client.simple_query(sql::IS_READ_ONLY);
        let answer = answered(driver, question).await;
        let rows = answer.map_err(|error| self.refusal(host, error))?;
        let is_read_only = rows.iter().any(|row| match row {
            SimpleQueryMessage::Row(row) => row.get(0) == Some("on"),
            _ => false,
        });
        if is_read_only {
            return Err(self.failure(host, "database does not allow writes".into()));
        }
        Ok(())
    }

    fn failure(&self, host: &HostConfig, error: OpenError) -> Error {
        Error::new(ErrorKind::Connection, self.attempt_at(Some(host))).with_source(error)
    }

    /// What a login that came to nothing means.
    fn refusal(&self, host: &HostConfig, error: tokio_postgres::Error) -> Error {
        let mut context = self.attempt_at(Some(host));
        if refuses_options(&error) {
            context += " with the setting \"options\", which the pooler there refuses: leave it out, or add \
                        \"options\" to its ignore_startup_parameters";
        }
        statement_error(error, ErrorKind::Connection, context).with_kind(ErrorKind::Connection)
    }
}

/// A time limit for `work`; the error says what was tried.
async fn in_time<T>(limit: Duration, what: &str, work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::time::timeout(limit, work).await.unwrap_or_else(|_| {
        Err(Error::new(ErrorKind::Connection, what)
            .with_source(format!("no answer within {} ms", limit.as_millis())))
    })
}

/// Polls `driver` until `query` is answered.
async fn answered<T>(
    driver: &mut Driver,
    query: impl Future<Output = std::result::Result<T, tokio_postgres::Error>>,
) -> std::result::Result<T, tokio_postgres::Error> {
    let mut query = pin!(query);
    poll_fn(|cx| loop {
        if let Poll::Ready(answer) = query.as_mut().poll(cx) {
            return Poll::Ready(answer);
        }
        match std::task::ready!(driver.poll_message(cx)) {
            Some(Ok(_)) => {}
            Some(Err(error)) => return Poll::Ready(Err(error)),
            // The query learns of it.
            None => return query.as_mut().poll(cx),
        }
    })
    .await
}

/// Does work of which a part can need the processor for long, such as the hash of a password, without holding up the
/// other tasks of a runtime that has one worker only.
async fn unhurried<T>(heavy_work: HeavyWork, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    poll_fn(|cx| {
        let has_others = Handle::current().runtime_flavor() == RuntimeFlavor::MultiThread;
        if heavy_work.is_next() && has_others {
            // Another thread takes over the tasks meanwhile.
            tokio::task::block_in_place(|| work.as_mut().poll(cx))
        } else {
            work.as_mut().poll(cx)
        }
    })
    .await
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
