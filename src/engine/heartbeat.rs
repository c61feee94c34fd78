//! Telling the peers that this node is alive, and noticing who no longer is.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::inbox::{Item, Topic};
use super::namespaces::NamespaceId;
use super::pending::Body;
use super::shared::Shared;
use super::shutdown::Shutdown;
use crate::wire::message::MessageType;

/// Runs until the engine ends.
pub async fn run(shared: Arc<Shared>, mut shutdown: Shutdown) {
    let mut ticks = tokio::time::interval(shared.tick());
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while shutdown.or(ticks.tick()).await.is_some() {
        remove_the_silent(&shared);
        review_frames(&shared);
        // Without a connection a heartbeat would only be late when it arrives.
        if shared.outbox.is_online() {
            send_heartbeats(&shared, Instant::now());
        }
    }
}

/// Sends a heartbeat wherever nothing else was sent for about the interval: any message is a sign of life. But only
/// frames and heartbeats tell that this node understands frames.
fn send_heartbeats(shared: &Shared, now: Instant) {
    let (interval, tick) = (shared.options.heartbeat_interval(), shared.tick());
    let quiet: Vec<NamespaceId> = shared
        .namespaces()
        .iter_mut()
        .filter(|(_, namespace)| {
            let last = if shared.framing.policy().is_framed(namespace.address.id) {
                namespace.last_published
            } else {
                namespace.last_heartbeat
            };
            is_due(now.saturating_duration_since(last), interval, tick)
        })
        .map(|(id, _)| id)
        .collect();
    for id in quiet {
        shared.publish(id, MessageType::Heartbeat, Body::Data(None), Vec::new(), false);
    }
}

/// Whether the silence would be longer than the interval by the next tick: rather early than late, as peers may
/// grant little more than the interval.
fn is_due(silence: Duration, interval: Duration, tick: Duration) -> bool {
    silence + tick > interval
}

/// Frames are for namespaces whose members all understand them, and which are open on all servers: the others would
/// only have to pass over them.
fn review_frames(shared: &Shared) {
    if !shared.is_listening() {
        return;
    }
    let now = shared.clock.now();
    let mut namespaces = shared.namespaces();
    let mut readers = HashSet::new();
    for (_, namespace) in namespaces.iter_mut() {
        readers.extend(namespace.members.frame_readers().map(str::to_owned));
    }
    for (id, namespace) in namespaces.iter_mut() {
        let members = &namespace.members;
        let framed = !members.is_empty() && members.len() == readers.len() && members.all_read_frames(now);
        shared.framing.policy().set_framed(id, framed);
    }
}

fn remove_the_silent(shared: &Shared) {
    let now = shared.clock.tick(Instant::now());
    let timeout = shared.options.heartbeat_timeout();
    let mut namespaces = shared.namespaces();
    for (id, namespace) in namespaces.iter_mut() {
        for uid in namespace.members.expire(now, timeout) {
            shared.debug(Topic::Membership, || {
                format!("{}: node {uid} fell silent", namespace.address.nsp)
            });
            shared.inbox.push_now(Item::PeerLeft { namespace: id, uid });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_silence_is_longer_than_the_interval() {
        let (interval, tick) = (Duration::from_secs(5), Duration::from_secs(1));
        let seconds: Vec<u64> = (0..8)
            .filter(|second| is_due(Duration::from_secs(*second), interval, tick))
            .collect();
        assert_eq!(seconds, [5, 6, 7]);
        assert!(is_due(Duration::from_millis(4001), interval, tick));
    }
}
