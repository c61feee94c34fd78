//! The frame policy, shared by the task that publishes, the one that listens, and the one that knows who is there.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::namespaces::NamespaceId;
use super::pending::{Body, Pending};
use crate::cluster::frame_policy::FramePolicy;
use crate::options::{Options, DEFAULT_PAYLOAD_THRESHOLD};
use crate::wire::frame::{Message, Writer};

/// What the tasks know of frames.
#[derive(Debug)]
pub struct Framing {
    /// The number of this server's stream; none, and there are no frames, if the system has no randomness to give.
    pub stream: Option<u64>,
    /// Held while a batch is gathered, so that no namespace changes its way of speaking in the middle of it. Locked
    /// after the namespaces, before the outbox.
    policy: Mutex<FramePolicy<Pending>>,
    repeats: Notify,
}

impl Framing {
    /// No namespace is spoken to in frames yet.
    #[must_use]
    pub fn new(stream: Option<u64>) -> Self {
        Self {
            stream,
            policy: Mutex::default(),
            repeats: Notify::new(),
        }
    }

    /// What is decided about frames. Never held across an await.
    pub fn policy(&self) -> MutexGuard<'_, FramePolicy<Pending>> {
        self.policy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on a namespace is spoken to without frames: somebody may listen who does not understand them. What was
    /// not heard before is published once more.
    pub fn stop(&self, namespace: NamespaceId) {
        if self.policy().stop(namespace) {
            self.repeats.notify_one();
        }
    }

    /// Waits until something may have to be repeated.
    pub async fn repeats_due(&self) {
        self.repeats.notified().await;
    }

    /// What can be repeated now.
    pub fn take_repeats(&self) -> Vec<Pending> {
        let mut repeats = self.policy().take_repeats();
        for message in &mut repeats {
            message.was_framed = true;
        }
        repeats
    }

    /// For gathering a batch.
    pub fn gather(&self) -> Gathering<'_> {
        Gathering {
            policy: self.policy(),
        }
    }
}

/// While it lives, no namespace changes its way of speaking.
pub struct Gathering<'a> {
    policy: MutexGuard<'a, FramePolicy<Pending>>,
}

impl Gathering<'_> {
    /// Writes a message into a frame, or gives it back: it has to travel by itself.
    ///
    /// # Errors
    /// The message.
    pub fn write(&mut self, message: Pending, writer: &mut Writer, options: &Options) -> Result<(), Pending> {
        let namespace = message.address.id;
        let may_be_framed =
            self.policy.may_frame(namespace) && !message.was_framed && !is_for_the_table(&message, options);
        let written = may_be_framed.then(|| write(&message, writer)).flatten();
        let Some(block) = written else {
            return Err(message);
        };
        let bytes = message.bytes();
        self.policy.written(block, namespace, bytes, message);
        Ok(())
    }
}

/// Whether the user wants messages of this size in the table, whatever the servers understand.
fn is_for_the_table(message: &Pending, options: &Options) -> bool {
    let threshold = options.payload_threshold;
    threshold < DEFAULT_PAYLOAD_THRESHOLD && message.content_bytes() >= threshold
}

fn write(message: &Pending, writer: &mut Writer) -> Option<u64> {
    let (options, data) = match &message.body {
        Body::Event { options, event } => (Some(&**options), event),
        // Those that tell who is there, everybody must understand.
        Body::Data(Some(data)) if !message.kind.tells_who_is_there() => (None, data),
        _ => return None,
    };
    writer.push(&Message {
        kind: message.kind,
        nsp: &message.address.nsp,
        options,
        data,
        parts: &message.parts,
    })
}
