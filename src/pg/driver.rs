//! What moves the bytes of a connection: polled by whoever uses it, or by a task of its own.

use std::time::Duration;

use futures_util::future::poll_fn;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Connection, Error};

use super::session::Session;

/// How long the server may take to say goodbye.
pub(super) const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// What moves the bytes of a connection.
pub(super) type Driver = Box<Connection<Session, Session>>;

/// The task that moves the bytes of a connection; it ends with this value at the latest, even if the peer has
/// vanished without a word.
pub(super) struct DriverTask(JoinHandle<Option<Error>>);

impl DriverTask {
    pub(super) fn spawn(mut driver: Driver) -> Self {
        Self(tokio::spawn(async move {
            // An error ends the connection, and every statement under way learns of it from its own answer.
            loop {
                match poll_fn(|cx| driver.poll_message(cx)).await {
                    Some(Ok(_)) => {}
                    end => return end.and_then(std::result::Result::err),
                }
            }
        }))
    }
}

impl DriverTask {
    /// Waits until the connection has ended; why, if that was an error.
    pub(super) async fn end(&mut self) -> Option<Error> {
        (&mut self.0).await.ok().flatten()
    }

    /// Ends the connection in an orderly way: without its client it says goodbye.
    pub(super) async fn close(mut self, client: Client) {
        drop(client);
        drop(tokio::time::timeout(CLOSE_TIMEOUT, self.end()).await);
    }
}

impl Drop for DriverTask {
    fn drop(&mut self) {
        self.0.abort();
    }
}
