//! The namespaces that are open on this node, with what is known of each: rooms, members, last sign of life.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::time::Instant;

use crate::cluster::membership::{Generation, Membership};
use crate::cluster::rooms::RoomIndex;

/// What a namespace is called in Socket.IO and in PostgreSQL.
#[derive(Debug, PartialEq, Eq)]
pub struct Address {
    /// The number by which it is known here.
    pub id: NamespaceId,
    /// The namespace, such as `/` or `/chat`.
    pub nsp: Arc<str>,
    /// The notification channel.
    pub channel: Arc<str>,
}

/// The number by which JavaScript names an open namespace, from 1. Never used twice in the life of an engine.
pub type NamespaceId = u32;

/// One open namespace.
#[derive(Debug)]
pub struct Namespace {
    /// Its names.
    pub address: Arc<Address>,
    /// Which rooms have local members.
    pub rooms: RoomIndex,
    /// The other nodes.
    pub members: Membership,
    /// When something was published last, heartbeats included.
    pub last_published: Instant,
    /// When a heartbeat was published last.
    pub last_heartbeat: Instant,
    /// Whether the peers are yet to be told that this node is here.
    pub unannounced: bool,
    /// Whether PostgreSQL refuses its channel: nothing can be heard there, nor said.
    pub refused: bool,
}

/// All open namespaces.
#[derive(Debug, Default)]
pub struct Namespaces {
    by_id: BTreeMap<NamespaceId, Namespace>,
    by_channel: BTreeMap<Arc<str>, NamespaceId>,
    by_name: BTreeMap<Arc<str>, NamespaceId>,
    last_id: NamespaceId,
    generation: Generation,
}

impl Namespaces {
    /// Opens a namespace, or finds the open one: either way its peers will be told (again).
    pub fn open(&mut self, nsp: &str, channel: String) -> NamespaceId {
        let channel: Arc<str> = channel.into();
        if let Some(id) = self.by_channel.get(&channel) {
            if let Some(namespace) = self.by_id.get_mut(id) {
                namespace.unannounced = true;
            }
            return *id;
        }
        self.last_id += 1;
        let namespace = Namespace {
            address: Arc::new(Address {
                id: self.last_id,
                nsp: nsp.into(),
                channel: Arc::clone(&channel),
            }),
            rooms: RoomIndex::default(),
            members: Membership::default(),
            last_published: Instant::now(),
            last_heartbeat: Instant::now(),
            unannounced: true,
            refused: false,
        };
        self.by_name
            .insert(Arc::clone(&namespace.address.nsp), self.last_id);
        self.by_id.insert(self.last_id, namespace);
        self.by_channel.insert(channel, self.last_id);
        self.last_id
    }

    /// Closes a namespace and returns its names, if it was open to others.
    pub fn close(&mut self, id: NamespaceId) -> Option<Arc<Address>> {
        let namespace = self.by_id.remove(&id)?;
        self.by_channel.remove(&namespace.address.channel);
        self.by_name.remove(&namespace.address.nsp);
        (!namespace.refused).then_some(namespace.address)
    }

    /// The open namespace of this number, if anything can be said there.
    pub fn get_speakable(&mut self, id: NamespaceId) -> Option<&mut Namespace> {
        self.get_mut(id).filter(|namespace| !namespace.refused)
    }

    /// The open namespace of this number.
    #[must_use]
    pub fn get(&self, id: NamespaceId) -> Option<&Namespace> {
        self.by_id.get(&id)
    }

    /// The open namespace of this number.
    pub fn get_mut(&mut self, id: NamespaceId) -> Option<&mut Namespace> {
        self.by_id.get_mut(&id)
    }

    /// The open namespace of this name.
    pub fn by_name(&mut self, nsp: &str) -> Option<(NamespaceId, &mut Namespace)> {
        let id = *self.by_name.get(nsp)?;
        Some((id, self.by_id.get_mut(&id)?))
    }

    /// The open namespace behind a channel.
    pub fn by_channel(&mut self, channel: &str) -> Option<(NamespaceId, &mut Namespace)> {
        let id = *self.by_channel.get(channel)?;
        Some((id, self.by_id.get_mut(&id)?))
    }

    /// All open namespaces.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (NamespaceId, &mut Namespace)> {
        self.by_id.iter_mut().map(|(id, namespace)| (*id, namespace))
    }

    /// A session, listening or publishing, was lost: the peers have to be heard anew.
    pub fn on_session_lost(&mut self) {
        self.generation = self.generation.next();
        for namespace in self.by_id.values_mut() {
            namespace.members.mark_unconfirmed(self.generation);
        }
    }

    /// The generation of a listening session that begins now.
    #[must_use]
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// The channels of all open namespaces.
    pub fn channels(&self) -> impl Iterator<Item = &str> {
        self.by_channel.keys().map(|channel| &**channel)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opening_twice_finds_the_same_and_announces_again() {
        let mut namespaces = Namespaces::default();
        let id = namespaces.open("/", "p#/".into());
        namespaces.get_mut(id).unwrap().unannounced = false;
        assert_eq!(namespaces.open("/", "p#/".into()), id);
        assert!(namespaces.get(id).unwrap().unannounced);
    }

    #[test]
    fn a_number_is_never_used_twice() {
        let mut namespaces = Namespaces::default();
        let first = namespaces.open("/", "p#/".into());
        assert!(namespaces.close(first).is_some());
        assert!(namespaces.close(first).is_none());
        assert_ne!(namespaces.open("/", "p#/".into()), first);
        assert_eq!(namespaces.channels().collect::<Vec<_>>(), ["p#/"]);
    }
}
