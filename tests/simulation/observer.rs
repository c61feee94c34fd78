//! Looks at the membership while a scenario goes on: who is known that is gone, who is not known that is there.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::plan::UNSPEAKABLE;
use super::postgres::{Owner, Purpose};
use super::state::State;
use super::world::World;

const EVERY: Duration = Duration::from_secs(1);
/// For how long nothing may have happened to two servers before they must know each other: peers are waited for up to
/// 5 s, an attempt to connect comes up to 2 s after the last one.
const CALM: Duration = Duration::from_secs(8);

pub async fn run(world: Arc<World>) {
    loop {
        tokio::time::sleep(EVERY).await;
        let now = world.now();
        look(&mut world.lock(), now);
    }
}

/// Whether the life is in use, and nothing has happened to it for so long.
fn is_calm(state: &State, life: usize, now: Duration, calm: Duration) -> bool {
    let slot = &state.slots[state.lives[life].slot];
    let owner = Owner::Life(life);
    slot.life == Some(life)
        && !state.lives[life].is_emitter
        && slot.calm_since.max(state.calm_since) + calm <= now
        && slot.refusals.is_empty()
        && [Purpose::Listen, Purpose::Publish].into_iter().all(|purpose| {
            let sessions = state.postgres.sessions_of(owner, purpose);
            sessions
                .iter()
                .any(|id| state.postgres.sessions[id].since + calm <= now)
        })
}

pub fn look(state: &mut State, now: Duration) {
    let mut violations = Vec::new();
    let timeout = state.config.heartbeat_timeout;
    let silence = timeout + timeout / 2 + CALM;
    for viewer in 0..state.lives.len() {
        if !is_calm(state, viewer, now, CALM) {
            continue;
        }
        let life = &state.lives[viewer];
        let Some(engine) = &life.engine else { continue };
        for (nsp, open) in &life.open {
            if open.since + CALM > now || (state.config.latin1 && *nsp == UNSPEAKABLE) {
                continue;
            }
            let peers = engine.peers(open.id);
            let last_there = last_there(state, nsp, now);
            for (other, peer) in state.lives.iter().enumerate() {
                let is_open = peer.open.get(nsp).is_some_and(|open| open.since + CALM <= now);
                let is_known = peers.iter().any(|(uid, _)| *uid == peer.uid);
                if other != viewer && is_open && !is_known && is_calm(state, other, now, CALM) {
                    violations.push((
                        "live peer",
                        format!("{} does not know {} in {nsp} at {now:?}", life.uid, peer.uid),
                    ));
                }
            }
            for (uid, _) in &peers {
                let last = last_there.get(uid.as_str()).copied().unwrap_or_default();
                if last + silence <= now && is_calm(state, viewer, now, silence) {
                    violations.push((
                        "dead peer",
                        format!(
                            "{} still knows {uid} in {nsp} at {now:?}, gone since {last:?}",
                            life.uid
                        ),
                    ));
                }
            }
        }
    }
    for (property, text) in violations {
        if !state.violations.iter().any(|known| known.property == property) {
            state.violated(property, text);
        }
    }
}

/// Until when whoever had each uid was in a namespace.
fn last_there<'a>(state: &'a State, nsp: &str, now: Duration) -> BTreeMap<&'a str, Duration> {
    let mut last = BTreeMap::new();
    let mut there = |uid: &'a str, until: Duration| {
        let known = last.entry(uid).or_insert(until);
        *known = until.max(*known);
    };
    for life in &state.lives {
        let slot = &state.slots[life.slot];
        match life.ended {
            Some((ended, _)) => there(&life.uid, ended),
            None if life.open.contains_key(nsp) => there(&life.uid, now),
            // It closed the namespace, at the latest then.
            None => there(&life.uid, slot.calm_since),
        }
    }
    for member in &state.members {
        there(&member.uid, member.ended.unwrap_or(now));
    }
    last
}
