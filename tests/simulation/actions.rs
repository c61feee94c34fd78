//! Carries out the steps of a plan. A step that makes no sense at its time does nothing, so that any of them can be
//! left out.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use socketio_postgres_adapter::engine::handle::Engine;
use socketio_postgres_adapter::engine::inbox::Inbox;
use socketio_postgres_adapter::engine::randomness::Randomness;
use socketio_postgres_adapter::options::Options;
use socketio_postgres_adapter::wire::message::MessageType;
use tokio::runtime::Handle;
use tokio::sync::Notify;

use super::database::SimDatabase;
use super::oracle::{MARKER, PREFIX};
use super::plan::{Action, Emit, Kind};
use super::postgres::{Owner, Purpose, Reason};
use super::state::{End, Life, MemberCommand, Message, OpenNamespace};
use super::world::World;
use super::{javascript, member};

/// What a session is told whose process the operator ends.
const BY_ADMINISTRATOR: Reason = Some("57P01");

pub fn execute(world: &Arc<World>, action: &Action) {
    match action {
        Action::Start { slot, same_uid, nsps } => start(world, *slot, *same_uid, nsps),
        Action::Stop { slot } => stop(world, *slot),
        Action::Crash { slot } => crash(world, *slot),
        Action::Overlap { slot, after } => overlap(world, *slot, *after),
        Action::Open { slot, nsp } => open(world, *slot, nsp),
        Action::Close { slot, nsp } => close(world, *slot, nsp),
        Action::JoinRoom { slot, nsp, room } => room_of(world, *slot, nsp, room, true),
        Action::LeaveRoom { slot, nsp, room } => room_of(world, *slot, nsp, room, false),
        Action::Emit { slot, emit } => publish(world, *slot, emit),
        Action::JsJoin { nsps } => member::start(world, nsps.clone()),
        Action::JsLeave { which, goodbye } => {
            command(world, *which, |_| {
                Some(MemberCommand::Leave { goodbye: *goodbye })
            });
        }
        Action::JsEmit { which, nsp, count } => {
            for _ in 0..*count {
                command(world, *which, |member| {
                    let message = note(world, Owner::Member(member), nsp, false, None);
                    Some(MemberCommand::Emit { nsp, message })
                });
            }
        }
        Action::KillListener { slot } => kill(world, *slot, Purpose::Listen),
        Action::KillPublisher { slot } => kill(world, *slot, Purpose::Publish),
        Action::LoseAnswer { slot } => {
            disturb(world, *slot, Duration::ZERO, |slot, _| slot.loses_answer = true);
        }
        Action::Refuse {
            slot,
            sqlstate,
            times,
        } => disturb(world, *slot, Duration::ZERO, |slot, _| {
            slot.refusals.extend(std::iter::repeat_n(*sqlstate, *times));
        }),
        Action::RefuseConnections { slot, lasting } => {
            disturb(world, *slot, *lasting, |slot, until| {
                slot.refuses_connections_until = until;
            });
        }
        Action::Freeze { slot, lasting } => {
            disturb(world, *slot, *lasting, |slot, until| slot.frozen_until = until);
        }
        Action::Slow { slot, delay, lasting } => disturb(world, *slot, *lasting, |slot, until| {
            slot.slow_until = until;
            slot.slow_by = *delay;
        }),
        Action::Down { lasting } => take_down(world, *lasting),
        Action::Lock { lasting } => {
            let until = disturb_all(world, *lasting);
            world.lock().postgres.locked_until = until;
        }
        Action::Full { lasting } => {
            let until = disturb_all(world, *lasting);
            world.lock().postgres.full_until = until;
        }
        Action::DropTable => {
            let mut state = world.lock();
            state.postgres.has_table = false;
            state.postgres.table.clear();
        }
    }
}

fn disturb(
    world: &World,
    slot: usize,
    lasting: Duration,
    how: impl FnOnce(&mut super::state::Slot, Duration),
) {
    let until = world.now() + lasting;
    if let Some(slot) = world.lock().slots.get_mut(slot) {
        slot.calm_since = slot.calm_since.max(until);
        how(slot, until);
    }
}

