//! Statements with a time limit: the driver has none of its own.

use std::future::Future;
use std::pin::{pin, Pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio_postgres::CancelToken;

use super::driver_error::lost_connection;
use super::route::Route;
use super::session::AlreadySecured;
use crate::error::Result;

/// How long one statement may take: far beyond what a working server needs, even for a large attachment. The
/// connection is given up after it.
pub const STATEMENT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long is waited for a statement that is called off.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(2);

/// The time limit for each statement of a connection.
pub(super) struct Deadline {
    limit: Duration,
    cancel: CancelToken,
    /// Where the request to call a statement off is sent to.
    route: Route,
    /// Whether the server sent something else meanwhile.
    heard: AtomicBool,
}

impl Deadline {
    pub(super) fn new(limit: Duration, cancel: CancelToken, route: Route) -> Self {
        Self {
            limit,
            cancel,
            route,
            heard: AtomicBool::new(false),
        }
    }

    /// The server sent something else than the answer: a backlog may stand before it, and the time starts over.
    pub(super) fn heard(&self) {
        self.heard.store(true, Ordering::Relaxed);
    }

    /// Waits for a statement, but not for ever.
    ///
    /// A statement that is given up is called off as well. One that waits for a lock would otherwise outlive its
    /// connection, and be carried out after all when its messages were long since sent again.
    pub(super) async fn run<T>(&self, statement: impl Future<Output = Result<T>>) -> Result<T> {
        let mut statement = pin!(statement);
        if let Some(answer) = unless_silent(self.limit, &self.heard, statement.as_mut()).await {
            return answer;
        }
        // In a task of its own: when it takes too long to be waited for, it must be called off all the same.
        let calling_off = tokio::spawn(self.call_off());
        let called_off = async {
            // What became of it, the statement tells.
            let _ = calling_off.await;
            statement.await
        };
        match tokio::time::timeout(CANCEL_TIMEOUT, called_off).await {
            // Done at the last moment: what is done must not be done again.
            Ok(Ok(answer)) => Ok(answer),
            _ => {
                Err(lost_connection(None)
                    .with_source(format!("no answer within {} ms", self.limit.as_millis())))
            }
        }
    }

    fn call_off(&self) -> impl Future<Output = ()> + Send + 'static {
        let (cancel, route) = (self.cancel.clone(), self.route.clone());
        async move {
            let asking = async {
                let session = route.open().await.ok()?;
                cancel.cancel_query_raw(session, AlreadySecured).await.ok()
            };
            // A server that cannot be reached for this is as lost as the statement.
            let _ = tokio::time::timeout(STATEMENT_TIMEOUT, asking).await;
        }
    }
}

/// Waits for `work` until nothing was heard for `limit`: `None` then.
async fn unless_silent<T>(
    limit: Duration,
    heard: &AtomicBool,
    mut work: Pin<&mut impl Future<Output = T>>,
) -> Option<T> {
    loop {
        heard.store(false, Ordering::Relaxed);
        if let Ok(done) = tokio::time::timeout(limit, work.as_mut()).await {
            return Some(done);
        }
        if !heard.load(Ordering::Relaxed) {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn gives_up_after_silence() {
        let heard = AtomicBool::new(true);
        let work = pin!(std::future::pending::<()>());
        assert_eq!(unless_silent(LIMIT, &heard, work).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_backlog_before_the_answer_is_no_silence() {
        let heard = AtomicBool::new(false);
        let work = pin!(async {
            for _ in 0..10 {
                tokio::time::sleep(LIMIT / 2).await;
                heard.store(true, Ordering::Relaxed);
            }
            7
        });
        assert_eq!(unless_silent(LIMIT, &heard, work).await, Some(7));
    }
}
