//! Groups messages into one transaction: by count and bytes, in order, and with equal notifications kept apart.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use crate::redacted::Redacted;
use crate::wire::payload;

/// A message in the form in which it goes to the database.
#[derive(Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The channel to notify.
    pub channel: Arc<str>,
    /// The payload, or with an attachment the start of its header: the database adds the id of the row.
    pub text: String,
    /// What goes into the attachment table.
    pub attachment: Option<Vec<u8>>,
    /// Which piece of this node's stream it is, if it is one.
    pub piece: Option<PieceOfStream>,
    /// Whether the application would miss it, were it never sent.
    pub would_be_missed: bool,
}

/// A notification that carries messages in frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PieceOfStream {
    /// The number of its block.
    pub block: u64,
    /// How many messages are complete with it.
    pub messages: usize,
}

impl PieceOfStream {
    /// Whether the block is complete with it.
    #[must_use]
    pub fn is_last(&self) -> bool {
        self.messages > 0
    }
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing")
            .field("channel", &self.channel)
            .field("text", &Redacted(self.text.len()))
            .field(
                "attachment",
                &self.attachment.as_ref().map(|bytes| Redacted(bytes.len())),
            )
            .field("piece", &self.piece)
            .finish_non_exhaustive()
    }
}

impl Outgoing {
    /// A notification that holds a message.
    #[must_use]
    pub fn inline(channel: Arc<str>, text: String) -> Self {
        Self {
            channel,
            text,
            attachment: None,
            piece: None,
            would_be_missed: true,
        }
    }

    /// A notification that announces an attachment; `text` is the start of its header.
    #[must_use]
    pub fn attached(channel: Arc<str>, text: String, attachment: Vec<u8>) -> Self {
        Self {
            attachment: Some(attachment),
            ..Self::inline(channel, text)
        }
    }

    /// A notification that is a piece of this node's stream.
    #[must_use]
    pub fn piece(channel: Arc<str>, text: String, piece: PieceOfStream) -> Self {
        Self {
            piece: Some(piece),
            ..Self::inline(channel, text)
        }
    }

    /// How many messages are sent once it is.
    #[must_use]
    pub fn messages(&self) -> usize {
        self.piece.map_or(1, |piece| piece.messages)
    }

    /// How many messages the application would miss, were it never sent.
    #[must_use]
    pub fn missed(&self) -> usize {
        if self.would_be_missed {
            self.messages()
        } else {
            0
        }
    }

    /// Whether no other notification can be equal to it.
    fn is_unique(&self) -> bool {
        self.attachment.is_some() || self.piece.is_some()
    }

    /// What the message weighs in a batch, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.text.len() + self.attachment.as_ref().map_or(0, Vec::len)
    }
}

/// When a batch is full. A message that is larger than `bytes` travels alone.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The most messages in a batch.
    pub count: usize,
    /// The most bytes in a batch.
    pub bytes: usize,
}

/// Messages that will be committed together.
#[derive(Debug, Default)]
pub struct Batch {
    messages: Vec<Outgoing>,
    bytes: usize,
    /// How often a notification was seen, by the hash of channel and payload. Two payloads that share a hash
    /// only cost a needless trailing space.
    seen: HashMap<u64, usize>,
    hasher: RandomState,
}

impl Batch {
    /// Adds a message, or gives it back because the batch is full and must be sent first.
    ///
    /// # Errors
    /// The message itself, when there is no room left for it.
    pub fn push(&mut self, mut message: Outgoing, limits: Limits) -> Result<(), Outgoing> {
        let bytes = message.bytes();
        let is_full = self.messages.len() >= limits.count || self.bytes + bytes > limits.bytes;
        if is_full && !self.messages.is_empty() {
            return Err(message);
        }
        if !message.is_unique() {
            let key = self.hasher.hash_one((&message.channel, &message.text));
            let repetitions = self.seen.entry(key).or_insert(0);
            if *repetitions > 0 {
                match payload::distinct(&message.text, *repetitions) {
                    Some(text) => message.text = text,
                    None => return Err(message),
                }
            }
            *repetitions += 1;
        }
        self.bytes += bytes;
        self.messages.push(message);
        Ok(())
    }

