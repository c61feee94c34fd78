//! From notifications to what JavaScript gets: attachments are fetched ahead, in bulk, and take their place in
//! the order.

use std::mem;

use super::inbox::Item;
use super::router::{self, Content};
use super::shared::Shared;
use crate::error::{Error, ErrorKind, Result};
use crate::pg::database::{Listener, Notification};
use crate::wire::message::Envelope;
use crate::wire::msgpack;

/// How many attachments are read by one query.
const MOST_ATTACHMENTS: usize = 32;

/// Notifications that were received and not yet dealt with. They outlive the connection they came over: an
/// attachment can be read over the next one.
pub struct Received<'a> {
    shared: &'a Shared,
    /// In the order of their arrival.
    pub notifications: Vec<Notification>,
}

/// Attachments to be read: which notification they belong to, and the id of the row.
type Wanted = Vec<(usize, i64)>;

impl<'a> Received<'a> {
    /// Nothing was received yet.
    #[must_use]
    pub fn new(shared: &'a Shared) -> Self {
        Self {
            shared,
            notifications: Vec::new(),
        }
    }

    /// Deals with everything that was received, in order.
    ///
    /// # Errors
    /// Only when the connection is lost: what is left then can be dealt with over the next one.
    pub async fn deliver<L: Listener>(&mut self, connection: &mut L) -> Result<()> {
        while !self.notifications.is_empty() {
            let (length, wanted) = self.next_section();
            let rows = if wanted.is_empty() {
                Vec::new()
            } else {
                let ids: Vec<i64> = wanted.iter().map(|(_, id)| *id).collect();
                match connection.fetch(&ids).await {
                    Ok(rows) => rows,
                    Err(error) if error.is_retryable() => return Err(error),
                    Err(error) => {
                        self.shared.inbox.push(Item::Report(error)).await;
                        Vec::new()
                    }
                }
            };
            let rest = self.notifications.split_off(length);
            let section = mem::replace(&mut self.notifications, rest);
            self.deliver_section(&section, &wanted, rows).await;
        }
        Ok(())
    }

    /// How many notifications make the next section, and which attachments they refer to.
    fn next_section(&self) -> (usize, Wanted) {
        let mut wanted = Wanted::new();
        for (index, notification) in self.notifications.iter().enumerate() {
            let Some(id) = self.foreign_attachment(&notification.payload) else {
                continue;
            };
            if wanted.len() == MOST_ATTACHMENTS {
                return (index, wanted);
            }
            wanted.push((index, id));
        }
        (self.notifications.len(), wanted)
    }

    /// The id of the attachment that another node's header refers to.
    fn foreign_attachment(&self, payload: &str) -> Option<i64> {
        // Few messages are headers: the others need no second parse.
        if !payload.contains("\"attachmentId\"") {
            return None;
        }
        let envelope = Envelope::parse(payload).ok()?;
        envelope
            .attachment_id
            .filter(|_| !router::is_own(self.shared, &envelope))
    }

    async fn deliver_section(&self, section: &[Notification], wanted: &Wanted, rows: Vec<Option<Vec<u8>>>) {
        let mut rows = wanted.iter().zip(rows).peekable();
        for (index, notification) in section.iter().enumerate() {
            let item = match Envelope::parse(&notification.payload) {
                Err(error) => Some(malformed(notification, "a notification", error)),
                Ok(envelope) if router::is_own(self.shared, &envelope) => None,
                Ok(Envelope {
                    attachment_id: Some(id),
                    ..
                }) => rows
                    .next_if(|((position, _), _)| *position == index)
                    .and_then(|(_, row)| self.read_attachment(notification, id, row)),
                Ok(envelope) => router::route(self.shared, &notification.channel, &envelope, || Content {
                    json: notification.payload.clone(),
                    binary: None,
                }),
            };
            if let Some(item) = item {
                self.shared.inbox.push(item).await;
            }
        }
    }

    fn read_attachment(&self, notification: &Notification, id: i64, row: Option<Vec<u8>>) -> Option<Item> {
        let Some(bytes) = row else {
            let context = format!(
                "attachment {id} of a message on {} is gone and the message was skipped; was it removed before \
                 this node could read it (cleanupInterval)?",
                notification.channel
            );
            return Some(Item::Report(Error::new(ErrorKind::Attachment, context)));
        };
        let decoded = match msgpack::decode(&bytes, &self.shared.options.marker) {
            Ok(decoded) => decoded,
            Err(error) => return Some(malformed(notification, &format!("attachment {id}"), error)),
        };
        match Envelope::parse(&decoded.json) {
            Err(error) => Some(malformed(notification, &format!("attachment {id}"), error)),
            Ok(envelope) => router::route(self.shared, &notification.channel, &envelope, || Content {
                json: decoded.json.clone(),
                binary: Some((bytes, decoded.parts.clone())),
            }),
        }
    }
}

fn malformed(
    notification: &Notification,
    what: &str,
    error: impl std::error::Error + Send + Sync + 'static,
) -> Item {
    let context = format!(
        "{what} on {} could not be understood and was skipped",
        notification.channel
    );
    Item::Report(Error::new(ErrorKind::Malformed, context).with_source(error))
}