fn disturb_all(world: &World, lasting: Duration) -> Duration {
    let until = world.now() + lasting;
    let mut state = world.lock();
    state.calm_since = state.calm_since.max(until);
    until
}

fn kill(world: &World, slot: usize, purpose: Purpose) {
    let sessions = {
        let state = world.lock();
        let life = state.slots.get(slot).and_then(|slot| slot.life);
        life.map(|life| state.postgres.sessions_of(Owner::Life(life), purpose))
            .unwrap_or_default()
    };
    let reason = if world.rng.percent(50) {
        BY_ADMINISTRATOR
    } else {
        None
    };
    for session in sessions {
        world.kill(session, reason, "it is killed");
    }
}

fn take_down(world: &Arc<World>, lasting: Duration) {
    let until = disturb_all(world, lasting);
    let now = world.now();
    let sessions: Vec<_> = {
        let mut state = world.lock();
        if !state.postgres.is_up {
            return;
        }
        state.postgres.is_up = false;
        state.postgres.outages.push((now, None));
        let mut known = super::state::Known::new();
        for (index, life) in state.lives.iter().enumerate() {
            let (Some(engine), None) = (&life.engine, life.ended) else {
                continue;
            };
            for (nsp, open) in &life.open {
                let peers = engine.peers(open.id);
                known.insert((index, *nsp), peers);
            }
        }
        state.known.push(known);
        state.postgres.sessions.keys().copied().collect()
    };
    for session in sessions {
        world.kill(session, BY_ADMINISTRATOR, "the database goes down");
    }
    let world = Arc::clone(world);
    tokio::spawn(async move {
        world.sleep_until(until).await;
        world.tell("  the database is up");
        let mut state = world.lock();
        state.postgres.is_up = true;
        if let Some((_, end)) = state.postgres.outages.last_mut() {
            *end = Some(until);
        }
    });
}

