//! Whether a connection hears what others say, found out by trying.

use std::time::Duration;

use tokio_postgres::types::Type;

use super::database::{Listener, Notification};
use super::driver::DriverTask;
use super::driver_error::statement_error;
use super::listener::PgListener;
use super::sql;
use super::target::Target;
use crate::error::{ErrorKind, Result};

/// Nobody is spoken to on it, so it may be left behind in a server process that is not ours.
const CHANNEL: &str = "socket.io-postgres-adapter-canary";

/// How long a notification may take to an idle connection, before a late one is told from none.
const ARRIVAL_TIMEOUT: Duration = Duration::from_secs(1);

/// How long the other connection may take. A pooler of sessions lets it wait when it has none left.
const SINGING_TIMEOUT: Duration = Duration::from_secs(3);

/// How often a late arrival is not believed. A pooler of transactions can have one, should the server process that
/// was left listening be so slow that it speaks up just when it serves this connection again.
const DOUBTS: usize = 2;

/// Whether notifications reach this connection while it is idle.
///
/// # Errors
/// As of the connections.
pub(super) async fn is_heard(listener: &mut PgListener, target: &Target) -> Result<bool> {
    let channels = [CHANNEL.to_owned()];
    listener.listen(&channels).await?;
    for _ in 0..=DOUBTS {
        let song = format!("{:x}", getrandom::u64().unwrap_or(0));
        match tokio::time::timeout(SINGING_TIMEOUT, sing(target, &song)).await {
            Ok(done) => done?,
            // Only a session that is kept from everybody else makes others wait.
            Err(_) => break,
        }
        match hear(listener, &song).await? {
            Heard::AtOnce => break,
            Heard::Late => {}
            Heard::Never => return Ok(false),
        }
    }
    listener.unlisten(&channels).await?;
    Ok(true)
}

/// Sends a notification over a connection of its own.
async fn sing(target: &Target, song: &str) -> Result<()> {
    let connected = target.connect().await?;
    let _driver = DriverTask::spawn(connected.driver);
    connected
        .client
        .query_typed(sql::NOTIFY_ONE, &[(&CHANNEL, Type::TEXT), (&song, Type::TEXT)])
        .await
        .map(drop)
        .map_err(|error| {
            statement_error(
                error,
                ErrorKind::Listen,
                "cannot find out whether listening works",
            )
        })
}

enum Heard {
    AtOnce,
    /// Together with the answer to a query.
    Late,
    Never,
}

async fn hear(listener: &mut PgListener, song: &str) -> Result<Heard> {
    if arrives_within(ARRIVAL_TIMEOUT, listener, song).await? {
        return Ok(Heard::AtOnce);
    }
    // A process that listens tells what there is before it answers, however slow it is.
    listener.probe().await?;
    let is_late = arrives_within(Duration::ZERO, listener, song).await?;
    Ok(if is_late { Heard::Late } else { Heard::Never })
}

async fn arrives_within(limit: Duration, listener: &mut PgListener, song: &str) -> Result<bool> {
    let arrival = async {
        let mut heard: Vec<Notification> = Vec::new();
        while !heard.iter().any(|notification| notification.payload == song) {
            heard.clear();
            listener.receive(&mut heard, 1).await?;
        }
        Ok(true)
    };
    tokio::time::timeout(limit, arrival).await.unwrap_or(Ok(false))
}
