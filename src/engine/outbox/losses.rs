//! What was dropped before it could be sent, and why.

use super::MAX_ONLINE_BYTES;
use crate::error::{Error, ErrorKind};
use crate::options::Buffer;

/// Why a message was dropped.
#[derive(Debug, Clone, Copy)]
pub enum Reason {
    /// More than `maxBufferSize` waited for a server that was away.
    Size,
    /// It waited longer than `maxBufferAge` for a server that was away.
    Age,
    /// Too much waited for a server that was there.
    Slowness,
    /// The engine was closed before it could be sent.
    Closed,
}

/// How many messages were dropped.
#[derive(Debug, Default)]
pub struct Losses {
    size: u64,
    age: u64,
    slowness: u64,
    closed: u64,
}

impl Losses {
    pub(super) fn add(&mut self, reason: Reason, count: u64) {
        *match reason {
            Reason::Size => &mut self.size,
            Reason::Age => &mut self.age,
            Reason::Slowness => &mut self.slowness,
            Reason::Closed => &mut self.closed,
        } += count;
    }

    /// How many, for whatever reason.
    #[must_use]
    pub fn total(&self) -> usize {
        usize::try_from(self.size + self.age + self.slowness + self.closed).unwrap_or(usize::MAX)
    }

    /// The report on them; none if there were none.
    #[must_use]
    pub fn report(&self, buffer: Buffer) -> Option<Error> {
        let total = self.total();
        let reasons = [
            (
                self.size,
                format!(
                    "more than {} bytes waited for a server that was away (maxBufferSize)",
                    buffer.max_bytes
                ),
            ),
            (
                self.age,
                format!(
                    "they waited {} ms or longer for a server that was away (maxBufferAge)",
                    buffer.max_age.as_millis()
                ),
            ),
            (
                self.slowness,
                format!("more than {MAX_ONLINE_BYTES} bytes waited for a server that is slower than the application"),
            ),
            (
                self.closed,
                "they were not sent before the adapter was closed".to_owned(),
            ),
        ];
        let reasons: Vec<String> = reasons
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, reason)| format!("{count} because {reason}"))
            .collect();
        (total > 0).then(|| {
            let context = format!(
                "{total} messages were dropped, oldest first: {}",
                reasons.join(", ")
            );
            Error::new(ErrorKind::BufferOverflow, context)
        })
    }
}
