//! The seam between the engine and the database, small enough that a fake can fail on command behind it.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use crate::cluster::batch::Outgoing;
use crate::error::{Error, Result};
use crate::redacted::Redacted;

/// A notification as it arrived.
#[derive(Clone, PartialEq, Eq)]
pub struct Notification {
    /// The channel that was notified.
    pub channel: String,
    /// The payload.
    pub payload: String,
}

impl fmt::Debug for Notification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notification")
            .field("channel", &self.channel)
            .field("payload", &Redacted(self.payload.len()))
            .finish()
    }
}

/// How much is read of the attachment table at a time, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FetchLimits {
    /// The most of one attachment: a larger one stays where it is.
    pub each: usize,
    /// The most of all attachments together, but for the first one.
    pub total: usize,
}

/// What there is under the id of an attachment.
#[derive(Clone, PartialEq, Eq)]
pub enum Stored {
    /// Its content.
    Content(Vec<u8>),
    /// More than may be read; so many bytes.
    TooLarge(u64),
    /// Nothing.
    Gone,
}

impl fmt::Debug for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Content(bytes) => f.debug_tuple("Content").field(&Redacted(bytes.len())).finish(),
            Self::TooLarge(bytes) => f.debug_tuple("TooLarge").field(bytes).finish(),
            Self::Gone => f.write_str("Gone"),
        }
    }
}

/// Something to connect to, with a password that may have to be asked for at each connect.
pub trait Database: Send + Sync + 'static {
    /// A connection that listens.
    type Listener: Listener;
    /// A connection that publishes.
    type Publisher: Publisher;

    /// Opens the connection that listens.
    fn connect_listener(&self) -> impl Future<Output = Result<Self::Listener>> + Send;

    /// Opens the connection that publishes.
    fn connect_publisher(&self) -> impl Future<Output = Result<Self::Publisher>> + Send;
}

/// A connection that listens. Every method fails with a retryable error once the connection is lost, or gives no
/// answer in time, or no longer listens.
pub trait Listener: Send {
    /// Listens on more channels.
    fn listen(&mut self, channels: &[String]) -> impl Future<Output = Result<()>> + Send;

    /// Stops listening on channels.
    fn unlisten(&mut self, channels: &[String]) -> impl Future<Output = Result<()>> + Send;

    /// Waits for notifications and puts what is there into the empty vector, at least one and about `most`.
    /// Dropping the future loses nothing.
    fn receive(
        &mut self,
        notifications: &mut Vec<Notification>,
        most: usize,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Reads attachments, in the order of `ids`: as many of the first ones as the limits allow, at least one.
    fn fetch(&mut self, ids: &[i64], limits: FetchLimits)
        -> impl Future<Output = Result<Vec<Stored>>> + Send;

    /// Ends the connection in an orderly way.
    fn close(self) -> impl Future<Output = ()> + Send;
}

/// A connection that publishes. Every method fails with a retryable error once the connection is lost, or gives
/// no answer in time.
pub trait Publisher: Send {
    /// Makes sure that the server takes writes, and that the attachment table exists.
    fn ensure_table(&mut self) -> impl Future<Output = Result<()>> + Send;

    /// Stores the attachments and notifies all channels in one transaction, in order. All or nothing.
    fn notify_batch(&mut self, messages: &[Outgoing]) -> impl Future<Output = Result<()>> + Send;

    /// Waits until the connection is lost, as far as that shows by itself.
    fn lost(&mut self) -> impl Future<Output = Error> + Send;

    /// Asks the server for a sign of life.
    fn probe(&mut self) -> impl Future<Output = Result<()>> + Send;

    /// Removes some of the attachments older than `age` and says how many: zero when none is left.
    fn prune(&mut self, age: Duration) -> impl Future<Output = Result<u64>> + Send;

    /// Ends the connection in an orderly way.
    fn close(self) -> impl Future<Output = ()> + Send;
}
