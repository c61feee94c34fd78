//! Random numbers that follow from a seed.

use std::time::Duration;

use socketio_postgres_adapter::engine::randomness::Randomness;

pub struct Rng(Randomness);

impl Rng {
    pub fn new(seed: u64) -> Self {
        Self(Randomness::from_seed(seed))
    }

    pub fn next(&self) -> u64 {
        self.0.next().unwrap()
    }

    /// A number from 0, less than `end`.
    pub fn below(&self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    pub fn index(&self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap()
    }

    /// True in so many cases of a hundred.
    pub fn percent(&self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub fn between(&self, first: u64, last: u64) -> u64 {
        first + self.below(last - first + 1)
    }

    /// A time of up to `most`, in steps of a millisecond: tokio's timers are no finer.
    pub fn up_to(&self, most: Duration) -> Duration {
        Duration::from_millis(self.below(u64::try_from(most.as_millis()).unwrap() + 1))
    }

    pub fn pick<T: Copy>(&self, choices: &[T]) -> T {
        choices[self.index(choices.len())]
    }
}
