//! A real server: a schema for each test, and a connection to look behind the scenes.

use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use serde_json::{json, Value};
use socketio_postgres_adapter::cluster::batch::Outgoing;
use socketio_postgres_adapter::pg::connect::PgDatabase;
use socketio_postgres_adapter::pg::database::{Database, FetchLimits, Listener, Notification, Stored};
use socketio_postgres_adapter::pg::listener::PgListener;
use socketio_postgres_adapter::pg::publisher::PgPublisher;
use socketio_postgres_adapter::pg::target::{Password, Target};
use tokio_postgres::config::Host;
use tokio_postgres::{Client, Config, NoTls};

/// How long something may take: far beyond what a slow machine needs.
const PATIENCE: Duration = Duration::from_secs(20);

/// The server, and the schema of one test.
pub struct RealServer {
    config: Config,
    /// For everything that the tested connections do not do themselves.
    pub admin: Client,
    /// The schema, also the start of all other names; needs no quotes.
    pub schema: String,
}

impl RealServer {
    /// The server to test against; `None`, and a line that says so, when none is named.
    pub async fn from_environment() -> Option<Self> {
        let Ok(url) = std::env::var("TEST_DATABASE_URL") else {
            println!("left out: TEST_DATABASE_URL names no server");
            return None;
        };
        let config = Config::from_str(&url).expect("TEST_DATABASE_URL is a connection string");
        let (admin, connection) = config
            .connect(NoTls)
            .await
            .expect("the server accepts connections");
        tokio::spawn(connection);
        let server = Self {
            config,
            admin,
            schema: unique_name(),
        };
        server.run(&format!("CREATE SCHEMA {}", server.schema)).await;
        Some(server)
    }

    /// Removes the schema and all that is in it.
    pub async fn clean_up(self) {
        self.run(&format!("DROP SCHEMA {} CASCADE", self.schema)).await;
    }

