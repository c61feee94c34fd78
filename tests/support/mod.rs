//! What the tests of the engine share.

pub mod fake_database;
pub mod node;

use std::time::{Duration, Instant};

/// How long a condition may take to come true: far beyond what a slow machine needs.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until `condition` holds and returns what it found; panics with `what` when it never does.
pub async fn until<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = condition() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Waits for a future, but not for ever.
pub async fn in_time<T>(what: &str, work: impl std::future::Future<Output = T>) -> T {
    let done = tokio::time::timeout(PATIENCE, work).await;
    done.unwrap_or_else(|_| panic!("waited in vain: {what}"))
}
