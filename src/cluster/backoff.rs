//! How long to wait before the next attempt to connect.

use std::time::Duration;

/// The first delay. Short: a server that was restarted is often back within a second.
pub const FIRST_DELAY: Duration = Duration::from_millis(100);
/// The longest delay: a server that comes back is noticed within this time.
pub const LONGEST_DELAY: Duration = Duration::from_secs(2);

/// The bounds where the server will not have us: quick attempts could lock the account.
const SLOW_DELAYS: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(60));

/// Doubling delays with jitter, so that the nodes of a cluster do not all knock at the same moment.
#[derive(Debug)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    attempts: u32,
}

impl Default for Backoff {
    fn default() -> Self {
        Self::between(FIRST_DELAY, LONGEST_DELAY)
    }
}

impl Backoff {
    /// For a server that answers, but refuses: from 5 s to a minute.
    #[must_use]
    pub fn slow() -> Self {
        Self::between(SLOW_DELAYS.0, SLOW_DELAYS.1)
    }

    fn between(first: Duration, longest: Duration) -> Self {
        Self {
            first,
            longest,
            attempts: 0,
        }
    }

    /// The delay before the next attempt; `random` is any number, its low bits decide the jitter.
    ///
    /// The delay lies between half and all of the first one × 2ⁿ, at most the longest one.
    pub fn next_delay(&mut self, random: u64) -> Duration {
        let doubled = self
            .first
            .saturating_mul(1_u32.checked_shl(self.attempts).unwrap_or(u32::MAX));
        self.attempts = self.attempts.saturating_add(1).min(16);
        let full = doubled.min(self.longest);
        let half = full / 2;
        let jitter_permille = u32::try_from(random % 1001).unwrap_or(0);
        half + half * jitter_permille / 1000
    }

    /// Whether no attempt has failed since the last connection that worked.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        self.attempts == 0
    }

    /// Starts over, after a connection that worked.
    pub fn reset(&mut self) {
        self.attempts = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_the_longest_delay() {
        let mut backoff = Backoff::default();
        let delays: Vec<u128> = (0..8).map(|_| backoff.next_delay(1000).as_millis()).collect();
        assert_eq!(delays, [100, 200, 400, 800, 1600, 2000, 2000, 2000]);
        backoff.reset();
        assert_eq!(backoff.next_delay(0).as_millis(), 50);
    }

    #[test]
    fn knocks_seldom_where_it_is_refused() {
        let mut backoff = Backoff::slow();
        let delays: Vec<u64> = (0..6).map(|_| backoff.next_delay(1000).as_secs()).collect();
        assert_eq!(delays, [5, 10, 20, 40, 60, 60]);
    }

    #[test]
    fn never_leaves_its_bounds() {
        let mut backoff = Backoff::default();
        for random in 0..10_000 {
            let delay = backoff.next_delay(random);
            assert!(delay >= FIRST_DELAY / 2 && delay <= LONGEST_DELAY);
        }
    }
}