    /// Runs statements as the administrator.
    pub async fn run(&self, sql: &str) {
        self.admin
            .batch_execute(sql)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    /// The number that a query gives.
    pub async fn number(&self, sql: &str) -> i64 {
        let row = self.admin.query_one(sql, &[]).await;
        row.unwrap_or_else(|error| panic!("{sql}: {error:?}")).get(0)
    }

    /// The table `attachments` in the schema of the test.
    pub fn table(&self) -> String {
        format!("{}.attachments", self.schema)
    }

    /// How many rows a table has.
    pub async fn rows(&self, table: &str) -> i64 {
        self.number(&format!("SELECT count(*) FROM {table}")).await
    }

    /// Keeps everybody from that table until [`RealServer::unlock_table`].
    pub async fn lock_table(&self) {
        self.run(&format!(
            "BEGIN; LOCK TABLE {} IN ACCESS EXCLUSIVE MODE",
            self.table()
        ))
        .await;
    }

    /// Lets everybody have the table again.
    pub async fn unlock_table(&self) {
        self.run("COMMIT").await;
    }

    /// The name of the role that a test can have.
    pub fn role(&self) -> String {
        format!("{}_role", self.schema)
    }

    /// Creates that role; returns the settings with which one logs in as it.
    pub async fn create_role(&self) -> Value {
        let role = self.role();
        self.run(&format!("CREATE ROLE {role} LOGIN PASSWORD 'secret'"))
            .await;
        json!({ "user": role, "password": "secret" })
    }

    /// Removes the role and its rights.
    pub async fn drop_role(&self) {
        let role = self.role();
        self.run(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
    }

    /// A connection that publishes, by way of the table of the test.
    pub async fn publisher(&self) -> PgPublisher {
        self.database(&self.table()).connect_publisher().await.unwrap()
    }

    /// The database as the adapter sees it.
    pub fn database(&self, table: &str) -> PgDatabase {
        self.database_with(table, &json!({}))
    }

    /// The same with some settings changed. The `password` is one of them.
    pub fn database_with(&self, table: &str, changes: &Value) -> PgDatabase {
        let mut settings = json!({
            "hosts": [{ "host": self.host(), "port": self.config.get_ports().first().unwrap_or(&5432) }],
            "user": self.config.get_user(),
            "database": self.config.get_dbname(),
            "applicationName": self.schema,
            "keepAlive": true,
            "sslNegotiation": "postgres",
            "channelBinding": false,
            "scramMaxIterations": 100_000,
        });
        for (name, value) in changes.as_object().unwrap() {
            settings[name] = value.clone();
        }
        let own = self
            .config
            .get_password()
            .map(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
        let password = changes["password"].as_str().map(str::to_owned).or(own);
        let source = Box::new(move || {
            let password = password.clone();
            Box::pin(async move { Ok(password.map(Password::new)) }) as _
        });
        let judge = Box::new(|_| unreachable!("there is no TLS"));
        let target = Target::new(serde_json::from_value(settings).unwrap(), None, source, judge).unwrap();
        PgDatabase::new(target, table).unwrap()
    }

    fn host(&self) -> String {
        match &self.config.get_hosts()[0] {
            Host::Tcp(name) => name.clone(),
            #[cfg(unix)]
            Host::Unix(folder) => folder.display().to_string(),
        }
    }

    /// Ends all connections of the test but the administrator's, as the operator can.
    pub async fn kill_connections(&self) {
        self.run(&format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{}'",
            self.schema
        ))
        .await;
    }

    /// How many connections of the test there are but the administrator's.
    pub async fn connections(&self) -> i64 {
        let query = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = '{}'",
            self.schema
        );
        self.number(&query).await
    }

    /// Waits until the server has no connection of the test left but the administrator's.
    pub async fn has_no_connections(&self) {
        let start = Instant::now();
        while self.connections().await > 0 {
            assert!(start.elapsed() < PATIENCE, "connections are left");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

/// A name that no other test, in this run or another, uses.
fn unique_name() -> String {
    static LAST: AtomicU32 = AtomicU32::new(0);
    let number = LAST.fetch_add(1, Ordering::Relaxed);
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos();
    format!("test_{:x}_{now:x}_{number}", std::process::id())
}

/// A connection that listens on the channel of the test, and one that publishes.
pub async fn pair(server: &RealServer, database: &PgDatabase) -> (PgListener, PgPublisher) {
    let mut listener = database.connect_listener().await.unwrap();
    listener
        .listen(std::slice::from_ref(&server.schema))
        .await
        .unwrap();
    (listener, database.connect_publisher().await.unwrap())
}

/// A message without attachment.
pub fn inline(channel: &str, text: &str) -> Outgoing {
    Outgoing::inline(Arc::from(channel), text.into())
}

/// A message with an attachment; its header has nothing but the id.
pub fn attached(channel: &str, bytes: &[u8]) -> Outgoing {
    Outgoing::attached(Arc::from(channel), r#"{"attachmentId":""#.into(), bytes.to_vec())
}

/// The id in such a header.
pub fn id_in(payload: &str) -> i64 {
    let header: Value = serde_json::from_str(payload).unwrap();
    header["attachmentId"].as_str().unwrap().parse().unwrap()
}

/// Waits for so many notifications.
pub async fn receive(listener: &mut impl Listener, count: usize) -> Vec<Notification> {
    let mut all = Vec::new();
    while all.len() < count {
        let mut some = Vec::new();
        let received = tokio::time::timeout(PATIENCE, listener.receive(&mut some, 512)).await;
        received.expect("a notification arrives").unwrap();
        all.append(&mut some);
    }
    all
}

/// More than any test stores.
pub const NO_LIMITS: FetchLimits = FetchLimits {
    each: 1 << 30,
    total: 1 << 30,
};

/// Reads attachments; a row that is gone is none.
pub async fn contents(listener: &mut impl Listener, ids: &[i64]) -> Vec<Option<Vec<u8>>> {
    let rows = listener.fetch(ids, NO_LIMITS).await.unwrap();
    let content = |row| match row {
        Stored::Content(bytes) => Some(bytes),
        Stored::Gone => None,
        Stored::TooLarge(bytes) => panic!("{bytes} bytes are too many"),
    };
    rows.into_iter().map(content).collect()
}

/// Waits for so many notifications; returns their payloads.
pub async fn payloads(listener: &mut impl Listener, count: usize) -> Vec<String> {
    let notifications = receive(listener, count).await;
    notifications
        .into_iter()
        .map(|notification| notification.payload)
        .collect()
}
