//! The cluster clock: how long this node has been able to hear its peers.

use std::future::{poll_fn, Future};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::cluster::membership::Moment;

/// Whether the listener has read all there is. Silence counts against a peer only then: without a connection,
/// or behind a backlog, a peer may well have spoken.
#[derive(Debug, Default)]
pub struct Hearing {
    waiting: AtomicBool,
    caught_up: AtomicBool,
}

impl Hearing {
    /// Waits for `arrival`; as long as it is not there, everything that was said has been heard.
    pub async fn listening<T>(&self, arrival: impl Future<Output = T>) -> T {
        let _end = Waiting(self);
        let mut arrival = pin!(arrival);
        poll_fn(|cx| {
            let state = arrival.as_mut().poll(cx);
            let is_waiting = state.is_pending();
            self.waiting.store(is_waiting, Ordering::Relaxed);
            if is_waiting {
                self.caught_up.store(true, Ordering::Relaxed);
            }
            state
        })
        .await
    }

    /// Whether everything that was said has been heard, and a session that ends is noticed.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Whether everything was heard at some time since the last call.
    fn was_caught_up(&self) -> bool {
        // Both are read: the swap must happen on every call.
        let caught_up = self.caught_up.swap(false, Ordering::Relaxed);
        self.waiting.load(Ordering::Relaxed) || caught_up
    }
}

/// Ends the waiting also when the future is dropped in the middle of it.
struct Waiting<'a>(&'a Hearing);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.store(false, Ordering::Relaxed);
    }
}

/// Time that stands still while nothing can be heard.
#[derive(Debug)]
pub struct ClusterClock {
    /// What the listener reports.
    pub hearing: Hearing,
    /// Never held across an await: every use is a few instructions long.
    state: Mutex<State>,
    /// The longest step: a process that was frozen finds its time stopped, not run out.
    longest_step: Duration,
}

#[derive(Debug)]
struct State {
    elapsed: Duration,
    last_tick: Instant,
}

impl ClusterClock {
    /// A clock that is to be ticked about every `tick`.
    #[must_use]
    pub fn new(tick: Duration) -> Self {
        Self {
            hearing: Hearing::default(),
            state: Mutex::new(State {
                elapsed: Duration::ZERO,
                last_tick: Instant::now(),
            }),
            longest_step: tick * 2,
        }
    }

    /// Moves on, if peers could be heard since the last tick. Returns the moment.
    pub fn tick(&self, now: Instant) -> Moment {
        let could_hear = self.hearing.was_caught_up();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let step = now
            .saturating_duration_since(state.last_tick)
            .min(self.longest_step);
        state.last_tick = now;
        if could_hear {
            state.elapsed += step;
        }
        state.elapsed
    }

    /// The moment of the last tick.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).elapsed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Poll;

    const TICK: Duration = Duration::from_secs(1);

    /// A future that is pending once, so that a test can look at what happens meanwhile.
    async fn pending_once() {
        let mut polled = false;
        poll_fn(|cx| {
            if polled {
                return Poll::Ready(());
            }
            polled = true;
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    #[test]
    fn stands_still_while_nothing_can_be_heard() {
        let clock = ClusterClock::new(TICK);
        let start = Instant::now();
        assert_eq!(clock.tick(start + TICK), Duration::ZERO);
    }

    #[tokio::test]
    async fn moves_on_once_everything_was_heard() {
        let clock = ClusterClock::new(TICK);
        let start = Instant::now();
        clock.tick(start);
        clock.hearing.listening(pending_once()).await;
        assert_eq!(clock.tick(start + TICK), TICK);
        assert_eq!(clock.tick(start + TICK * 2), TICK, "no longer caught up");
    }

    #[tokio::test]
    async fn a_frozen_process_loses_no_peers() {
        let clock = ClusterClock::new(TICK);
        let start = Instant::now();
        clock.tick(start);
        clock.hearing.listening(pending_once()).await;
        assert_eq!(clock.tick(start + TICK * 3600), TICK * 2);
    }
}
