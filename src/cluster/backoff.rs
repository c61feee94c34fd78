//! How long to wait before the next attempt to connect.

use std::time::Duration;

/// The first delay. Short: a server that was restarted is often back within a second.
pub const FIRST_DELAY: Duration = Duration::from_millis(100);
/// The longest delay: a server that comes back is noticed within this time.
pub const LONGEST_DELAY: Duration = Duration::from_secs(2);

/// Doubling delays with jitter, so that the nodes of a cluster do not all knock at the same moment.
#[derive(Debug, Default)]
pub struct Backoff {
    attempts: u32,
}

impl Backoff {
    /// The delay before the next attempt; `random` is any number, its low bits decide the jitter.
    ///
    /// The delay lies between half and all of `FIRST_DELAY × 2ⁿ`, at most [`LONGEST_DELAY`].
    pub fn next_delay(&mut self, random: u64) -> Duration {
        let doubled = FIRST_DELAY.saturating_mul(1_u32.checked_shl(self.attempts).unwrap_or(u32::MAX));
        self.attempts = self.attempts.saturating_add(1).min(16);
        let full = doubled.min(LONGEST_DELAY);
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
    fn never_leaves_its_bounds() {
        let mut backoff = Backoff::default();
        for random in 0..10_000 {
            let delay = backoff.next_delay(random);
            assert!(delay >= FIRST_DELAY / 2 && delay <= LONGEST_DELAY);
        }
    }
}
