//! Connecting again and again, with backoff, until it works or the engine ends.

use std::future::Future;
use std::time::Duration;

use super::inbox::{Event, Topic};
use super::shared::Shared;
use super::shutdown::Shutdown;
use super::stats::{Link, LinkState};
use crate::cluster::backoff::Backoff;
use crate::error::{Error, Result};

/// Why a task stopped using a connection.
pub enum Ended {
    /// The engine ends.
    Shutdown,
    /// The connection was lost.
    Lost(Error),
}

/// What happened since a connection worked last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing: it works, or is the first one.
    None,
    /// It was lost, and made again at the first attempt.
    SessionLost,
    /// An attempt failed, or the next connection was lost before it worked.
    DatabaseAway,
}

/// Keeps one kind of connection alive.
pub struct Supervisor<'a> {
    shared: &'a Shared,
    link: Link,
    backoff: Backoff,
    /// For what only a person can put right.
    slow_backoff: Backoff,
    trouble: Trouble,
    /// The last error that was reported: the same one is not reported again and again.
    reported: Option<String>,
}

impl<'a> Supervisor<'a> {
    /// A supervisor for this connection.
    pub fn new(shared: &'a Shared, link: Link) -> Self {
        Self {
            shared,
            link,
            backoff: Backoff::default(),
            slow_backoff: Backoff::slow(),
            trouble: Trouble::None,
            reported: None,
        }
    }

    /// Connects, trying as often as it takes. `None` when the engine ends first.
    pub async fn connect<T, F>(&mut self, connect: impl Fn() -> F, shutdown: &mut Shutdown) -> Option<T>
    where
        F: Future<Output = Result<T>>,
    {
        loop {
            match shutdown.or(connect()).await? {
                Ok(connection) => return Some(connection),
                Err(error) => {
                    self.trouble = Trouble::DatabaseAway;
                    let delay = if error.needs_a_person() {
                        self.slow_backoff.next_delay(self.random())
                    } else {
                        self.backoff.next_delay(self.random())
                    };
                    self.report(error);
                    self.debug(Topic::Connection, || {
                        format!("tries again in {} ms", delay.as_millis())
                    });
                    shutdown.or(tokio::time::sleep(delay)).await?;
                }
            }
        }
    }

    /// The connection is ready for use.
    pub fn established(&self) {
        if self.shared.stats.link_is(self.link, LinkState::Connected) {
            self.debug(Topic::Connection, || "connected".into());
            self.shared.tell(Event::Connected(self.link));
        }
    }

    /// The connection has proved to work.
    pub fn works(&mut self) {
        self.backoff.reset();
        self.slow_backoff.reset();
        self.trouble = Trouble::None;
        self.reported = None;
    }

    /// What happened since the connection worked last.
    #[must_use]
    pub fn trouble(&self) -> Trouble {
        self.trouble
    }

    /// The connection was lost. One that has worked is made again at once: nothing is heard in the meantime. One
    /// that fails whenever it is made is not made again without pause.
    /// `None` when the engine ends first.
    pub async fn lost(&mut self, error: Error, shutdown: &mut Shutdown) -> Option<()> {
        if self.shared.stats.link_is(self.link, LinkState::Connecting) {
            self.debug(Topic::Connection, || format!("lost: {error}"));
            self.shared.tell(Event::Disconnected {
                link: self.link,
                code: error.code(),
                reason: error.to_string(),
            });
        }
        self.report(error);
        let has_worked = self.backoff.is_fresh();
        self.trouble = match self.trouble {
            Trouble::None => Trouble::SessionLost,
            Trouble::SessionLost | Trouble::DatabaseAway => Trouble::DatabaseAway,
        };
        let delay = self.backoff.next_delay(self.random());
        shutdown
            .or(tokio::time::sleep(if has_worked {
                Duration::ZERO
            } else {
                delay
            }))
            .await
    }

    /// Zero, hence no jitter, should the system have no randomness to give.
    fn random(&self) -> u64 {
        self.shared.randomness.next().unwrap_or(0)
    }

    fn debug(&self, topic: Topic, what: impl FnOnce() -> String) {
        self.shared
            .debug(topic, || format!("{}: {}", self.link.name(), what()));
    }

    fn report(&mut self, error: Error) {
        let error = error.of(self.link.name());
        let text = error.to_string();
        if self.reported.as_ref() == Some(&text) {
            self.shared.debug(Topic::Error, || text);
            return;
        }
        self.reported = Some(text);
        self.shared.inbox.report(error);
    }
}

impl Drop for Supervisor<'_> {
    /// Nobody makes the connection again.
    fn drop(&mut self) {
        self.shared.stats.link_is(self.link, LinkState::Closed);
    }
}
