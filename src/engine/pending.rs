//! A message on its way out, as the application published it.

use std::fmt;
use std::sync::Arc;

use tokio::time::Instant;

use super::namespaces::Address;
use crate::redacted::Redacted;
use crate::wire::message::MessageType;

/// What a message weighs beside its content, in bytes.
const MESSAGE_OVERHEAD_BYTES: usize = 128;

/// What a message says.
pub enum Body {
    /// The JSON text of its data, if it has any: the rest of the message is written around it.
    Data(Option<String>),
    /// The JSON texts of an event for clients, and of its options, empty for the usual ones.
    Event {
        /// Rooms, exceptions, flags.
        options: Arc<str>,
        /// The name of the event and its arguments.
        event: String,
    },
    /// The JSON text of all of it: it is passed on for somebody else.
    Whole(String),
}

/// A message as the application published it.
pub struct Pending {
    /// The namespace it is for.
    pub address: Arc<Address>,
    /// Its type.
    pub kind: MessageType,
    /// What it says.
    pub body: Body,
    /// Its binary parts, named in the text by the engine's marker.
    pub parts: Vec<Vec<u8>>,
    /// Whether it is worthless later: not kept for a server that is away.
    pub volatile: bool,
    /// Whether those who understand frames have had it already.
    pub was_framed: bool,
    /// When it was published.
    pub published_at: Instant,
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending")
            .field("address", &self.address)
            .field("kind", &self.kind)
            .field("content", &Redacted(self.content_bytes()))
            .finish_non_exhaustive()
    }
}

impl Pending {
    /// A message without binary content.
    #[must_use]
    pub fn text(address: Arc<Address>, kind: MessageType, data: Option<String>) -> Self {
        Self {
            address,
            kind,
            body: Body::Data(data),
            parts: Vec::new(),
            volatile: false,
            was_framed: false,
            published_at: Instant::now(),
        }
    }

    /// How much it says, in bytes.
    #[must_use]
    pub fn content_bytes(&self) -> usize {
        let parts: usize = self.parts.iter().map(Vec::len).sum();
        let text = match &self.body {
            Body::Data(data) => data.as_ref().map_or(0, String::len),
            Body::Event { options, event } => options.len() + event.len(),
            Body::Whole(text) => text.len(),
        };
        text + parts
    }

    /// Whether the application would miss it: what tells who is there is told anew after an outage, and what was framed
    /// is a second copy.
    #[must_use]
    pub fn would_be_missed(&self) -> bool {
        !self.kind.tells_who_is_there() && !self.was_framed
    }

    /// What it weighs, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        MESSAGE_OVERHEAD_BYTES + self.content_bytes()
    }
}
