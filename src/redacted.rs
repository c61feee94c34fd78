//! What stands for the contents of messages where a value is written for people.

use std::fmt;

/// So many bytes of something that is nobody's business.
pub struct Redacted(pub usize);

impl fmt::Debug for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} bytes>", self.0)
    }
}
