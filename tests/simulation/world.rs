//! Everything that exists in a scenario, with its clock and its chance.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use socketio_postgres_adapter::error::{Error, ErrorKind};
use tokio::time::Instant;

use super::oracle::Oracle;
use super::plan::Config;
use super::postgres::{Owner, Postgres, Reason, SessionId};
use super::rng::Rng;
use super::state::{Slot, State};

pub struct World {
    pub config: Config,
    pub rng: Rng,
    start: Instant,
    state: Mutex<State>,
    /// What every commit with a notification needs; first come, first served.
    pub notify_lock: tokio::sync::Mutex<()>,
}

impl World {
    pub fn new(config: Config) -> Arc<Self> {
        let state = State {
            postgres: Postgres::new(config.latin1, Oracle::new()),
            slots: (0..config.slots()).map(|_| Slot::default()).collect(),
            config: config.clone(),
            lives: Vec::new(),
            members: Vec::new(),
            messages: Vec::new(),
            calm_since: Duration::ZERO,
            known: Vec::new(),
            story: Vec::new(),
            violations: Vec::new(),
        };
        Arc::new(Self {
            rng: Rng::new(config.seed),
            config,
            start: Instant::now(),
            state: Mutex::new(state),
            notify_lock: tokio::sync::Mutex::new(()),
        })
    }

    pub fn now(&self) -> Duration {
        self.start.elapsed()
    }

    pub async fn sleep_until(&self, at: Duration) {
        tokio::time::sleep_until(self.start + at).await;
    }

    /// Never held across an await.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub fn tell(&self, line: impl Into<String>) {
        let now = self.now();
        self.lock().story.push((now, line.into()));
    }

    /// How long a packet to or from somebody is under way.
    pub fn latency(&self, state: &State, owner: Owner) -> Duration {
        let usual = self.rng.up_to(self.config.latency);
        let Owner::Life(life) = owner else { return usual };
        let slot = &state.slots[state.lives[life].slot];
        if self.now() < slot.slow_until {
            usual + slot.slow_by
        } else {
            usual
        }
    }

    /// For as long as a packet is under way.
    pub async fn travel(&self, owner: Owner) {
        let latency = {
            let state = self.lock();
            self.latency(&state, owner)
        };
        tokio::time::sleep(latency).await;
    }

    pub fn is_alive(&self, session: SessionId) -> bool {
        self.lock().postgres.sessions.contains_key(&session)
    }

    /// Ends a session. Its owner is not calm from now on.
    pub fn kill(&self, session: SessionId, reason: Reason, why: &str) {
        let now = self.now();
        let mut state = self.lock();
        let Some(owner) = state.owner_of(session) else {
            return;
        };
        state.postgres.end(session, reason, now);
        if let Some(slot) = state.slot_of(owner) {
            slot.calm_since = slot.calm_since.max(now);
        }
        let uid = state.uid_of(owner).to_owned();
        state
            .story
            .push((now, format!("  session {session} of {uid} ends: {why}")));
    }

    /// Commits a transaction.
    pub fn commit(&self, publisher: Option<SessionId>, notifications: &[(String, String)]) {
        let now = self.now();
        let mut state = self.lock();
        let latencies: Vec<Duration> = (0..state.lives.len())
            .map(|life| self.latency(&state, Owner::Life(life)))
            .collect();
        let of_members = self.rng.up_to(self.config.latency);
        let latency = |owner| match owner {
            Owner::Life(life) => latencies[life],
            Owner::Member(_) => of_members,
        };
        let commits = state.postgres.commit(publisher, notifications, now, latency);
        let carried: Vec<String> = commits
            .iter()
            .map(|commit| format!("{}{:?}", commit.carried.message, commit.carried.form))
            .collect();
        let owner = publisher.and_then(|publisher| state.owner_of(publisher));
        let uid = owner
            .map_or("a JavaScript server", |owner| state.uid_of(owner))
            .to_owned();
        for commit in commits {
            let message = commit.carried.message;
            state.messages[message].commits.push(commit);
        }
        if !carried.is_empty() {
            state
                .story
                .push((now, format!("  commit of {uid}: {}", carried.join(" "))));
        }
    }

    /// The error of a session that has ended.
    pub fn lost(&self, session: SessionId) -> Error {
        let error = Error::new(ErrorKind::Connection, "the connection was lost");
        match self.lock().postgres.ended.get(&session) {
            Some(Some(sqlstate)) => error.with_sqlstate(*sqlstate),
            _ => error,
        }
    }
}

/// Waits for `work`, unless `end` comes first.
pub async fn unless<T>(end: impl Future<Output = ()>, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        () = end => None,
        done = work => Some(done),
    }
}
