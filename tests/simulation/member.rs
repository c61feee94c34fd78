//! A server with the JavaScript adapter: speaks the plain protocol, without frames.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{json, Value};
use socketio_postgres_adapter::wire::msgpack;
use tokio::sync::mpsc;

use super::oracle::{channel, number_in, MARKER};
use super::postgres::{Owner, Purpose, SessionId};
use super::state::{Member, MemberCommand};
use super::world::World;

/// Starts one; it joins in a moment.
pub fn start(world: &Arc<World>, nsps: Vec<&'static str>) {
    let (commands, inbox) = mpsc::unbounded_channel();
    let mut state = world.lock();
    let index = state.members.len();
    state.members.push(Member {
        uid: format!("js{index}"),
        commands,
        introduced: std::collections::BTreeMap::new(),
        ended: None,
        deliveries: Vec::new(),
        missing_rows: 0,
    });
    drop(state);
    let process = Process {
        world: Arc::clone(world),
        index,
        owner: Owner::Member(index),
        uid: format!("js{index}"),
        nsps,
    };
    tokio::spawn(process.run(inbox));
}

struct Process {
    world: Arc<World>,
    index: usize,
    owner: Owner,
    uid: String,
    nsps: Vec<&'static str>,
}

impl Process {
    async fn run(self, mut commands: mpsc::UnboundedReceiver<MemberCommand>) {
        self.live(&mut commands).await;
        let now = self.world.now();
        let mut state = self.world.lock();
        state.members[self.index].ended.get_or_insert(now);
        for session in state.postgres.sessions_of(self.owner, Purpose::Listen) {
            state.postgres.end(session, None, now);
        }
    }

    /// Until it leaves, or its connection is lost, which ends the process.
    async fn live(&self, commands: &mut mpsc::UnboundedReceiver<MemberCommand>) {
        let world = &self.world;
        world.travel(self.owner).await;
        let (session, changed) = {
            let mut state = world.lock();
            if !state.postgres.is_up {
                return;
            }
            let (session, changed) = state.postgres.connect(self.owner, Purpose::Listen, world.now());
            for nsp in &self.nsps {
                state.postgres.listen(session, &channel(nsp), world.now());
            }
            (session, changed)
        };
        for nsp in &self.nsps {
            if self.send(session, nsp, &json!({ "type": 1 })).await {
                let now = world.now();
                world.lock().members[self.index].introduced.insert(nsp, now);
            }
        }
        let mut heartbeats = tokio::time::interval(world.config.heartbeat_interval);
        heartbeats.tick().await;
        while world.is_alive(session) {
            let due = self.next_due(session);
            tokio::select! {
                biased;
                command = commands.recv() => match command {
                    Some(MemberCommand::Emit { nsp, message }) => {
                        let packet = json!({ "type": 2, "data": ["m", message] });
                        let opts = json!({ "rooms": [], "except": [], "flags": {} });
                        let data = json!({ "packet": packet, "opts": opts });
                        self.send(session, nsp, &json!({ "type": 3, "data": data })).await;
                    }
                    Some(MemberCommand::Leave { goodbye }) => {
                        let now = world.now();
                        world.lock().members[self.index].ended = Some(now);
                        if goodbye {
                            for nsp in &self.nsps {
                                self.send(session, nsp, &json!({ "type": 13 })).await;
                            }
                        }
                        return;
                    }
                    None => return,
                },
                () = world.sleep_until(due.unwrap_or_default()), if due.is_some() => {
                    for nsp in self.hear(session) {
                        self.send(session, nsp, &json!({ "type": 2 })).await;
                    }
                }
                _ = heartbeats.tick() => {
                    for nsp in &self.nsps {
                        self.send(session, nsp, &json!({ "type": 2 })).await;
                    }
                }
                () = changed.notified() => {}
            }
        }
    }

    fn next_due(&self, session: SessionId) -> Option<Duration> {
        let state = self.world.lock();
        let queue = &state.postgres.sessions.get(&session)?.queue;
        queue.front().map(|queued| queued.due)
    }

    /// Takes what has arrived; returns the namespaces in which an answer is owed.
    fn hear(&self, session: SessionId) -> Vec<&'static str> {
        let now = self.world.now();
        let mut answers = Vec::new();
        let state = &mut *self.world.lock();
        let Some(listening) = state.postgres.sessions.get_mut(&session) else {
            return answers;
        };
        let arrived = listening
            .queue
            .iter()
            .take_while(|queued| queued.due <= now)
            .count();
        for queued in listening.queue.drain(..arrived) {
            let payload = &queued.notification.payload;
            let Ok(message) = serde_json::from_str::<Value>(payload) else {
                continue;
            };
            if message["uid"] == self.uid.as_str() {
                continue;
            }
            if message["type"] == 1 {
                answers.extend(
                    self.nsps
                        .iter()
                        .filter(|nsp| channel(nsp) == queued.notification.channel),
                );
            }
            let text = match message["attachmentId"].as_str() {
                None => payload.clone(),
                Some(id) => {
                    let row = state.postgres.table.get(&id.parse().unwrap());
                    let row = row.and_then(|(_, row)| msgpack::decode(row, MARKER).ok());
                    state.members[self.index].missing_rows += usize::from(row.is_none());
                    row.map(|row| row.json).unwrap_or_default()
                }
            };
            if let Some(number) = number_in(&text) {
                state.members[self.index].deliveries.push((now, number));
                state.story.push((now, format!("    {} gets {number}", self.uid)));
            }
        }
        answers
    }

    /// Publishes a message over a connection of its pool. Whether that went well: it does not try again.
    async fn send(&self, session: SessionId, nsp: &str, message: &Value) -> bool {
        let world = &self.world;
        world.travel(self.owner).await;
        let _lock = world.notify_lock.lock().await;
        loop {
            let locked_until = world.lock().postgres.locked_until;
            if locked_until <= world.now() {
                break;
            }
            world.sleep_until(locked_until).await;
        }
        let is_full = world.now() < world.lock().postgres.full_until;
        if is_full || !world.is_alive(session) {
            return false;
        }
        let mut message = message.clone();
        message["uid"] = self.uid.as_str().into();
        message["nsp"] = nsp.into();
        world.commit(None, &[(channel(nsp), message.to_string())]);
        true
    }
}
