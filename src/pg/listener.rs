//! The connection that listens: one task polls it, for notifications and for answers alike.

use std::future::Future;
use std::pin::pin;
use std::task::{ready, Context, Poll};

use futures_util::future::poll_fn;
use tokio_postgres::{AsyncMessage, Client};

use super::attachments;
use super::connect::{lost_connection, statement_error, Driver, CLOSE_TIMEOUT};
use super::database::{FetchLimits, Listener, Notification, Stored};
use super::deadline::Deadline;
use super::sql::{self, TableStatements};
use crate::error::{ErrorKind, Result};

/// A listening connection.
///
/// There is no background task: whoever waits for notifications or for an answer polls the connection. So a
/// receiver that is behind stops reading the socket, and PostgreSQL keeps what comes; and no answer can wait
/// behind notifications that nobody takes.
pub struct PgListener {
    client: Client,
    driver: Driver,
    statements: TableStatements,
    deadline: Deadline,
    /// Notifications that arrived while an answer was awaited.
    early: Vec<Notification>,
}

impl PgListener {
    pub(super) fn new(
        client: Client,
        driver: Driver,
        statements: TableStatements,
        deadline: Deadline,
    ) -> Self {
        Self {
            client,
            driver,
            statements,
            deadline,
            early: Vec::new(),
        }
    }

    async fn execute(&mut self, sql: &str, what: &str) -> Result<()> {
        let query = async {
            let done = self.client.batch_execute(sql).await;
            done.map_err(|error| statement_error(error, ErrorKind::Listen, what))
        };
        let answer = drive(&mut self.driver, &mut self.early, &self.deadline, query);
        self.deadline.run(answer).await
    }
}

impl Listener for PgListener {
    async fn listen(&mut self, channels: &[String]) -> Result<()> {
        if channels.is_empty() {
            return Ok(());
        }
        self.execute(&sql::listen(channels), "cannot listen").await
    }

    async fn unlisten(&mut self, channels: &[String]) -> Result<()> {
        if channels.is_empty() {
            return Ok(());
        }
        self.execute(&sql::unlisten(channels), "cannot stop listening")
            .await
    }

    async fn receive(&mut self, notifications: &mut Vec<Notification>, most: usize) -> Result<()> {
        notifications.append(&mut self.early);
        poll_fn(|cx| loop {
            if notifications.len() >= most {
                return Poll::Ready(Ok(()));
            }
            match poll_notification(&mut self.driver, cx) {
                Poll::Ready(Ok(Some(notification))) => notifications.push(notification),
                Poll::Ready(Ok(None)) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending if notifications.is_empty() => return Poll::Pending,
                Poll::Pending => return Poll::Ready(Ok(())),
            }
        })
        .await
    }

    async fn fetch(&mut self, ids: &[i64], limits: FetchLimits) -> Result<Vec<Stored>> {
        let query = attachments::fetch(&self.client, &self.statements, ids, limits);
        let answer = drive(&mut self.driver, &mut self.early, &self.deadline, query);
        self.deadline.run(answer).await
    }

    async fn probe(&mut self) -> Result<()> {
        self.execute(sql::PROBE, "the server gives no sign of life").await
    }

    async fn close(self) {
        let Self {
            client, mut driver, ..
        } = self;
        // Without its client the connection says goodbye and ends.
        drop(client);
        let mut ignored = Vec::new();
        let end = async {
            while poll_fn(|cx| poll_into(&mut driver, &mut ignored, cx))
                .await
                .is_ok()
            {
                ignored.clear();
            }
        };
        drop(tokio::time::timeout(CLOSE_TIMEOUT, end).await);
    }
}

/// Polls the connection until `query` is answered; notifications that come meanwhile are kept.
async fn drive<T>(
    driver: &mut Driver,
    early: &mut Vec<Notification>,
    deadline: &Deadline,
    query: impl Future<Output = Result<T>>,
) -> Result<T> {
    let mut query = pin!(query);
    poll_fn(|cx| {
        // The query first: it hands its request to the connection, which sends it when polled next.
        loop {
            if let Poll::Ready(answer) = query.as_mut().poll(cx) {
                return Poll::Ready(answer);
            }
            if let Err(error) = ready!(poll_into(driver, early, cx)) {
                // The query knows best why it failed, if it was the query.
                return match query.as_mut().poll(cx) {
                    Poll::Ready(answer) => Poll::Ready(answer),
                    Poll::Pending => Poll::Ready(Err(error)),
                };
            }
            deadline.heard();
        }
    })
    .await
}

/// Takes one message from the connection.
fn poll_into(
    driver: &mut Driver,
    notifications: &mut Vec<Notification>,
    cx: &mut Context<'_>,
) -> Poll<Result<()>> {
    let notification = ready!(poll_notification(driver, cx))?;
    notifications.extend(notification);
    Poll::Ready(Ok(()))
}

/// Takes one message from the connection: a notification, or something else (`None`).
fn poll_notification(driver: &mut Driver, cx: &mut Context<'_>) -> Poll<Result<Option<Notification>>> {
    match ready!(driver.poll_message(cx)) {
        Some(Ok(AsyncMessage::Notification(notification))) => Poll::Ready(Ok(Some(Notification {
            channel: notification.channel().to_owned(),
            payload: notification.payload().to_owned(),
        }))),
        Some(Ok(_)) => Poll::Ready(Ok(None)),
        Some(Err(error)) => Poll::Ready(Err(lost_connection(Some(error)))),
        None => Poll::Ready(Err(lost_connection(None))),
    }
}