fn start(world: &Arc<World>, slot: usize, same_uid: bool, nsps: &[&'static str]) {
    let (life, uid) = {
        let mut state = world.lock();
        if state.slots[slot].life.is_some() {
            return;
        }
        let life = state.lives.len();
        let last = state.slots[slot].last_uid.take().filter(|_| same_uid);
        let uid = match last {
            Some(uid) => uid,
            None if world.config.is_emitter(slot) => "emitter".to_owned(),
            None => format!("s{slot}.{life}"),
        };
        state.slots[slot].life = Some(life);
        state.slots[slot].last_uid = Some(uid.clone());
        let now = world.now();
        state.slots[slot].calm_since = state.slots[slot].calm_since.max(now);
        state.lives.push(Life {
            slot,
            uid: uid.clone(),
            is_emitter: world.config.is_emitter(slot),
            engine: None,
            woken: Arc::new(Notify::new()),
            javascript: None,
            ended: None,
            open: std::collections::BTreeMap::new(),
            namespaces: std::collections::BTreeMap::new(),
            deliveries: Vec::new(),
            handed: Vec::new(),
            reports: Vec::new(),
            dropped_in_all: None,
        });
        (life, uid)
    };
    let options = json!({
        "role": if world.config.is_emitter(slot) { "emitter" } else { "server" },
        "uid": uid,
        "channelPrefix": PREFIX,
        "tableName": "attachments",
        "payloadThreshold": world.config.payload_threshold,
        "heartbeatInterval": world.config.heartbeat_interval.as_millis(),
        "heartbeatTimeout": world.config.heartbeat_timeout.as_millis(),
        "marker": MARKER,
        "requestPrefix": format!("life{life}:"),
    });
    let woken = Arc::clone(&world.lock().lives[life].woken);
    let wake = Box::new({
        let woken = Arc::clone(&woken);
        move || woken.notify_one()
    });
    let engine = Arc::new(Engine::start_with(
        Options::from_json(&options.to_string()).unwrap(),
        SimDatabase {
            world: Arc::clone(world),
            owner: Owner::Life(life),
        },
        Arc::new(Inbox::with_limit(wake, world.config.inbox_bytes)),
        &Handle::current(),
        Randomness::from_seed(world.rng.next()),
    ));
    let javascript = tokio::spawn(javascript::run(
        Arc::clone(world),
        life,
        Arc::clone(&engine),
        woken,
    ));
    {
        let mut state = world.lock();
        state.lives[life].engine = Some(engine);
        state.lives[life].javascript = Some(javascript.abort_handle());
    }
    for nsp in nsps {
        open(world, slot, nsp);
    }
}

/// Takes the engine out of its slot.
fn take_life(world: &World, slot: usize, end: End) -> Option<(usize, Arc<Engine>)> {
    let now = world.now();
    let mut state = world.lock();
    let life = state.slots.get_mut(slot)?.life.take()?;
    let engine = state.lives[life].engine.clone()?;
    state.lives[life].ended = Some((now, end));
    Some((life, engine))
}

fn close_engine(world: &Arc<World>, life: usize, engine: Arc<Engine>) {
    // As `close()` of the adapter does: a goodbye in each namespace, and then the engine.
    let ids: Vec<_> = world.lock().lives[life]
        .open
        .values()
        .map(|open| open.id)
        .collect();
    for id in ids {
        engine.close_namespace(id);
    }
    let world = Arc::clone(world);
    tokio::spawn(async move {
        if tokio::time::timeout(Duration::from_secs(10), engine.close())
            .await
            .is_err()
        {
            world.lock().violated(
                "quiet",
                format!("life {life} does not end within 10 s of close()"),
            );
        }
        let (woken, javascript) = {
            let mut state = world.lock();
            let life = &mut state.lives[life];
            life.dropped_in_all = Some(engine.stats().buffer.dropped);
            (Arc::clone(&life.woken), life.javascript.clone())
        };
        woken.notify_one();
        tokio::time::sleep(Duration::from_secs(10)).await;
        if let Some(javascript) = javascript {
            javascript.abort();
        }
        let engine = world.lock().lives[life].engine.take();
        drop(engine);
    });
}

fn stop(world: &Arc<World>, slot: usize) {
    if let Some((life, engine)) = take_life(world, slot, End::Closed) {
        close_engine(world, life, engine);
    }
}

fn crash(world: &Arc<World>, slot: usize) {
    let Some((life, engine)) = take_life(world, slot, End::Crashed) else {
        return;
    };
    let (javascript, other) = {
        let mut state = world.lock();
        (
            state.lives[life].javascript.take(),
            state.lives[life].engine.take(),
        )
    };
    if let Some(javascript) = javascript {
        javascript.abort();
    }
    // Its destructor ends its sessions.
    drop((engine, other));
}

fn overlap(world: &Arc<World>, slot: usize, after: Duration) {
    let nsps: Vec<&'static str> = {
        let state = world.lock();
        let life = state.slots.get(slot).and_then(|slot| slot.life);
        let Some(life) = life else { return };
        state.lives[life].open.keys().copied().collect()
    };
    let Some((life, engine)) = take_life(world, slot, End::Closed) else {
        return;
    };
    start(world, slot, true, &nsps);
    let world = Arc::clone(world);
    tokio::spawn(async move {
        tokio::time::sleep(after).await;
        let now = world.now();
        {
            let mut state = world.lock();
            state.lives[life].ended = Some((now, End::Closed));
            state.slots[slot].calm_since = state.slots[slot].calm_since.max(now);
            state
                .story
                .push((now, format!("  the old server of slot {slot} closes")));
        }
        close_engine(&world, life, engine);
    });
}

fn current(world: &World, slot: usize) -> Option<(usize, Arc<Engine>)> {
    let state = world.lock();
    let life = state.slots.get(slot)?.life?;
    Some((life, state.lives[life].engine.clone()?))
}

fn open(world: &World, slot: usize, nsp: &'static str) {
    let Some((life, engine)) = current(world, slot) else {
        return;
    };
    let id = engine.open(nsp).unwrap();
    engine.set_populated(id, true);
    let since = world.now();
    let mut state = world.lock();
    let life = &mut state.lives[life];
    life.namespaces.insert(id, nsp);
    life.open.entry(nsp).or_insert(OpenNamespace {
        id,
        since,
        rooms: std::collections::BTreeMap::new(),
    });
}

