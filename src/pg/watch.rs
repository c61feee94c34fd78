//! Whether a session still listens: asked every few seconds, over the connection that brings the notifications, and
//! without holding up any of them.
//!
//! Other traffic proves little: it may come in while nothing gets out any more, and of other channels only.

use std::collections::HashSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{ready, Context, Poll};
use std::time::Duration;

use tokio::time::{interval_at, Instant, Interval, MissedTickBehavior};
use tokio_postgres::{Client, SimpleQueryMessage};

use super::driver_error::{lost_connection, statement_error};
use super::sql;
use crate::error::{Error, ErrorKind, Result};

/// What time is counted in. A tick passes only while the connection is polled and has brought all there was: neither
/// a receiver that is behind nor a process that was frozen takes the server for silent.
pub(super) const TICK: Duration = Duration::from_secs(1);
/// Ticks after a proof until the next one is asked for.
const ASK_AFTER: u32 = 5;
/// Ticks after a proof until the connection is given up: what fell silent is replaced within 15 seconds.
const GIVE_UP_AFTER: u32 = 13;

type Answer = Pin<Box<dyn Future<Output = Result<HashSet<String>>> + Send>>;

/// The watch over one session.
pub(super) struct Watch {
    client: Arc<Client>,
    /// What the session is to listen on.
    channels: HashSet<String>,
    ticks: Interval,
    /// Ticks since the last proof.
    unproved: u32,
    /// The answer that is awaited.
    answer: Option<Answer>,
}

impl Watch {
    pub(super) fn new(client: Arc<Client>, tick: Duration) -> Self {
        let mut ticks = interval_at(Instant::now() + tick, tick);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            client,
            channels: HashSet::new(),
            ticks,
            unproved: 0,
            answer: None,
        }
    }

    /// The server has confirmed that it listens on these as well.
    pub(super) fn expect(&mut self, channels: &[String]) {
        self.channels.extend(channels.iter().cloned());
        self.proved();
    }

    /// From now on the server may stop listening on these.
    pub(super) fn forget(&mut self, channels: &[String]) {
        self.channels.retain(|channel| !channels.contains(channel));
    }

    /// Also an answer that is under way counts no more: it does not know of later changes.
    fn proved(&mut self) {
        self.unproved = 0;
        self.answer = None;
    }

    /// To be polled whenever the connection has brought all there was. Ready when it has to be given up.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Error> {
        loop {
            if let Some(Poll::Ready(answer)) = self.answer.as_mut().map(|answer| answer.as_mut().poll(cx)) {
                self.proved();
                if let Some(error) = self.fault_in(answer) {
                    return Poll::Ready(error);
                }
            }
            ready!(self.ticks.poll_tick(cx));
            self.unproved += 1;
            if self.unproved >= GIVE_UP_AFTER {
                let limit = self.ticks.period() * (GIVE_UP_AFTER - ASK_AFTER);
                let cause = format!("no answer within {} ms", limit.as_millis());
                return Poll::Ready(lost_connection(None).with_source(cause));
            }
            if self.unproved == ASK_AFTER {
                self.answer = Some(Box::pin(listening_channels(Arc::clone(&self.client))));
            }
        }
    }

    fn fault_in(&self, answer: Result<HashSet<String>>) -> Option<Error> {
        match answer {
            Ok(heard) => {
                let missing = self.channels.difference(&heard).count();
                (missing > 0).then(|| {
                    let context = format!(
                        "the session no longer listens on {missing} of {} channels; did somebody run UNLISTEN in it?",
                        self.channels.len()
                    );
                    Error::new(ErrorKind::Connection, context)
                })
            }
            Err(error) if error.is_retryable() => Some(error),
            // A server that refuses the question is there at least.
            Err(_) => None,
        }
    }
}

async fn listening_channels(client: Arc<Client>) -> Result<HashSet<String>> {
    let messages = client
        .simple_query(sql::LISTENING_CHANNELS)
        .await
        .map_err(|error| statement_error(error, ErrorKind::Listen, "cannot look at what is listened on"))?;
    let channel = |message: &SimpleQueryMessage| match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    };
    Ok(messages.iter().filter_map(channel).collect())
}
