//! The peers of a namespace: alive, confirmed since the last outage, gone.
//!
//! A pure state machine, and the only place that knows: events go in with their evidence, decisions come out. Two
//! things make a peer's story longer than "heard" and "gone":
//!
//! - Evidence has an age. A notification can wait for a slow application while its session and the next one are lost;
//!   what it proves is that its sender lived when it was received, not that it is back. See [`Generation`].
//! - A uid can have several incarnations. A server that is restarted under the same uid introduces itself before the
//!   old one has said goodbye; the goodbye then ends the old incarnation, and the peer stays.

mod incarnations;

use std::collections::BTreeMap;
use std::time::Duration;

use incarnations::Incarnations;

/// The uid that emitters outside the cluster send under: not a server.
pub const EMITTER_UID: &str = "emitter";

/// A moment on the cluster clock: how long the server has been able to hear its peers.
///
/// It stands still while nothing can be heard (no connection, a backlog, a frozen process), so that silence
/// of our own making is never taken for a peer's death.
pub type Moment = Duration;

/// How many sessions, listening or publishing, this server had lost before something happened.
///
/// A listening session has the generation in which it began, and so has what is received over it. What is heard behind
/// the echo of an introduction is not older than that introduction, over whichever session.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Generation(pub u64);

impl Generation {
    /// The generation that begins with the loss of a session.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// When a notification was received, whenever it is dealt with.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Evidence {
    /// That of the session it came over.
    pub generation: Generation,
    /// When it came.
    pub received_at: Moment,
}

/// What a message says of its sender.
#[derive(Debug, Clone, Copy)]
pub struct Sender<'a> {
    /// The uid.
    pub uid: &'a str,
    /// Which of all servers that have had this uid. Only the messages of this package's servers that are about
    /// membership tell.
    pub incarnation: Option<&'a str>,
    /// Whether this is an introduction: the first message of a server, also after each of its reconnects.
    pub introduces: bool,
    /// Whether it reads frames, if the message tells.
    pub reads_frames: Option<bool>,
}

/// What hearing a peer changed.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub enum Heard {
    /// It was not known before.
    Joined,
    /// It was known.
    Known,
    /// It is no peer: an emitter, or a late message of a server that has left.
    Ignored,
}

/// What a goodbye changed.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub enum Goodbye {
    /// The peer is gone.
    Left,
    /// An older incarnation is gone, the peer is not.
    Stays,
    /// There was no such peer.
    Unknown,
}

/// For how many time-outs the cluster is still spoken to without frames after somebody fell silent who does not
/// understand them: a process that was frozen may come back.
const TIMEOUTS_WITHOUT_FRAMES: u32 = 60;

#[derive(Debug)]
struct Peer {
    last_heard: Moment,
    /// That of the newest evidence.
    generation: Generation,
    /// Whether it has said that it understands frames.
    reads_frames: bool,
    incarnations: Incarnations,
}

#[derive(Debug)]
struct Departed {
    since: Moment,
    incarnations: Incarnations,
}

/// The peers of one namespace.
#[derive(Debug, Default)]
pub struct Membership {
    peers: BTreeMap<String, Peer>,
    /// Peers that left. Over a pool of connections the goodbye can overtake earlier messages, and these must
    /// not bring the peer back.
    departed: BTreeMap<String, Departed>,
    /// A peer is confirmed by evidence of this generation or a later one.
    required: Generation,
    /// What is heard now is at least of this generation: the echo of an introduction was heard.
    echoed: Generation,
    /// Until then somebody may be there who was not heard yet and does not understand frames.
    no_frames_until: Moment,
}

impl Membership {
    /// A message of a peer, other than a goodbye.
    pub fn on_message(&mut self, sender: &Sender<'_>, evidence: Evidence) -> Heard {
        let &Sender {
            uid,
            incarnation,
            introduces,
            reads_frames,
        } = sender;
        if uid.is_empty() || uid == EMITTER_UID {
            return Heard::Ignored;
        }
        let at = evidence.received_at;
        let generation = evidence.generation.max(self.echoed);
        if let Some(known) = self.peers.get_mut(uid) {
            if !introduces && incarnation.is_some_and(|name| known.incarnations.is_gone(name)) {
                return Heard::Ignored;
            }
            known.last_heard = known.last_heard.max(at);
            known.generation = known.generation.max(generation);
            known.reads_frames = reads_frames.unwrap_or(known.reads_frames);
            if let Some(name) = incarnation {
                known.incarnations.heard(name, introduces, at);
            }
            return Heard::Known;
        }
        if let Some(departed) = self.departed.get(uid) {
            let is_another = incarnation.is_some_and(|name| !departed.incarnations.is_gone(name));
            if !introduces && !is_another {
                return Heard::Ignored;
            }
        }
        let departed = self.departed.remove(uid);
        let mut incarnations = departed.map_or_else(Incarnations::default, |it| it.incarnations);
        if let Some(name) = incarnation {
            incarnations.heard(name, introduces, at);
        }
        let peer = Peer {
            last_heard: at,
            generation,
            reads_frames: reads_frames.unwrap_or(false),
            incarnations,
        };
        self.peers.insert(uid.to_owned(), peer);
        Heard::Joined
    }

