//! The model of PostgreSQL: sessions, channels, the order of commits, the table, and who was notified of what.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use socketio_postgres_adapter::pg::database::Notification;
use tokio::sync::Notify;

use super::oracle::{Carried, Oracle};

pub type SessionId = u64;

/// Whose session it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// An engine, by the number of its life.
    Life(usize),
    /// A server with the JavaScript adapter.
    Member(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Listen,
    Publish,
}

pub struct Queued {
    pub due: Duration,
    pub notification: Notification,
    pub carried: Arc<[Carried]>,
}

pub struct Session {
    pub owner: Owner,
    pub purpose: Purpose,
    pub since: Duration,
    /// With the time since which it listens.
    pub channels: BTreeMap<String, Duration>,
    pub queue: VecDeque<Queued>,
    /// Something arrived, or the session ended.
    pub changed: Arc<Notify>,
}

/// A session listened on a channel.
#[derive(Debug)]
pub struct Listening {
    pub owner: Owner,
    pub session: SessionId,
    pub channel: String,
    pub from: Duration,
    pub to: Option<Duration>,
}

/// What became of a message in one transaction.
#[derive(Debug)]
pub struct Commit {
    pub at: Duration,
    pub carried: Carried,
    pub publisher: Option<SessionId>,
    /// Which sessions listened on the channel of the message's namespace.
    pub concerned: Vec<(Owner, SessionId)>,
}

/// What a session is told as the reason of its end: an SQLSTATE or nothing.
pub type Reason = Option<&'static str>;

pub struct Postgres {
    pub is_up: bool,
    pub latin1: bool,
    pub locked_until: Duration,
    pub full_until: Duration,
    pub has_table: bool,
    pub table: BTreeMap<i64, (Duration, Vec<u8>)>,
    last_row: i64,
    pub sessions: BTreeMap<SessionId, Session>,
    last_session: SessionId,
    pub ended: BTreeMap<SessionId, Reason>,
    pub listenings: Vec<Listening>,
    /// When each publishing session began and ended.
    pub publishers: BTreeMap<SessionId, (Owner, Duration, Option<Duration>)>,
    pub outages: Vec<(Duration, Option<Duration>)>,
    oracle: Oracle,
}

impl Postgres {
    pub fn new(latin1: bool, oracle: Oracle) -> Self {
        Self {
            is_up: true,
            latin1,
            locked_until: Duration::ZERO,
            full_until: Duration::ZERO,
            has_table: true,
            table: BTreeMap::new(),
            last_row: 0,
            sessions: BTreeMap::new(),
            last_session: 0,
            ended: BTreeMap::new(),
            listenings: Vec::new(),
            publishers: BTreeMap::new(),
            outages: Vec::new(),
            oracle,
        }
    }

    pub fn connect(&mut self, owner: Owner, purpose: Purpose, now: Duration) -> (SessionId, Arc<Notify>) {
        self.last_session += 1;
        let changed = Arc::new(Notify::new());
        let session = Session {
            owner,
            purpose,
            since: now,
            channels: BTreeMap::new(),
            queue: VecDeque::new(),
            changed: Arc::clone(&changed),
        };
        self.sessions.insert(self.last_session, session);
        if purpose == Purpose::Publish {
            self.publishers.insert(self.last_session, (owner, now, None));
        }
        (self.last_session, changed)
    }

    /// Ends a session, and with it what it had not been sent. Whether there was one.
    pub fn end(&mut self, id: SessionId, reason: Reason, now: Duration) -> bool {
        let Some(session) = self.sessions.remove(&id) else {
            return false;
        };
        self.ended.insert(id, reason);
        if let Some((_, _, end)) = self.publishers.get_mut(&id) {
            *end = Some(now);
        }
        for listening in &mut self.listenings {
            if listening.session == id && listening.to.is_none() {
                listening.to = Some(now);
            }
        }
        session.changed.notify_one();
        true
    }

    pub fn sessions_of(&self, owner: Owner, purpose: Purpose) -> Vec<SessionId> {
        let own = self.sessions.iter();
        own.filter(|(_, session)| session.owner == owner && session.purpose == purpose)
            .map(|(id, _)| *id)
            .collect()
    }

    pub fn can_express(&self, text: &str) -> bool {
        !self.latin1 || text.chars().all(|character| u32::from(character) < 256)
    }

    pub fn listen(&mut self, id: SessionId, channel: &str, now: Duration) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        if session.channels.contains_key(channel) {
            return;
        }
        session.channels.insert(channel.to_owned(), now);
        self.listenings.push(Listening {
            owner: session.owner,
            session: id,
            channel: channel.to_owned(),
            from: now,
            to: None,
        });
    }

    pub fn unlisten(&mut self, id: SessionId, channel: &str, now: Duration) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        session.channels.remove(channel);
        for listening in &mut self.listenings {
            if listening.session == id && listening.channel == channel && listening.to.is_none() {
                listening.to = Some(now);
            }
        }
    }

    pub fn store(&mut self, bytes: Vec<u8>, now: Duration) -> i64 {
        self.last_row += 1;
        self.table.insert(self.last_row, (now, bytes));
        self.last_row
    }

    /// Commits a transaction; `latency` tells how long a notification is under way to a session. Returns, by message,
    /// whom it concerns.
    pub fn commit(
        &mut self,
        publisher: Option<SessionId>,
        notifications: &[(String, String)],
        now: Duration,
        latency: impl Fn(Owner) -> Duration,
    ) -> Vec<Commit> {
        let mut commits = Vec::new();
        let mut seen = HashSet::new();
        for notification in notifications {
            if !seen.insert(notification) {
                continue;
            }
            let (channel, payload) = notification;
            let carried: Arc<[Carried]> = self.oracle.read(channel, payload, &self.table).into();
            for session in self.sessions.values_mut() {
                if !session.channels.contains_key(channel) {
                    continue;
                }
                let last = session.queue.back().map_or(Duration::ZERO, |queued| queued.due);
                session.queue.push_back(Queued {
                    due: last.max(now + latency(session.owner)),
                    notification: Notification {
                        channel: channel.clone(),
                        payload: payload.clone(),
                    },
                    carried: Arc::clone(&carried),
                });
                session.changed.notify_one();
            }
            for message in carried.iter() {
                let listens = |session: &&Session| session.channels.contains_key(&message.channel);
                let concerned = self.sessions.iter().filter(|(_, session)| listens(session));
                commits.push(Commit {
                    at: now,
                    carried: message.clone(),
                    publisher,
                    concerned: concerned.map(|(id, session)| (session.owner, *id)).collect(),
                });
            }
        }
        commits
    }
}
