//! The connection that listens: one task polls it, for notifications and for answers alike.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{ready, Context, Poll};
use std::time::Duration;

use futures_util::future::poll_fn;
use tokio_postgres::{AsyncMessage, Client};

use super::aside::Aside;
use super::attachments;
use super::canary;
use super::database::{FetchLimits, Listener, Notification, Stored};
use super::deadline::Deadline;
use super::driver::{Driver, CLOSE_TIMEOUT};
use super::driver_error::{lost_connection, statement_error};
use super::pooler;
use super::sql::{self, TableStatements};
use super::target::{Connected, Target};
use super::watch::Watch;
use crate::error::{Error, ErrorKind, Result};

/// How much may arrive while an answer is awaited, in bytes, before the answer is not waited for any longer.
const MOST_EARLY_BYTES: usize = 16 * 1024 * 1024;
/// What a notification weighs beside its payload, in bytes.
const NOTIFICATION_OVERHEAD_BYTES: usize = 128;

/// A listening connection.
///
/// There is no background task: whoever waits for notifications or for an answer polls the connection. So a
/// receiver that is behind stops reading the socket, and PostgreSQL keeps what comes; and no answer can wait
/// behind notifications that nobody takes.
pub struct PgListener {
    client: Arc<Client>,
    inbound: Inbound,
    statements: TableStatements,
    deadline: Deadline,
    aside: Aside,
}

/// What comes over the connection.
struct Inbound {
    driver: Driver,
    watch: Watch,
    /// Notifications that arrived while an answer was awaited.
    early: Vec<Notification>,
    /// What those weigh.
    early_bytes: usize,
}

impl PgListener {
    pub(super) fn new(
        connected: Connected,
        statements: TableStatements,
        deadline: Deadline,
        aside: Aside,
        watch_tick: Duration,
    ) -> Self {
        let client = Arc::new(connected.client);
        let inbound = Inbound {
            driver: connected.driver,
            watch: Watch::new(Arc::clone(&client), watch_tick),
            early: Vec::new(),
            early_bytes: 0,
        };
        Self {
            client,
            inbound,
            statements,
            deadline,
            aside,
        }
    }

    /// Makes sure that notifications arrive here, before anybody relies on it: behind a pooler that lends a server
    /// process for one transaction only, `LISTEN` succeeds, and nothing is ever heard.
    ///
    /// # Errors
    /// [`ErrorKind::Pooler`] when nothing is heard; those of the connection.
    pub(super) async fn verify_listening(&mut self, target: &Target) -> Result<()> {
        if self.is_direct().await? || canary::is_heard(self, target).await? {
            self.inbound.take_early();
            return Ok(());
        }
        let context = format!(
            "cannot listen at {}: the pooler there lends a connection of PostgreSQL for one transaction at a time, and \
             notifications get lost. Give the listener a direct way to PostgreSQL with the option \"listenPool\", or \
             set the pooler to session mode",
            target.describe()
        );
        Err(Error::new(ErrorKind::Pooler, context))
    }

    /// Waits for an answer: what the server had to tell before has arrived by then.
    pub(super) async fn probe(&mut self) -> Result<()> {
        self.execute(sql::PROBE, "the server gives no sign of life").await
    }

    /// Whether no pooler is in between: the server process is the one that was told at login.
    async fn is_direct(&mut self) -> Result<bool> {
        let told = pooler::told_process_id(&self.client).await;
        let query = async {
            let answer = self.client.query_typed_one(sql::PROCESS_ID, &[]).await;
            answer
                .and_then(|row| row.try_get(0))
                .map_err(|error| statement_error(error, ErrorKind::Listen, "cannot ask who serves"))
        };
        let answer = self.inbound.drive(&self.deadline, MOST_EARLY_BYTES, query);
        let serving: Option<i32> = self.deadline.run(answer).await?;
        Ok(told.is_some() && told == serving)
    }

    /// Has a statement carried out. Behind a backlog its answer is not waited for: nothing is sent over this connection
    /// that could overtake it, and should it be refused the watch notices.
    async fn execute(&mut self, sql: &str, what: &str) -> Result<()> {
        let query = async {
            let done = self.client.batch_execute(sql).await;
            done.map_err(|error| statement_error(error, ErrorKind::Listen, what))
        };
        let answer = self.inbound.drive(&self.deadline, MOST_EARLY_BYTES, query);
        self.deadline.run(answer).await.map(|_| ())
    }

    /// Reads attachments over this connection; `None` when more than `most_early` bytes came before the answer.
    async fn fetch_here(
        &mut self,
        ids: &[i64],
        limits: FetchLimits,
        most_early: usize,
    ) -> Result<Option<Vec<Stored>>> {
        let query = attachments::fetch(&self.client, &self.statements, ids, limits);
        let answer = self.inbound.drive(&self.deadline, most_early, query);
        self.deadline.run(answer).await
    }
}

