//! What moves the bytes of a connection: polled by whoever uses it, or by a task of its own.

use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::poll_fn;
use tokio::task::JoinHandle;
use tokio_postgres::tls::{MakeTlsConnect, NoTlsStream};
use tokio_postgres::{AsyncMessage, Client, Connection, Error, Socket};

use super::tls::TlsConnector;

/// How long the server may take to say goodbye.
pub(super) const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// What moves the bytes of a connection.
pub(super) enum Driver {
    Plain(Box<Connection<Socket, NoTlsStream>>),
    Tls(Box<Connection<Socket, <TlsConnector as MakeTlsConnect<Socket>>::Stream>>),
}

impl Driver {
    /// The next message that no statement waits for; `None` when the connection has ended.
    pub(super) fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<AsyncMessage, Error>>> {
        match self {
            Self::Plain(connection) => connection.poll_message(cx),
            Self::Tls(connection) => connection.poll_message(cx),
        }
    }
}

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
