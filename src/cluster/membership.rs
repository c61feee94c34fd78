//! Who is in a namespace of the cluster: who was heard, who said goodbye, who fell silent.

use std::collections::BTreeMap;
use std::time::Duration;

/// The uid that emitters outside the cluster send under: not a server.
pub const EMITTER_UID: &str = "emitter";

/// A moment on the cluster clock: how long the node has been able to hear its peers.
///
/// It stands still while nothing can be heard (no connection, a backlog, a frozen process), so that silence
/// of our own making is never taken for a peer's death.
pub type Moment = Duration;

/// What hearing from a node changed.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub enum Heard {
    /// It was not known before.
    Joined,
    /// It was known.
    Known,
    /// It is no member: an emitter, or a late message of a node that has left.
    Ignored,
}

#[derive(Debug)]
struct Peer {
    last_heard: Moment,
    /// Not heard since an outage.
    doubted: bool,
    /// Whether it has said that it understands frames.
    reads_frames: bool,
}

/// For how many time-outs the cluster is still spoken to without frames after somebody fell silent who does not
/// understand them: a process that was frozen may come back.
const TIMEOUTS_WITHOUT_FRAMES: u32 = 60;

/// The peers of one namespace.
#[derive(Debug, Default)]
pub struct Membership {
    peers: BTreeMap<String, Peer>,
    /// Nodes that left. Over a pool of connections the goodbye can overtake earlier messages, and these must
    /// not bring the node back to life.
    departed: BTreeMap<String, Moment>,
    /// Until then somebody may be there who was not heard yet and does not understand frames.
    no_frames_until: Moment,
}

impl Membership {
    /// A message of `uid` arrived. `introduces` is true for the first message of a node's life; `reads_frames` tells
    /// whether the node understands frames, if the message does.
    pub fn heard(&mut self, uid: &str, introduces: bool, reads_frames: Option<bool>, now: Moment) -> Heard {
        if uid.is_empty() || uid == EMITTER_UID {
            return Heard::Ignored;
        }
        if introduces {
            self.departed.remove(uid);
        } else if self.departed.contains_key(uid) {
            return Heard::Ignored;
        }
        if let Some(known) = self.peers.get_mut(uid) {
            known.last_heard = now;
            known.doubted = false;
            known.reads_frames = reads_frames.unwrap_or(known.reads_frames);
            return Heard::Known;
        }
        let peer = Peer {
            last_heard: now,
            doubted: false,
            reads_frames: reads_frames.unwrap_or(false),
        };
        self.peers.insert(uid.to_owned(), peer);
        Heard::Joined
    }

    /// A node said goodbye. True if it was a member.
    pub fn left(&mut self, uid: &str, now: Moment) -> bool {
        self.departed.insert(uid.to_owned(), now);
        self.peers.remove(uid).is_some()
    }

    /// Removes and returns the nodes that were silent for longer than `timeout`.
    pub fn expire(&mut self, now: Moment, timeout: Duration) -> Vec<String> {
        self.departed
            .retain(|_, since| now.saturating_sub(*since) <= timeout);
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

    /// There was an outage: whether the peers are still there, each has to show anew.
    pub fn doubt_all(&mut self) {
        for peer in self.peers.values_mut() {
            peer.doubted = true;
        }
    }

    /// Whether a peer was not heard since the outage.
    #[must_use]
    pub fn has_doubted(&self) -> bool {
        self.peers.values().any(|peer| peer.doubted)
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
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(10);

    fn at(seconds: u64) -> Moment {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_node_joins_once() {
        let mut members = Membership::default();
        assert_eq!(members.heard("a", true, None, at(0)), Heard::Joined);
        assert_eq!(members.heard("a", false, None, at(1)), Heard::Known);
        assert_eq!(members.len(), 1);
    }

    #[test]
    fn any_message_makes_a_node_known() {
        let mut members = Membership::default();
        assert_eq!(members.heard("a", false, None, at(0)), Heard::Joined);
    }

    #[test]
    fn an_emitter_is_no_member() {
        let mut members = Membership::default();
        assert_eq!(members.heard(EMITTER_UID, false, None, at(0)), Heard::Ignored);
        assert!(members.is_empty());
    }

    #[test]
    fn a_silent_node_expires_after_the_timeout_and_not_before() {
        let mut members = Membership::default();
        members.heard("a", true, None, at(0));
        assert!(members.expire(at(10), TIMEOUT).is_empty());
        assert_eq!(members.expire(at(11), TIMEOUT), ["a"]);
        assert_eq!(members.heard("a", false, None, at(12)), Heard::Joined);
    }

    #[test]
    fn after_an_outage_each_peer_is_doubted_until_it_is_heard_or_gone() {
        let mut members = Membership::default();
        members.heard("a", true, None, at(0));
        members.heard("b", true, None, at(0));
        members.heard("c", true, None, at(5));
        assert!(!members.has_doubted());
        members.doubt_all();
        members.left("a", at(6));
        members.heard("b", false, None, at(6));
        assert!(members.has_doubted());
        assert_eq!(members.expire(at(16), TIMEOUT), ["c"]);
        assert!(!members.has_doubted());
    }

    #[test]
    fn frames_once_everybody_has_said_that_it_understands_them() {
        let mut members = Membership::default();
        members.no_frames_before(at(10));
        members.heard("a", true, Some(true), at(0));
        assert!(!members.all_read_frames(at(9)));
        assert!(members.all_read_frames(at(10)));
        members.heard("a", false, None, at(10));
        assert!(members.all_read_frames(at(10)) && members.reads_frames("a"));
        members.heard("b", false, None, at(11));
        assert!(!members.all_read_frames(at(11)) && !members.reads_frames("b"));
        members.heard("b", false, Some(true), at(12));
        assert!(members.all_read_frames(at(12)));
        members.heard("a", true, Some(false), at(13));
        assert!(!members.all_read_frames(at(13)));
        members.left("a", at(14));
        assert!(members.all_read_frames(at(14)));
    }

    #[test]
    fn who_fell_silent_and_reads_no_frames_may_come_back() {
        let mut members = Membership::default();
        members.heard("a", true, Some(false), at(0));
        members.expire(at(11), TIMEOUT);
        assert!(!members.all_read_frames(at(610)));
        assert!(members.all_read_frames(at(611)));
        members.heard("b", true, Some(true), at(611));
        members.expire(at(622), TIMEOUT);
        assert!(members.is_empty() && members.all_read_frames(at(622)));
    }

    #[test]
    fn a_late_message_does_not_bring_a_node_back() {
        let mut members = Membership::default();
        members.heard("a", true, None, at(0));
        assert!(members.left("a", at(1)));
        assert_eq!(members.heard("a", false, None, at(1)), Heard::Ignored);
        assert!(members.is_empty());
    }

    #[test]
    fn a_node_that_introduces_itself_again_is_back_at_once() {
        let mut members = Membership::default();
        members.left("a", at(1));
        assert_eq!(members.heard("a", true, None, at(1)), Heard::Joined);
    }

    #[test]
    fn who_left_is_forgotten_after_the_timeout() {
        let mut members = Membership::default();
        members.left("a", at(0));
        members.expire(at(11), TIMEOUT);
        assert_eq!(members.heard("a", false, None, at(11)), Heard::Joined);
    }
}
