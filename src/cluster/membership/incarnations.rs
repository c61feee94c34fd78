//! The incarnations of one uid: a server that is restarted can introduce itself before the old one says goodbye.

use std::time::Duration;

use super::Moment;

/// How many incarnations of a uid are remembered. Names come from the network: memory must not grow with them.
const MAX_INCARNATIONS: usize = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Alive,
    /// Another one has introduced itself since this one was heard.
    Superseded,
    /// It has said goodbye.
    Gone,
}

#[derive(Debug)]
struct Incarnation {
    name: Box<str>,
    last_heard: Moment,
    status: Status,
}

/// The incarnations of a uid that have told their name, in the order in which they were first heard.
#[derive(Debug, Default)]
pub(super) struct Incarnations(Vec<Incarnation>);

impl Incarnations {
    pub(super) fn is_gone(&self, name: &str) -> bool {
        let mut gone = self.0.iter().filter(|known| known.status == Status::Gone);
        gone.any(|known| &*known.name == name)
    }

    fn find(&mut self, name: &str) -> Option<&mut Incarnation> {
        self.0.iter_mut().find(|known| &*known.name == name)
    }

    /// Whether one of them is there.
    pub(super) fn any_alive(&self) -> bool {
        self.newest_alive().is_some()
    }

    /// The place of the one that came last of those that are there.
    fn newest_alive(&self) -> Option<usize> {
        self.0.iter().rposition(|known| known.status == Status::Alive)
    }

    /// One of them has spoken. A new one that introduces itself supersedes the others: they may have crashed, and are
    /// alive only if they are heard again.
    pub(super) fn heard(&mut self, name: &str, introduces: bool, at: Moment) {
        if let Some(known) = self.find(name) {
            known.last_heard = known.last_heard.max(at);
            known.status = Status::Alive;
            return;
        }
        if introduces {
            for other in self.0.iter_mut().filter(|other| other.status == Status::Alive) {
                other.status = Status::Superseded;
            }
        }
        self.add(name, Status::Alive, at);
    }

    /// One of them has said goodbye. Where the goodbye tells no name, and several may have said it, the oldest has.
    pub(super) fn end(&mut self, name: Option<&str>, at: Moment) {
        let Some(name) = name else {
            let mut left = self.0.iter_mut().filter(|known| known.status != Status::Gone);
            if let (Some(oldest), Some(_)) = (left.next(), left.next()) {
                oldest.status = Status::Gone;
            } else {
                // What names itself after this has not said it.
                self.0.retain(|known| known.status == Status::Gone);
            }
            return;
        };
        match self.find(name) {
            Some(known) => {
                known.status = Status::Gone;
                known.last_heard = known.last_heard.max(at);
            }
            None => self.add(name, Status::Gone, at),
        }
    }

    fn add(&mut self, name: &str, status: Status, at: Moment) {
        if self.0.len() == MAX_INCARNATIONS {
            self.0.remove(0);
        }
        self.0.push(Incarnation {
            name: name.into(),
            last_heard: at,
            status,
        });
    }

    /// Forgets those that were silent for longer than `timeout`, but for the newest that is alive: a server that is
    /// busy sending need not name itself.
    pub(super) fn expire(&mut self, now: Moment, timeout: Duration) {
        let newest = self.newest_alive();
        let mut place = 0;
        self.0.retain(|known| {
            let is_newest = Some(place) == newest;
            place += 1;
            is_newest || now.saturating_sub(known.last_heard) <= timeout
        });
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}
