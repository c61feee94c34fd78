//! What is so at a moment of a scenario, and what has happened until then.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use socketio_postgres_adapter::engine::handle::Engine;
use socketio_postgres_adapter::engine::namespaces::NamespaceId;
use tokio::sync::{mpsc, Notify};
use tokio::task::AbortHandle;

use super::oracle::Form;
use super::plan::Config;
use super::postgres::{Commit, Owner, Postgres, SessionId};

/// A place for engines, one after the other.
#[derive(Default)]
pub struct Slot {
    pub life: Option<usize>,
    pub last_uid: Option<String>,
    pub frozen_until: Duration,
    pub slow_until: Duration,
    pub slow_by: Duration,
    pub refuses_connections_until: Duration,
    pub refusals: VecDeque<&'static str>,
    pub loses_answer: bool,
    /// Since when nothing of what was done to it is at work any more.
    pub calm_since: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Closed,
    Crashed,
}

pub struct OpenNamespace {
    pub id: NamespaceId,
    pub since: Duration,
    /// With the time since which it has a member.
    pub rooms: BTreeMap<&'static str, Duration>,
}

/// One life of an engine.
pub struct Life {
    pub slot: usize,
    pub uid: String,
    pub is_emitter: bool,
    pub engine: Option<Arc<Engine>>,
    pub woken: Arc<Notify>,
    pub javascript: Option<AbortHandle>,
    pub ended: Option<(Duration, End)>,
    pub open: BTreeMap<&'static str, OpenNamespace>,
    /// The names of all that were ever open.
    pub namespaces: BTreeMap<NamespaceId, &'static str>,
    pub deliveries: Vec<(Duration, usize)>,
    /// What the engine was handed by a session.
    pub handed: Vec<(usize, Form)>,
    /// The codes and sentences of the error handler.
    pub reports: Vec<(Duration, String, String)>,
    /// How many messages were dropped, once it is closed.
    pub dropped_in_all: Option<u64>,
}

/// One life of a server with the JavaScript adapter.
pub struct Member {
    pub uid: String,
    pub commands: mpsc::UnboundedSender<MemberCommand>,
    /// When its introduction was committed, by namespace.
    pub introduced: BTreeMap<&'static str, Duration>,
    pub ended: Option<Duration>,
    pub deliveries: Vec<(Duration, usize)>,
    /// How many headers it heard of rows that were gone.
    pub missing_rows: usize,
}

pub enum MemberCommand {
    Emit { nsp: &'static str, message: usize },
    Leave { goodbye: bool },
}

pub struct Message {
    pub sender: Owner,
    pub nsp: &'static str,
    pub at: Duration,
    pub volatile: bool,
    pub room: Option<&'static str>,
    /// Since when nothing was wrong when it was published.
    pub calm_since: Duration,
    pub commits: Vec<Commit>,
}

#[derive(Debug, Clone)]
pub struct Violation {
    pub property: &'static str,
    pub text: String,
}

/// Which peers a life knew when an outage began, by namespace, and for how long they had been silent.
pub type Known = BTreeMap<(usize, &'static str), Vec<(String, Duration)>>;

pub struct State {
    pub config: Config,
    pub postgres: Postgres,
    pub slots: Vec<Slot>,
    pub lives: Vec<Life>,
    pub members: Vec<Member>,
    pub messages: Vec<Message>,
    /// Since when nothing is wrong with the database.
    pub calm_since: Duration,
    /// For each outage.
    pub known: Vec<Known>,
    pub story: Vec<(Duration, String)>,
    pub violations: Vec<Violation>,
}

impl State {
    pub fn violated(&mut self, property: &'static str, text: String) {
        self.violations.push(Violation { property, text });
    }

    pub fn uid_of(&self, owner: Owner) -> &str {
        match owner {
            Owner::Life(life) => &self.lives[life].uid,
            Owner::Member(member) => &self.members[member].uid,
        }
    }

    pub fn slot_of(&mut self, owner: Owner) -> Option<&mut Slot> {
        match owner {
            Owner::Life(life) => {
                let slot = self.lives[life].slot;
                Some(&mut self.slots[slot])
            }
            Owner::Member(_) => None,
        }
    }

    pub fn owner_of(&self, session: SessionId) -> Option<Owner> {
        self.postgres.sessions.get(&session).map(|session| session.owner)
    }
}