impl Listener for PgListener {
    async fn listen(&mut self, channels: &[String]) -> Result<()> {
        if channels.is_empty() {
            return Ok(());
        }
        let what = match channels {
            [channel] => format!("cannot listen on {channel}"),
            _ => "cannot listen".to_owned(),
        };
        self.execute(&sql::listen(channels), &what).await?;
        self.inbound.watch.expect(channels);
        Ok(())
    }

    async fn unlisten(&mut self, channels: &[String]) -> Result<()> {
        if channels.is_empty() {
            return Ok(());
        }
        self.inbound.watch.forget(channels);
        self.execute(&sql::unlisten(channels), "cannot stop listening")
            .await
    }

    async fn receive(&mut self, notifications: &mut Vec<Notification>, most: usize) -> Result<()> {
        notifications.append(&mut self.inbound.take_early());
        let (inbound, aside) = (&mut self.inbound, &mut self.aside);
        poll_fn(|cx| loop {
            if notifications.len() >= most {
                return Poll::Ready(Ok(()));
            }
            match inbound.poll(cx) {
                Poll::Ready(Ok(Some(notification))) => notifications.push(notification),
                Poll::Ready(Ok(None)) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    aside.close();
                    return if notifications.is_empty() {
                        Poll::Pending
                    } else {
                        Poll::Ready(Ok(()))
                    };
                }
            }
        })
        .await
    }

    async fn fetch(&mut self, ids: &[i64], limits: FetchLimits) -> Result<Vec<Stored>> {
        if !self.aside.is_open() {
            if let Some(rows) = self.fetch_here(ids, limits, MOST_EARLY_BYTES).await? {
                return Ok(rows);
            }
        }
        match self.aside.fetch(ids, limits).await {
            // Rather much memory than nothing delivered: there may be no connection left to be had.
            Err(error) if error.is_retryable() => {
                let rows = self.fetch_here(ids, limits, usize::MAX).await?;
                rows.ok_or(error)
            }
            rows => rows,
        }
    }

    async fn close(self) {
        let Self { client, inbound, .. } = self;
        let Inbound {
            mut driver, watch, ..
        } = inbound;
        // Without its client the connection says goodbye and ends.
        drop((client, watch));
        let end = poll_fn(|cx| {
            while let Some(Ok(_)) = ready!(driver.poll_message(cx)) {}
            Poll::Ready(())
        });
        drop(tokio::time::timeout(CLOSE_TIMEOUT, end).await);
    }
}

impl Inbound {
    /// Polls the connection until `query` is answered; notifications that come meanwhile are kept. `None` once they
    /// weigh more than `most_early` bytes.
    async fn drive<T>(
        &mut self,
        deadline: &Deadline,
        most_early: usize,
        query: impl Future<Output = Result<T>>,
    ) -> Result<Option<T>> {
        let mut query = pin!(query);
        poll_fn(|cx| {
            // The query first: it hands its request to the connection, which sends it when polled next.
            loop {
                if let Poll::Ready(answer) = query.as_mut().poll(cx) {
                    return Poll::Ready(answer.map(Some));
                }
                if self.early_bytes > most_early {
                    return Poll::Ready(Ok(None));
                }
                match ready!(self.poll(cx)) {
                    Ok(Some(notification)) => self.keep(notification),
                    Ok(None) => {}
                    // The query knows best why it failed, if it was the query.
                    Err(error) => {
                        return match query.as_mut().poll(cx) {
                            Poll::Ready(answer) => Poll::Ready(answer.map(Some)),
                            Poll::Pending => Poll::Ready(Err(error)),
                        }
                    }
                }
                deadline.heard();
            }
        })
        .await
    }

    fn keep(&mut self, notification: Notification) {
        self.early_bytes += notification.payload.len() + NOTIFICATION_OVERHEAD_BYTES;
        self.early.push(notification);
    }

    fn take_early(&mut self) -> Vec<Notification> {
        self.early_bytes = 0;
        std::mem::take(&mut self.early)
    }

    /// Takes one message from the connection: a notification, or something else (`None`).
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Notification>>> {
        match self.driver.poll_message(cx) {
            Poll::Pending => self.watch.poll(cx).map(Err),
            Poll::Ready(Some(Ok(AsyncMessage::Notification(notification)))) => {
                Poll::Ready(Ok(Some(Notification {
                    channel: notification.channel().to_owned(),
                    payload: notification.payload().to_owned(),
                })))
            }
            Poll::Ready(Some(Ok(_))) => Poll::Ready(Ok(None)),
            Poll::Ready(Some(Err(error))) => Poll::Ready(Err(lost_connection(Some(error)))),
            Poll::Ready(None) => Poll::Ready(Err(lost_connection(None))),
        }
    }
}
