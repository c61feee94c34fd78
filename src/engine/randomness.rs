//! Where an engine takes its random numbers from: the system, or a seed, which makes a run repeatable.

use std::sync::atomic::{AtomicU64, Ordering};

/// A source of random numbers.
#[derive(Debug)]
pub enum Randomness {
    /// The operating system.
    System,
    /// `SplitMix64`: the same numbers in every run.
    Seeded(AtomicU64),
}

impl Randomness {
    /// The numbers that follow from a seed.
    #[must_use]
    pub fn from_seed(seed: u64) -> Self {
        Self::Seeded(AtomicU64::new(seed))
    }

    /// The next number; none if the system has no randomness to give.
    #[must_use]
    pub fn next(&self) -> Option<u64> {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        match self {
            Self::System => getrandom::u64().ok(),
            Self::Seeded(state) => {
                let state = state.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
                let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                Some(mixed ^ (mixed >> 31))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_numbers_every_time() {
        let numbers = |seed| {
            let randomness = Randomness::from_seed(seed);
            [(); 3].map(|()| randomness.next())
        };
        assert_eq!(numbers(1), numbers(1));
        assert_ne!(numbers(1), numbers(2));
        // The reference implementation begins so.
        assert_eq!(numbers(0)[0], Some(0xe220_a839_7b1d_cdaf));
    }
}
