//! The way of one engine to the model of PostgreSQL.

use std::future::Future;
use std::sync::Arc;

use socketio_postgres_adapter::error::{Error, ErrorKind, Result};
use socketio_postgres_adapter::pg::database::Database;
use tokio::sync::Notify;

use super::listener::SimListener;
use super::postgres::{Owner, Purpose, SessionId};
use super::publisher::SimPublisher;
use super::world::{unless, World};

pub struct SimDatabase {
    pub world: Arc<World>,
    pub owner: Owner,
}

/// The client's end of a session.
pub struct Link {
    pub world: Arc<World>,
    pub owner: Owner,
    pub session: SessionId,
    pub changed: Arc<Notify>,
}

impl Link {
    /// Waits until the session has ended.
    pub async fn ended(&self) {
        while self.world.is_alive(self.session) {
            self.changed.notified().await;
        }
        // Others may wait for the same.
        self.changed.notify_one();
    }

    /// Waits for the answer to a statement.
    pub async fn or_lost<T>(&self, answer: impl Future<Output = Option<T>>) -> Result<T> {
        let answer = unless(self.ended(), answer).await;
        answer.flatten().ok_or_else(|| self.world.lost(self.session))
    }

    /// A statement that the server carries out at once.
    pub async fn round_trip<T>(&self, act: impl FnOnce() -> T) -> Result<T> {
        self.or_lost(async {
            self.world.travel(self.owner).await;
            let done = self.world.is_alive(self.session).then(act);
            self.world.travel(self.owner).await;
            done
        })
        .await
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        let now = self.world.now();
        self.world.lock().postgres.end(self.session, None, now);
    }
}

impl SimDatabase {
    async fn connect(&self, purpose: Purpose) -> Result<Link> {
        self.world.travel(self.owner).await;
        self.world.travel(self.owner).await;
        let now = self.world.now();
        let mut state = self.world.lock();
        let Owner::Life(life) = self.owner else {
            unreachable!()
        };
        let refused = |why: &str| Err(Error::new(ErrorKind::Connection, why));
        if !state.postgres.is_up {
            return refused("the database is away");
        }
        if now < state.slots[state.lives[life].slot].refuses_connections_until {
            return refused("the database cannot be reached from here");
        }
        let (session, changed) = state.postgres.connect(self.owner, purpose, now);
        let event = format!(
            "  {} connects: session {session}, {purpose:?}",
            state.lives[life].uid
        );
        state.story.push((now, event));
        drop(state);
        Ok(Link {
            world: Arc::clone(&self.world),
            owner: self.owner,
            session,
            changed,
        })
    }
}

impl Database for SimDatabase {
    type Listener = SimListener;
    type Publisher = SimPublisher;

    async fn connect_listener(&self) -> Result<SimListener> {
        self.connect(Purpose::Listen).await.map(SimListener)
    }

    async fn connect_publisher(&self) -> Result<SimPublisher> {
        self.connect(Purpose::Publish).await.map(SimPublisher)
    }
}
