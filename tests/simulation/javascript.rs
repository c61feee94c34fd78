//! The model of JavaScript: takes bundles when it gets to it, and notes what is in them.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use socketio_postgres_adapter::engine::handle::Engine;
use socketio_postgres_adapter::engine::handoff::{Handoff, SEPARATOR};
use tokio::sync::Notify;

use super::oracle::number_in;
use super::state::State;
use super::world::World;

/// Until it is aborted.
pub async fn run(world: Arc<World>, life: usize, engine: Arc<Engine>, woken: Arc<Notify>) {
    let slot = world.lock().lives[life].slot;
    loop {
        woken.notified().await;
        loop {
            tokio::time::sleep(world.rng.up_to(world.config.pace)).await;
            loop {
                let frozen_until = world.lock().slots[slot].frozen_until;
                if frozen_until <= world.now() {
                    break;
                }
                world.sleep_until(frozen_until).await;
            }
            let handoff = engine.drain();
            if handoff.text.is_empty() {
                break;
            }
            take(&mut world.lock(), life, world.now(), &handoff);
        }
    }
}

/// Notes what is in a bundle; see `engine::handoff`.
pub fn take(state: &mut State, life: usize, now: Duration, handoff: &Handoff) {
    let items: Vec<Value> = serde_json::from_str(&handoff.text).unwrap();
    let mut events = handoff.events.split(SEPARATOR);
    for item in items {
        let kind = item[0].as_u64().unwrap();
        match kind {
            0 | 1 => {
                let text = item[2]["data"].to_string();
                if let Some(message) = number_in(&text) {
                    deliver(state, life, now, message, &item, &handoff.bytes);
                }
            }
            7 => {
                for _ in 0..item[3].as_u64().unwrap() {
                    let message = number_in(events.next().unwrap()).unwrap();
                    deliver(state, life, now, message, &item, &handoff.bytes);
                }
            }
            8 => {
                let message = number_in(events.next().unwrap()).unwrap();
                deliver(state, life, now, message, &item, &handoff.bytes);
            }
            3 => {
                let text = |name: &str| item[1][name].as_str().unwrap().to_owned();
                let report = (now, text("code"), text("message"));
                let uid = state.lives[life].uid.clone();
                state
                    .story
                    .push((now, format!("  {uid} reports {}: {}", report.1, report.2)));
                state.lives[life].reports.push(report);
            }
            _ => {}
        }
    }
}

fn deliver(state: &mut State, life: usize, now: Duration, message: usize, item: &Value, bytes: &[u8]) {
    let uid = state.lives[life].uid.clone();
    let Some(sent) = state.messages.get(message) else {
        return state.violated(
            "content",
            format!("{uid} got message {message}, which nobody sent"),
        );
    };
    let namespace = u32::try_from(item[1].as_u64().unwrap()).unwrap();
    if state.lives[life].namespaces.get(&namespace) != Some(&sent.nsp) {
        state.violated(
            "content",
            format!("{uid} got message {message} in the namespace {namespace}"),
        );
    }
    let parts = if matches!(item[0].as_u64(), Some(1 | 8)) {
        item[3].as_array()
    } else {
        None
    };
    for part in parts.into_iter().flatten() {
        let place = |index: usize| usize::try_from(part[index].as_u64().unwrap()).unwrap();
        if bytes[place(0)..place(1)] != *message.to_string().as_bytes() {
            state.violated(
                "content",
                format!("{uid} got message {message} with the bytes of another"),
            );
        }
    }
    state.lives[life].deliveries.push((now, message));
    state.story.push((now, format!("    {uid} gets {message}")));
}
