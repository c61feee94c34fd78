//! A session that publishes.

use std::sync::Arc;
use std::time::Duration;

use socketio_postgres_adapter::cluster::batch::Outgoing;
use socketio_postgres_adapter::error::{Error, ErrorKind, Result};
use socketio_postgres_adapter::pg::database::Publisher;
use socketio_postgres_adapter::wire::payload::ATTACHMENT_HEADER_END;
use tokio::sync::oneshot;

use super::database::Link;
use super::postgres::{Owner, SessionId};
use super::world::World;

/// How long a commit holds the lock at most.
const COMMIT_TIME: Duration = Duration::from_millis(2);

pub struct SimPublisher(pub Link);

/// What the server does with a transaction. It goes on whether or not the client waits.
struct Transaction {
    world: Arc<World>,
    owner: Owner,
    session: SessionId,
    messages: Vec<Outgoing>,
}

fn refused(kind: ErrorKind, sqlstate: &str) -> Error {
    Error::new(kind, "refused").with_sqlstate(sqlstate)
}

impl Transaction {
    /// None if the session ends before there is an answer.
    async fn run(self) -> Option<Result<()>> {
        self.world.travel(self.owner).await;
        let result = self.execute().await?;
        if result.is_ok() && self.takes_answer_away() {
            self.world.kill(self.session, None, "its answer is lost");
        }
        self.world.travel(self.owner).await;
        Some(result)
    }

    async fn execute(&self) -> Option<Result<()>> {
        let world = &self.world;
        if !world.is_alive(self.session) {
            return None;
        }
        let is_expressed = {
            let state = world.lock();
            let mut texts = self
                .messages
                .iter()
                .flat_map(|message| [&*message.channel, &message.text]);
            texts.all(|text| state.postgres.can_express(text))
        };
        if !is_expressed {
            return Some(Err(refused(ErrorKind::Publish, "22P05")));
        }
        let _lock = world.notify_lock.lock().await;
        loop {
            let locked_until = world.lock().postgres.locked_until;
            if locked_until <= world.now() || !world.is_alive(self.session) {
                break;
            }
            world.sleep_until(locked_until).await;
        }
        tokio::time::sleep(world.rng.up_to(COMMIT_TIME)).await;
        if !world.is_alive(self.session) {
            return None;
        }
        if let Some(error) = self.refusal() {
            world.tell(format!("  session {}: refused, {error:?}", self.session));
            return Some(Err(error));
        }
        self.commit();
        Some(Ok(()))
    }

    fn refusal(&self) -> Option<Error> {
        let now = self.world.now();
        let mut state = self.world.lock();
        let slot = state.slot_of(self.owner)?;
        if let Some(sqlstate) = slot.refusals.pop_front() {
            slot.calm_since = slot.calm_since.max(now);
            return Some(refused(ErrorKind::Publish, sqlstate));
        }
        let is_attached = self.messages.iter().any(|message| message.attachment.is_some());
        if is_attached && !state.postgres.has_table {
            return Some(refused(ErrorKind::Table, "42P01"));
        }
        (now < state.postgres.full_until).then(|| refused(ErrorKind::QueueFull, "54000"))
    }

    fn commit(&self) {
        let notifications: Vec<(String, String)> = self
            .messages
            .iter()
            .map(|message| {
                let text = match &message.attachment {
                    None => message.text.clone(),
                    Some(bytes) => {
                        let now = self.world.now();
                        let id = self.world.lock().postgres.store(bytes.clone(), now);
                        format!("{}{id}{ATTACHMENT_HEADER_END}", message.text)
                    }
                };
                (message.channel.to_string(), text)
            })
            .collect();
        self.world.commit(Some(self.session), &notifications);
    }

    fn takes_answer_away(&self) -> bool {
        let mut state = self.world.lock();
        state
            .slot_of(self.owner)
            .is_some_and(|slot| std::mem::take(&mut slot.loses_answer))
    }
}

impl Publisher for SimPublisher {
    async fn ensure_table(&mut self) -> Result<()> {
        let link = &self.0;
        link.round_trip(|| link.world.lock().postgres.has_table = true)
            .await
    }

    async fn notify_batch(&mut self, messages: &[Outgoing]) -> Result<()> {
        let transaction = Transaction {
            world: Arc::clone(&self.0.world),
            owner: self.0.owner,
            session: self.0.session,
            messages: messages.to_vec(),
        };
        let (answer, answered) = oneshot::channel();
        tokio::spawn(async move {
            let result = transaction.run().await;
            let _ = answer.send(result);
        });
        let answer = async { answered.await.ok().flatten() };
        self.0.or_lost(answer).await?
    }

    async fn lost(&mut self) -> Error {
        self.0.ended().await;
        self.0.world.lost(self.0.session)
    }

    async fn probe(&mut self) -> Result<()> {
        self.0.round_trip(|| ()).await
    }

    async fn prune(&mut self, age: Duration) -> Result<u64> {
        let link = &self.0;
        link.round_trip(|| {
            let now = link.world.now();
            let table = &mut link.world.lock().postgres.table;
            let before = table.len();
            table.retain(|_, (stored, _)| *stored + age > now);
            (before - table.len()) as u64
        })
        .await
    }

    async fn close(self) {}
}