    /// A server said goodbye; `incarnation` is its name, if the goodbye tells.
    pub fn on_goodbye(&mut self, uid: &str, incarnation: Option<&str>, evidence: Evidence) -> Goodbye {
        let at = evidence.received_at;
        let Some(peer) = self.peers.get_mut(uid) else {
            let departed = self.departed.entry(uid.to_owned()).or_insert_with(|| Departed {
                since: at,
                incarnations: Incarnations::default(),
            });
            departed.since = departed.since.max(at);
            departed.incarnations.end(incarnation, at);
            return Goodbye::Unknown;
        };
        peer.incarnations.end(incarnation, at);
        if peer.incarnations.any_alive() {
            return Goodbye::Stays;
        }
        if let Some((uid, peer)) = self.peers.remove_entry(uid) {
            let incarnations = peer.incarnations;
            self.departed.insert(
                uid,
                Departed {
                    since: at,
                    incarnations,
                },
            );
        }
        Goodbye::Left
    }

    /// A session of this server was lost, and `generation` began: the peers may have lost theirs as well.
    pub fn mark_unconfirmed(&mut self, generation: Generation) {
        self.required = self.required.max(generation);
    }

    /// The echo of an introduction that this server has published in `generation`: what comes behind it was said in
    /// that generation, too.
    pub fn on_echo(&mut self, generation: Generation) {
        self.echoed = self.echoed.max(generation);
    }

    /// Whether a peer was not heard since the last loss of a session.
    #[must_use]
    pub fn has_unconfirmed(&self) -> bool {
        self.peers.values().any(|peer| peer.generation < self.required)
    }

    /// Removes and returns the peers that were silent for longer than `timeout`.
    pub fn expire(&mut self, now: Moment, timeout: Duration) -> Vec<String> {
        self.departed
            .retain(|_, departed| now.saturating_sub(departed.since) <= timeout);
        let silent: Vec<String> = self
            .peers
            .iter()
            .filter(|(_, peer)| now.saturating_sub(peer.last_heard) > timeout)
            .map(|(uid, _)| uid.clone())
            .collect();
        for uid in &silent {
            if self.peers.remove(uid).is_some_and(|peer| !peer.reads_frames) {
                self.no_frames_before(now + timeout * TIMEOUTS_WITHOUT_FRAMES);
            }
        }
        for peer in self.peers.values_mut() {
            peer.incarnations.expire(now, timeout);
        }
        silent
    }

    /// Not all members may be known before this moment.
    pub fn no_frames_before(&mut self, moment: Moment) {
        self.no_frames_until = self.no_frames_until.max(moment);
    }

    /// Whether a member understands frames.
    #[must_use]
    pub fn reads_frames(&self, uid: &str) -> bool {
        self.peers.get(uid).is_some_and(|peer| peer.reads_frames)
    }

    /// The members that understand frames.
    pub fn frame_readers(&self) -> impl Iterator<Item = &str> {
        let readers = self.peers.iter().filter(|(_, peer)| peer.reads_frames);
        readers.map(|(uid, _)| uid.as_str())
    }

    /// Whether it is certain that all members understand frames.
    #[must_use]
    pub fn all_read_frames(&self, now: Moment) -> bool {
        now >= self.no_frames_until && self.peers.values().all(|peer| peer.reads_frames)
    }

    /// The members and when each was last heard.
    pub fn peers(&self) -> impl Iterator<Item = (&str, Moment)> {
        self.peers
            .iter()
            .map(|(uid, peer)| (uid.as_str(), peer.last_heard))
    }

    /// How many other nodes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.peers.len()
    }

    /// Whether this node is alone.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.peers.is_empty()
    }
}

#[cfg(test)]
mod tests;
