//! Which namespaces are spoken to in frames, and what was said in frames and may have to be said again.
//!
//! Frames are for servers of this kind alone. When another one joins a namespace, what it has missed is published once
//! more, as it understands it: whatever comes after its introduction in the order of the notifications, the order in
//! which everybody hears everything. So a message is kept until its own echo is heard.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::namespaces::NamespaceId;
use super::outbox::Outbox;
use super::pending::{Body, Pending};
use crate::options::{Options, DEFAULT_PAYLOAD_THRESHOLD};
use crate::wire::frame::{Message, Writer};

/// How much may wait for its echo, in bytes. Past it messages travel without frames.
const MAX_LOG_BYTES: usize = 32 * 1024 * 1024;

/// A message in frames whose echo was not heard yet.
#[derive(Debug)]
struct Logged {
    /// The number of its block.
    block: u64,
    message: Pending,
}

#[derive(Debug, Default)]
struct State {
    namespaces: HashSet<NamespaceId>,
    log: VecDeque<Logged>,
    log_bytes: usize,
}

/// What the tasks know of frames.
#[derive(Debug)]
pub struct Framing {
    /// The number of this node's stream; none, and there are no frames, if the system has no randomness to give.
    pub stream: Option<u64>,
    /// Held while a batch is gathered, so that no namespace changes its way of speaking in the middle of it. Locked
    /// after the namespaces, before the outbox.
    state: Mutex<State>,
}

impl Framing {
    /// No namespace is spoken to in frames yet.
    #[must_use]
    pub fn new(stream: Option<u64>) -> Self {
        Self {
            stream,
            state: Mutex::default(),
        }
    }

    /// All members of a namespace understand frames.
    pub fn start(&self, namespace: NamespaceId) {
        self.lock().namespaces.insert(namespace);
    }

    /// From now on a namespace is spoken to without frames; all that listen understand them.
    pub fn pause(&self, namespace: NamespaceId) {
        self.lock().namespaces.remove(&namespace);
    }

    /// From now on a namespace is spoken to without frames: somebody may listen who does not understand them. What was
    /// not heard before is published once more.
    pub fn stop(&self, namespace: NamespaceId, outbox: &Outbox) {
        let mut state = self.lock();
        state.namespaces.remove(&namespace);
        let mut missed = Vec::new();
        let mut kept = VecDeque::new();
        for logged in std::mem::take(&mut state.log) {
            if logged.message.address.id != namespace {
                kept.push_back(logged);
                continue;
            }
            state.log_bytes -= logged.message.bytes();
            missed.push(Pending {
                was_framed: true,
                ..logged.message
            });
        }
        state.log = kept;
        outbox.push_front(missed);
    }

    /// The blocks up to this number were heard.
    pub fn heard(&self, block: u64) {
        let mut state = self.lock();
        while state.log.front().is_some_and(|logged| logged.block <= block) {
            if let Some(logged) = state.log.pop_front() {
                state.log_bytes -= logged.message.bytes();
            }
        }
    }

    /// The messages of a block that the database refuses: they have to find another way.
    pub fn take_back(&self, block: u64) -> Vec<Pending> {
        let mut state = self.lock();
        let first = state.log.partition_point(|logged| logged.block < block);
        let end = state.log.partition_point(|logged| logged.block <= block);
        let refused: Vec<Pending> = state.log.drain(first..end).map(|logged| logged.message).collect();
        state.log_bytes -= refused.iter().map(Pending::bytes).sum::<usize>();
        refused
    }

    /// For gathering a batch.
    pub fn gather(&self) -> Gathering<'_> {
        Gathering { state: self.lock() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// While it lives, no namespace changes its way of speaking.
pub struct Gathering<'a> {
    state: MutexGuard<'a, State>,
}

impl Gathering<'_> {
    /// Writes a message into a frame, or gives it back: it has to travel by itself.
    ///
    /// # Errors
    /// The message.
    pub fn write(&mut self, message: Pending, writer: &mut Writer, options: &Options) -> Result<(), Pending> {
        let may_be_framed = self.state.namespaces.contains(&message.address.id)
            && self.state.log_bytes < MAX_LOG_BYTES
            && !message.was_framed
            && !is_for_the_table(&message, options);
        let written = may_be_framed.then(|| write(&message, writer)).flatten();
        let Some(block) = written else {
            return Err(message);
        };
        self.state.log_bytes += message.bytes();
        self.state.log.push_back(Logged { block, message });
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
