//! Can any local socket match this packet? The native copy of a namespace's room names.

use std::collections::HashSet;

use crate::wire::message::Rooms;

/// Which rooms of a namespace have members on this node.
#[derive(Debug, Default)]
pub struct RoomIndex {
    populated: bool,
    rooms: HashSet<String>,
}

impl RoomIndex {
    /// Whether the namespace has any socket on this node.
    pub fn set_populated(&mut self, populated: bool) {
        self.populated = populated;
    }

    /// Whether the namespace has any socket on this node.
    #[must_use]
    pub fn is_populated(&self) -> bool {
        self.populated
    }

    /// A room got its first member.
    pub fn created(&mut self, room: String) {
        self.rooms.insert(room);
    }

    /// A room lost its last member.
    pub fn deleted(&mut self, room: &str) {
        self.rooms.remove(room);
    }

    /// Whether a packet for `rooms` can concern a local socket. Errs on the side of yes.
    #[must_use]
    pub fn may_match(&self, rooms: &Rooms<'_>) -> bool {
        match rooms {
            Rooms::All => self.populated,
            Rooms::Named(names) => names.iter().any(|name| self.rooms.contains(name.as_ref())),
            Rooms::Opaque => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::borrow::Cow;

    fn named(names: &[&'static str]) -> Rooms<'static> {
        Rooms::Named(names.iter().map(|name| Cow::Borrowed(*name)).collect())
    }

    #[test]
    fn a_broadcast_to_all_needs_a_socket() {
        let mut index = RoomIndex::default();
        assert!(!index.may_match(&Rooms::All));
        index.set_populated(true);
        assert!(index.may_match(&Rooms::All));
    }

    #[test]
    fn a_broadcast_to_rooms_needs_a_member_in_one_of_them() {
        let mut index = RoomIndex::default();
        index.created("a".into());
        assert!(index.may_match(&named(&["b", "a"])));
        assert!(!index.may_match(&named(&["b"])));
        index.deleted("a");
        assert!(!index.may_match(&named(&["a"])));
    }

    #[test]
    fn what_only_javascript_can_tell_passes() {
        assert!(RoomIndex::default().may_match(&Rooms::Opaque));
    }
}