fn close(world: &World, slot: usize, nsp: &'static str) {
    let Some((life, engine)) = current(world, slot) else {
        return;
    };
    let closed = world.lock().lives[life].open.remove(nsp);
    if let Some(closed) = closed {
        engine.close_namespace(closed.id);
        let now = world.now();
        let slot = &mut world.lock().slots[slot];
        slot.calm_since = slot.calm_since.max(now);
    }
}

fn room_of(world: &World, slot: usize, nsp: &'static str, room: &'static str, joins: bool) {
    let Some((life, engine)) = current(world, slot) else {
        return;
    };
    let now = world.now();
    let mut state = world.lock();
    let Some(open) = state.lives[life].open.get_mut(nsp) else {
        return;
    };
    if joins {
        open.rooms.entry(room).or_insert(now);
        engine.room_created(open.id, room.to_owned());
    } else {
        open.rooms.remove(room);
        engine.room_deleted(open.id, room);
    }
}

/// Gives a message its number.
fn note(
    world: &World,
    sender: Owner,
    nsp: &'static str,
    volatile: bool,
    room: Option<&'static str>,
) -> usize {
    let mut state = world.lock();
    let number = state.messages.len();
    let calm_since = state
        .slot_of(sender)
        .map_or(Duration::ZERO, |slot| slot.calm_since);
    let calm_since = calm_since.max(state.calm_since);
    state.messages.push(Message {
        calm_since,
        sender,
        nsp,
        at: world.now(),
        volatile,
        room,
        commits: Vec::new(),
    });
    number
}

fn publish(world: &World, slot: usize, emit: &Emit) {
    let Some((life, engine)) = current(world, slot) else {
        return;
    };
    let id = world.lock().lives[life].open.get(emit.nsp).map(|open| open.id);
    let Some(id) = id else { return };
    let options: Arc<str> = match emit.room {
        None => "".into(),
        Some(room) => json!({ "rooms": [room], "except": [], "flags": {} })
            .to_string()
            .into(),
    };
    let mut numbers = Vec::new();
    for _ in 0..emit.count {
        let room = emit.room.filter(|_| emit.kind != Kind::ServerSide);
        let number = note(world, Owner::Life(life), emit.nsp, emit.volatile, room);
        numbers.push(number.to_string());
        let mut padding = String::new();
        while padding.len() < emit.padding {
            write!(padding, "{:016x}", world.rng.next()).unwrap();
        }
        match emit.kind {
            Kind::ServerSide => {
                let data = json!({ "packet": ["m", number, padding] }).to_string();
                engine.publish(
                    id,
                    MessageType::ServerSideEmit,
                    Some(data),
                    Vec::new(),
                    emit.volatile,
                );
            }
            Kind::Event => {
                let event = (json!(["m", number, padding]).to_string(), Vec::new());
                engine.publish_events(id, &options, std::iter::once(event), emit.volatile);
            }
            Kind::Binary => {
                let event = json!(["m", number, format!("{MARKER}0"), padding]).to_string();
                let event = (event, vec![number.to_string().into_bytes()]);
                engine.publish_events(id, &options, std::iter::once(event), emit.volatile);
            }
        }
    }
    let uid = world.lock().lives[life].uid.clone();
    world.tell(format!("  {uid} publishes {}", numbers.join(" ")));
}

/// Sends a command to one of the JavaScript servers that are there.
fn command(world: &World, which: usize, what: impl FnOnce(usize) -> Option<MemberCommand>) {
    let there: Vec<usize> = {
        let state = world.lock();
        let members = state.members.iter().enumerate();
        members
            .filter(|(_, member)| member.ended.is_none())
            .map(|(index, _)| index)
            .collect()
    };
    let Some(member) = there.get(which % there.len().max(1)).copied() else {
        return;
    };
    if let Some(command) = what(member) {
        let _ = world.lock().members[member].commands.send(command);
    }
}
