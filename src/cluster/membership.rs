//! Who is in a namespace of the cluster: who was heard, who said goodbye, who fell silent.

use std::collections::HashMap;
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
}

/// The peers of one namespace.
#[derive(Debug, Default)]
pub struct Membership {
    peers: HashMap<String, Peer>,
    /// Nodes that left. Over a pool of connections the goodbye can overtake earlier messages, and these must
    /// not bring the node back to life.
    departed: HashMap<String, Moment>,
}

impl Membership {
    /// A message of `uid` arrived. `introduces` is true for the first message of a node's life.
    pub fn heard(&mut self, uid: &str, introduces: bool, now: Moment) -> Heard {
        if uid.is_empty() || uid == EMITTER_UID {
            return Heard::Ignored;
        }
        if introduces {
            self.departed.remove(uid);
        } else if self.departed.contains_key(uid) {
            return Heard::Ignored;
        }
        let peer = Peer {
            last_heard: now,
            doubted: false,
        };
        if let Some(known) = self.peers.get_mut(uid) {
            *known = peer;
            return Heard::Known;
        }
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
            self.peers.remove(uid);
        }
        silent
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
        assert_eq!(members.heard("a", true, at(0)), Heard::Joined);
        assert_eq!(members.heard("a", false, at(1)), Heard::Known);
        assert_eq!(members.len(), 1);
    }

    #[test]
    fn any_message_makes_a_node_known() {
        let mut members = Membership::default();
        assert_eq!(members.heard("a", false, at(0)), Heard::Joined);
    }

    #[test]
    fn an_emitter_is_no_member() {
        let mut members = Membership::default();
        assert_eq!(members.heard(EMITTER_UID, false, at(0)), Heard::Ignored);
        assert!(members.is_empty());
    }

    #[test]
    fn a_silent_node_expires_after_the_timeout_and_not_before() {
        let mut members = Membership::default();
        members.heard("a", true, at(0));
        assert!(members.expire(at(10), TIMEOUT).is_empty());
        assert_eq!(members.expire(at(11), TIMEOUT), ["a"]);
        assert_eq!(members.heard("a", false, at(12)), Heard::Joined);
    }

    #[test]
    fn after_an_outage_each_peer_is_doubted_until_it_is_heard_or_gone() {
        let mut members = Membership::default();
        members.heard("a", true, at(0));
        members.heard("b", true, at(0));
        members.heard("c", true, at(5));
        assert!(!members.has_doubted());
        members.doubt_all();
        members.left("a", at(6));
        members.heard("b", false, at(6));
        assert!(members.has_doubted());
        assert_eq!(members.expire(at(16), TIMEOUT), ["c"]);
        assert!(!members.has_doubted());
    }

    #[test]
    fn a_late_message_does_not_bring_a_node_back() {
        let mut members = Membership::default();
        members.heard("a", true, at(0));
        assert!(members.left("a", at(1)));
        assert_eq!(members.heard("a", false, at(1)), Heard::Ignored);
        assert!(members.is_empty());
    }

    #[test]
    fn a_node_that_introduces_itself_again_is_back_at_once() {
        let mut members = Membership::default();
        members.left("a", at(1));
        assert_eq!(members.heard("a", true, at(1)), Heard::Joined);
    }

    #[test]
    fn who_left_is_forgotten_after_the_timeout() {
        let mut members = Membership::default();
        members.left("a", at(0));
        members.expire(at(11), TIMEOUT);
        assert_eq!(members.heard("a", false, at(11)), Heard::Joined);
    }
}