    /// The messages in the order in which they were added.
    #[must_use]
    pub fn messages(&self) -> &[Outgoing] {
        &self.messages
    }

    /// What the messages weigh together, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether nothing was added yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// How many notifications there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.messages.len()
    }

    /// How many messages of the application are sent once the batch is.
    #[must_use]
    pub fn messages_sent(&self) -> usize {
        self.messages.iter().map(Outgoing::messages).sum()
    }

    /// The notifications in the order in which they were added.
    #[must_use]
    pub fn into_messages(self) -> Vec<Outgoing> {
        self.messages
    }
}

impl From<Outgoing> for Batch {
    fn from(message: Outgoing) -> Self {
        Self {
            bytes: message.bytes(),
            messages: vec![message],
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    const LIMITS: Limits = Limits {
        count: 100,
        bytes: 10_000,
    };

    fn inline(text: &str) -> Outgoing {
        Outgoing::inline(Arc::from("c"), text.into())
    }

    /// Sends everything through batches and returns them.
    fn batches(messages: Vec<Outgoing>, limits: Limits) -> Vec<Batch> {
        let mut done = Vec::new();
        let mut batch = Batch::default();
        for message in messages {
            if let Err(message) = batch.push(message, limits) {
                done.push(std::mem::take(&mut batch));
                batch.push(message, limits).unwrap();
            }
        }
        done.push(batch);
        done
    }

    #[test]
    fn equal_payloads_stay_distinct() {
        let batch = &batches(vec![inline("{}"), inline("{}"), inline("{}")], LIMITS)[0];
        let texts: Vec<&str> = batch
            .messages()
            .iter()
            .map(|message| message.text.as_str())
            .collect();
        assert_eq!(texts, ["{}", "{} ", "{}  "]);
    }

    #[test]
    fn equal_payloads_on_other_channels_stay_as_they_are() {
        let mut other = inline("{}");
        other.channel = Arc::from("d");
        let batch = &batches(vec![inline("{}"), other], LIMITS)[0];
        assert_eq!(batch.messages()[1].text, "{}");
    }

    #[test]
    fn a_repeated_payload_without_room_for_a_space_goes_into_the_next_batch() {
        let text = format!("\"{}\"", "x".repeat(payload::MAX_INLINE_BYTES - 2));
        let limits = Limits {
            count: 10,
            bytes: 1_000_000,
        };
        let batches = batches(vec![inline(&text), inline(&text)], limits);
        assert_eq!(batches.iter().map(Batch::len).collect::<Vec<_>>(), [1, 1]);
    }

    #[test]
    fn a_message_over_the_limit_travels_alone() {
        let large = inline(&"x".repeat(20_000));
        let batches = batches(vec![inline("a"), large, inline("b")], LIMITS);
        assert_eq!(batches.iter().map(Batch::len).collect::<Vec<_>>(), [1, 1, 1]);
    }

    proptest! {
        #[test]
        fn order_and_count_are_kept_and_duplicates_are_distinct(
            texts in prop::collection::vec("[ab]{1,2}", 0..300),
            count in 1_usize..50,
        ) {
            let limits = Limits { count, bytes: 60 };
            let batches = batches(texts.iter().map(|text| inline(text)).collect(), limits);
            let sent: Vec<String> = batches
                .iter()
                .flat_map(Batch::messages)
                .map(|message| message.text.trim_end().to_owned())
                .collect();
            prop_assert_eq!(sent, texts);
            for batch in &batches {
                let distinct: HashSet<_> = batch.messages().iter().map(|message| &message.text).collect();
                prop_assert_eq!(distinct.len(), batch.len());
                prop_assert!(batch.len() <= count);
            }
        }
    }
}
