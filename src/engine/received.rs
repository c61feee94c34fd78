//! From notifications to what JavaScript gets: attachments are fetched ahead, in bulk, and take their place in
//! the order.

use std::mem;

use super::frame_reader::FrameReader;
use super::inbox::{Binary, Item};
use super::router::{self, Channel, Content, Json};
use super::shared::Shared;
use crate::cluster::membership::Evidence;
use crate::error::{Error, ErrorKind, Result};
use crate::pg::database::{FetchLimits, Listener, Notification, Stored};
use crate::wire::message::Envelope;
use crate::wire::msgpack;

/// How many attachments are read by one query.
const MOST_ATTACHMENTS: usize = 32;
/// How much of attachments is read by one query, in bytes, but for one that is larger.
const MOST_ATTACHED_BYTES: usize = 16 * 1024 * 1024;
/// How often a connection may be lost over the same attachment before it is skipped.
const MOST_LOSSES: u32 = 3;

/// Notifications that were received and not yet dealt with. They outlive the connection they came over: an
/// attachment can be read over the next one.
pub struct Received<'a> {
    shared: &'a Shared,
    /// In the order of their arrival.
    pub notifications: Vec<Notification>,
    /// When they were received: they came together.
    pub evidence: Evidence,
    /// How many attachments the next query reads: one after a loss, then more and more again.
    most_attachments: usize,
    /// How many connections in a row were lost over the next attachment.
    losses: u32,
    frames: FrameReader,
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
            evidence: Evidence::default(),
            most_attachments: MOST_ATTACHMENTS,
            losses: 0,
            frames: FrameReader::default(),
        }
    }

    /// Deals with everything that was received, in order.
    ///
    /// # Errors
    /// Only when the connection is lost: what is left then can be dealt with over the next one.
    pub async fn deliver<L: Listener>(&mut self, connection: &mut L) -> Result<()> {
        while !self.notifications.is_empty() {
            let (mut length, wanted) = self.next_section();
            let rows = self.fetch(connection, &wanted).await?;
            // What was too much for one query begins the next section.
            if let Some((unread, _)) = rows.as_ref().and_then(|rows| wanted.get(rows.len())) {
                length = *unread;
            }
            let rest = self.notifications.split_off(length);
            let section = mem::replace(&mut self.notifications, rest);
            self.deliver_section(&section, &wanted, rows.unwrap_or_default())
                .await;
        }
        Ok(())
    }

    /// Reads attachments; none when that is refused, which is reported.
    async fn fetch<L: Listener>(
        &mut self,
        connection: &mut L,
        wanted: &Wanted,
    ) -> Result<Option<Vec<Stored>>> {
        if wanted.is_empty() {
            return Ok(None);
        }
        let ids: Vec<i64> = wanted.iter().map(|(_, id)| *id).collect();
        let limits = FetchLimits {
            each: self.shared.options.max_attachment_size,
            total: MOST_ATTACHED_BYTES,
        };
        let error = match connection.fetch(&ids, limits).await {
            Ok(rows) => {
                self.losses = 0;
                self.most_attachments = (self.most_attachments * 2).min(MOST_ATTACHMENTS);
                return Ok(Some(rows));
            }
            Err(error) if error.is_retryable() => self.lost_over(&ids, error)?,
            Err(error) => error,
        };
        self.shared.stats.attachments_skipped.add(ids.len());
        self.shared.inbox.push(Item::Report(error)).await;
        Ok(None)
    }

    /// The connection was lost over some attachments: they are read one by one over the next ones. One may be
    /// more than the server or the network can take, and must not hold up the others for ever. Gives the report
    /// on it when it is to be skipped.
    fn lost_over(&mut self, ids: &[i64], error: Error) -> Result<Error> {
        self.most_attachments = 1;
        // A server that says why, such as a shutdown, does not mean the attachment.
        if let ([id], None) = (ids, error.sqlstate()) {
            self.losses += 1;
            if self.losses == MOST_LOSSES {
                self.losses = 0;
                let context = format!(
                    "attachment {id} was skipped: the connection was lost over it {MOST_LOSSES} times"
                );
                return Ok(Error::new(ErrorKind::Attachment, context).with_source(error.to_string()));
            }
        }
        Err(error)
    }

    /// How many notifications make the next section, and which attachments they refer to.
    fn next_section(&self) -> (usize, Wanted) {
        let mut wanted = Wanted::new();
        for (index, notification) in self.notifications.iter().enumerate() {
            if self.is_framed(notification) {
                continue;
            }
            let Some(id) = self.foreign_attachment(&notification.payload) else {
                continue;
            };
            if wanted.len() == self.most_attachments {
                return (index, wanted);
            }
            wanted.push((index, id));
        }
        (self.notifications.len(), wanted)
    }

    /// The id of the attachment that another server's header refers to, unless its message was in a frame.
    fn foreign_attachment(&self, payload: &str) -> Option<i64> {
        // Few messages are headers: the others need no second parse.
        if !payload.contains("\"attachmentId\"") {
            return None;
        }
        let envelope = Envelope::parse(payload).ok()?;
        envelope
            .attachment_id
            .filter(|_| !envelope.was_framed && !router::is_own(self.shared, &envelope))
    }

    async fn deliver_section(&mut self, section: &[Notification], wanted: &Wanted, rows: Vec<Stored>) {
        let mut rows = wanted.iter().zip(rows).peekable();
        for (index, notification) in section.iter().enumerate() {
            if self.is_framed(notification) {
                self.frames
                    .deliver(self.shared, &notification.payload, self.evidence)
                    .await;
                continue;
            }
            let item = match Envelope::parse(&notification.payload) {
                Err(error) => Some(malformed(notification, "a notification", error)),
                Ok(envelope) if router::is_own(self.shared, &envelope) => {
                    router::hear_own(self.shared, &envelope)
                }
                Ok(header) if header.attachment_id.is_some() && !header.was_framed => {
                    self.count_bytes(notification.payload.len());
                    let row = rows.next_if(|((position, _), _)| *position == index);
                    row.and_then(|((_, id), row)| self.read_attachment(notification, &header, *id, row))
                }
                Ok(envelope) => {
                    self.count_bytes(notification.payload.len());
                    let content = Content {
                        json: Json::Message(&notification.payload),
                        binary: None,
                    };
                    let channel = Channel::Namespace(&notification.channel);
                    router::route(self.shared, channel, &envelope, content, self.evidence)
                }
            };
            if let Some(item) = item {
                self.shared.inbox.push(item).await;
            }
        }
    }

    fn count_bytes(&self, bytes: usize) {
        self.shared.stats.received_bytes.add(bytes);
    }

    fn read_attachment(
        &self,
        notification: &Notification,
        header: &Envelope<'_>,
        id: i64,
        row: Stored,
    ) -> Option<Item> {
        let bytes = match row {
            Stored::Content(bytes) => bytes,
            Stored::Gone => {
                let reason = "is gone; was it removed before this node could read it (cleanupInterval)?";
                return Some(self.skipped(notification, id, reason));
            }
            Stored::TooLarge(bytes) => {
                let most = self.shared.options.max_attachment_size;
                let reason =
                    format!("was not read: it has {bytes} bytes, more than {most} (maxAttachmentSize)");
                return Some(self.skipped(notification, id, &reason));
            }
        };
        self.shared.stats.attachments_read.add(1);
        self.count_bytes(bytes.len());
        let decoded = match msgpack::decode(&bytes, &self.shared.options.marker) {
            Ok(decoded) => decoded,
            Err(error) => return Some(malformed(notification, &format!("attachment {id}"), error)),
        };
        match Envelope::parse(&decoded.json) {
            Err(error) => Some(malformed(notification, &format!("attachment {id}"), error)),
            // Where the wire has text, the marker stands for bytes, and must not be seen outside.
            Ok(envelope) if envelope.has_name_with(&self.shared.options.marker) => {
                let error = "a name in the message is not text";
                Some(malformed(notification, &format!("attachment {id}"), error))
            }
            Ok(envelope) if !announces(header, &envelope) => {
                let reason =
                    "holds another message than was announced; was the table emptied, or the server reset?";
                Some(self.skipped(notification, id, reason))
            }
            Ok(envelope) => {
                let parts = decoded.parts;
                let content = Content {
                    json: Json::Message(&decoded.json),
                    binary: (!parts.is_empty()).then_some(Binary { bytes, parts }),
                };
                let channel = Channel::Namespace(&notification.channel);
                router::route(self.shared, channel, &envelope, content, self.evidence)
            }
        }
    }

    fn skipped(&self, notification: &Notification, id: i64, reason: &str) -> Item {
        self.shared.stats.attachments_skipped.add(1);
        let context = format!(
            "a message on {} was skipped: its attachment {id} {reason}",
            notification.channel
        );
        Item::Report(Error::new(ErrorKind::Attachment, context))
    }

    fn is_framed(&self, notification: &Notification) -> bool {
        self.shared.frame_channel.as_deref() == Some(notification.channel.as_str())
    }
}

/// Whether a header may belong to a message. After a crash of the server the sequence can give an id once more that it
/// gave just before, and another message has it then.
fn announces(header: &Envelope<'_>, message: &Envelope<'_>) -> bool {
    // Whoever speaks for others announces under its own name.
    let speaks_for_others = header.node_id.is_some();
    let is_same_sender = speaks_for_others || header.uid.is_none() || header.uid == message.uid;
    is_same_sender && header.kind == message.kind
}

fn malformed(
    notification: &Notification,
    what: &str,
    error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> Item {
    let context = format!(
        "{what} on {} could not be understood and was skipped",
        notification.channel
    );
    Item::Report(Error::new(ErrorKind::Malformed, context).with_source(error))
}
