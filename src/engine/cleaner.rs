//! When to remove old attachments.

use std::time::Duration;

use tokio::time::Instant;

/// The pause between two statements while more is left to remove: lets messages through.
const PAUSE: Duration = Duration::from_millis(50);

/// The rhythm of the clean-up. Every node of the cluster cleans; they skip each other's rows.
#[derive(Debug)]
pub struct Cleaner {
    interval: Duration,
    due: Instant,
}

impl Cleaner {
    /// A clean-up every `interval`, the first after one.
    #[must_use]
    pub fn new(interval: Duration) -> Self {
        Self {
            interval,
            due: Instant::now() + interval,
        }
    }

    /// The age from which attachments are removed.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.interval
    }

    /// Waits until a clean-up is due.
    pub async fn due(&self) {
        tokio::time::sleep_until(self.due).await;
    }

    /// A clean-up removed so many rows: if there were any, there may be more.
    pub fn cleaned(&mut self, rows: u64) {
        self.due = Instant::now()
            + if rows > 0 {
                PAUSE.min(self.interval)
            } else {
                self.interval
            };
    }
}
