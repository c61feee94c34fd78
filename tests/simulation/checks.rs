//! What must be so at the end of a scenario.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::oracle::{channel, Form};
use super::plan::UNSPEAKABLE;
use super::postgres::{Commit, Owner, Purpose};
use super::state::{Life, Message, State};

/// Whether any two servers must see the messages that both receive from others in one order.
pub const CHECKS_AGREEMENT: bool = true;
/// For how long after its connection is back a server waits for its peers, with some reserve.
const WAIT_FOR_PEERS: Duration = Duration::from_millis(4500);
/// An emitter waits for 4 s, whoever is back.
const WAIT_OF_EMITTERS: Duration = Duration::from_millis(3500);

pub fn check(state: &mut State) {
    let mut found = Vec::new();
    let receipts = receipts(state);
    nothing_is_dropped_in_silence(state, &mut found);
    who_was_notified_received(state, &receipts, &mut found);
    nothing_waits_without_a_reason(state, &mut found);
    who_does_not_understand_frames_received(state, &mut found);
    nothing_is_sent_before_the_peers_are_back(state, &mut found);
    nothing_is_doubled(state, &receipts, &mut found);
    order_is_kept(state, &mut found);
    if CHECKS_AGREEMENT {
        servers_agree(state, &mut found);
    }
    for (property, text) in found {
        state.violated(property, text);
    }
}

/// Since when a life listens again after a moment.
fn first_listening(state: &State, life: usize, nsp: &str, after: Duration) -> Option<Duration> {
    let mut listenings = state.postgres.listenings.iter();
    let first = listenings.find(|listening| {
        listening.owner == Owner::Life(life) && listening.from >= after && listening.channel == channel(nsp)
    });
    first.map(|listening| listening.from)
}

/// For how long nothing must have been wrong: peers are waited for up to 5 s, connections are made within 2 s.
const CALM: Duration = Duration::from_secs(9);
const SOON: Duration = Duration::from_secs(2);

type Found = Vec<(&'static str, String)>;

/// How often each life received each message.
type Receipts = Vec<BTreeMap<usize, usize>>;

fn receipts(state: &State) -> Receipts {
    let count = |life: &Life| {
        let mut counts = BTreeMap::new();
        for (_, message) in &life.deliveries {
            *counts.entry(*message).or_insert(0) += 1;
        }
        counts
    };
    state.lives.iter().map(count).collect()
}

fn is_unspeakable(state: &State, message: &Message) -> bool {
    state.config.latin1 && message.nsp == UNSPEAKABLE
}

/// Whether those who understand frames can have heard it.
fn is_first(commit: &Commit) -> bool {
    commit.carried.form != Form::Repeated
}

/// Each message is committed, or counted as dropped.
fn nothing_is_dropped_in_silence(state: &State, found: &mut Found) {
    for (index, life) in state.lives.iter().enumerate() {
        let (property, dropped) = match (&life.engine, life.ended, life.dropped_in_all) {
            (Some(engine), None, _) => ("announced drops", engine.stats().buffer.dropped),
            (_, _, Some(dropped)) if state.config.checks_closing => ("announced drops in close()", dropped),
            _ => continue,
        };
        let missing: Vec<usize> = state
            .messages
            .iter()
            .enumerate()
            .filter(|(_, message)| {
                message.sender == Owner::Life(index)
                    && !message.volatile
                    && !is_unspeakable(state, message)
                    && !message.commits.iter().any(is_first)
            })
            .map(|(number, _)| number)
            .collect();
        if missing.len() as u64 > dropped {
            found.push((
                property,
                format!(
                    "{} never sent {missing:?}, and counts {dropped} as dropped",
                    life.uid
                ),
            ));
        }
    }
}

/// What is published when nothing has been wrong for a while is committed soon.
fn nothing_waits_without_a_reason(state: &State, found: &mut Found) {
    for (number, message) in state.messages.iter().enumerate() {
        let Owner::Life(sender) = message.sender else {
            continue;
        };
        let Some(first) = message.commits.iter().find(|commit| is_first(commit)) else {
            continue;
        };
        if message.calm_since + CALM <= message.at
            && first.at > message.at + SOON
            && state.calm_since <= message.at
        {
            let uid = &state.lives[sender].uid;
            found.push((
                "promptness",
                format!(
                    "{uid} sent {number} at {:?}, published at {:?}",
                    first.at, message.at
                ),
            ));
        }
    }
}

/// Whether a life can be expected to hand a message to JavaScript that was committed at that moment.
fn is_expected(state: &State, life: usize, message: &Message, at: Duration) -> bool {
    let receiver = &state.lives[life];
    if receiver.ended.is_some() || message.sender == Owner::Life(life) {
        return false;
    }
    if state.uid_of(message.sender) == receiver.uid {
        return false;
    }
    let Some(open) = receiver.open.get(message.nsp) else {
        return false;
    };
    let has_room = match message.room {
        None => true,
        Some(room) => open.rooms.get(room).is_some_and(|since| *since <= at),
    };
    open.since <= at && has_room
}

/// Who listened at the commit, over a session that stayed or had handed it over, received it.
fn who_was_notified_received(state: &State, receipts: &Receipts, found: &mut Found) {
    for (number, message) in state.messages.iter().enumerate() {
        for commit in message.commits.iter().filter(|commit| is_first(commit)) {
            for (owner, session) in &commit.concerned {
                let Owner::Life(life) = *owner else { continue };
                if !is_expected(state, life, message, commit.at) || receipts[life].contains_key(&number) {
                    continue;
                }
                let receiver = &state.lives[life];
                let was_handed = receiver
                    .handed
                    .iter()
                    .any(|(handed, form)| *handed == number && *form != Form::Repeated);
                let stayed = state.postgres.sessions.contains_key(session);
                let was_told = receiver
                    .reports
                    .iter()
                    .any(|(_, code, _)| code == "ERR_ATTACHMENT" || code == "ERR_MALFORMED_MESSAGE");
                if (was_handed || stayed) && !was_told {
                    found.push((
                        "delivery",
                        format!(
                            "{} did not get {number}, committed at {:?} as {:?} while it listened",
                            receiver.uid, commit.at, commit.carried.form
                        ),
                    ));
                }
            }
        }
    }
}

/// Servers with the JavaScript adapter get what comes after their introduction, but for rows that were gone.
fn who_does_not_understand_frames_received(state: &State, found: &mut Found) {
    for (index, member) in state.members.iter().enumerate() {
        if member.ended.is_some() {
            continue;
        }
        let is_missing = |number: usize, message: &Message| {
            let sender_stays = match message.sender {
                Owner::Life(life) => state.lives[life].ended.is_none(),
                Owner::Member(other) => other != index,
            };
            let introduced = member.introduced.get(message.nsp);
            let mut commits = message.commits.iter().filter(|commit| is_first(commit));
            let first = commits.next().map(|commit| commit.at);
            let comes_after = introduced
                .zip(first)
                .is_some_and(|(introduced, first)| first > *introduced);
            let was_received = member.deliveries.iter().any(|(_, received)| *received == number);
            sender_stays && comes_after && !was_received && !message.volatile
        };
        let messages = state.messages.iter().enumerate();
        let missing: Vec<usize> = messages
            .filter(|(number, message)| is_missing(*number, message))
            .map(|(number, _)| number)
            .collect();
        if missing.len() > member.missing_rows {
            found.push((
                "delivery to others",
                format!("{} did not get {missing:?}", member.uid),
            ));
        }
    }
}

/// After an outage that cost both their connections, nothing is sent before the peers that were there listen again.
fn nothing_is_sent_before_the_peers_are_back(state: &State, found: &mut Found) {
    for (number, message) in state.messages.iter().enumerate() {
        let Owner::Life(sender) = message.sender else {
            continue;
        };
        for commit in message.commits.iter().filter(|commit| is_first(commit)) {
            if !stays(state, sender, message, commit.at) {
                continue;
            }
            let Some(publisher) = commit.publisher else {
                continue;
            };
            let (_, connected, _) = state.postgres.publishers[&publisher];
            let before = state.postgres.publishers.range(..publisher).rev();
            let previous = before
                .map(|(_, publisher)| publisher)
                .find(|(owner, ..)| *owner == Owner::Life(sender));
            let Some((_, _, Some(lost))) = previous else {
                continue;
            };
            let outage = state.postgres.outages.iter().position(|(start, _)| start == lost);
            let Some(outage) = outage else { continue };
            // From then on silence counts.
            let hears = first_listening(state, sender, message.nsp, *lost).unwrap_or(connected);
            for (missed, silence) in peers_of(state, outage, sender, message.nsp) {
                let config = &state.config;
                let tick = config.heartbeat_interval / 5;
                let patience = config.heartbeat_timeout.saturating_sub(silence + tick);
                let wait = if state.lives[sender].is_emitter {
                    WAIT_OF_EMITTERS
                } else {
                    WAIT_FOR_PEERS
                };
                let deadline = (hears.min(connected) + patience).min(connected + wait);
                let back = first_listening(state, missed, message.nsp, *lost);
                let is_early = back.is_some_and(|back| back > commit.at && back <= deadline);
                let open = state.lives[missed].open.get(message.nsp);
                let was_open = open.is_some_and(|open| open.since < *lost);
                // Of two servers with one uid, either is taken for the peer.
                let is_alone = !has_namesake(state, missed, commit.at);
                if is_early && was_open && is_alone && state.lives[missed].ended.is_none() {
                    found.push((
                        "waiting for peers",
                        format!(
                            "{} sent {number} at {:?}, before {} was back",
                            state.lives[sender].uid, commit.at, state.lives[missed].uid
                        ),
                    ));
                }
            }
        }
    }
}

/// Whether another server with the same uid is there at that moment, or was a moment before.
fn has_namesake(state: &State, life: usize, at: Duration) -> bool {
    let mut others = state.lives.iter().enumerate().filter(|(index, _)| *index != life);
    others.any(|(_, other)| {
        other.uid == state.lives[life].uid && other.ended.is_none_or(|(ended, _)| ended + CALM > at)
    })
}

/// Whether a life goes on, and the namespace of a message stays open: whoever leaves does not wait for others.
fn stays(state: &State, life: usize, message: &Message, at: Duration) -> bool {
    let life = &state.lives[life];
    life.ended.is_none_or(|(ended, _)| ended > at)
        && life
            .open
            .get(message.nsp)
            .is_some_and(|open| open.since <= message.at)
}

/// Whom a life has to wait for after an outage: those that it knew and whose connection ended with it; and for how long
/// they had been silent.
fn peers_of(state: &State, outage: usize, sender: usize, nsp: &'static str) -> Vec<(usize, Duration)> {
    let (start, _) = state.postgres.outages[outage];
    let known = state.known[outage].get(&(sender, nsp));
    let silence_of = |uid: &str| {
        let peer = known?.iter().find(|(known, _)| known == uid);
        peer.map(|(_, silence)| *silence)
    };
    let peers = state.lives.iter().enumerate().filter_map(|(life, peer)| {
        let silence = if state.lives[sender].is_emitter {
            Duration::ZERO
        } else {
            silence_of(&peer.uid)?
        };
        let lost = state.postgres.listenings.iter().any(|listening| {
            listening.owner == Owner::Life(life)
                && listening.to == Some(start)
                && listening.channel == channel(nsp)
        });
        let is_other = life != sender && !peer.is_emitter && peer.uid != state.lives[sender].uid;
        (is_other && lost).then_some((life, silence))
    });
    peers.collect()
}

/// Nothing arrives twice, but for what was committed twice outside of frames.
fn nothing_is_doubled(state: &State, receipts: &Receipts, found: &mut Found) {
    for (life, receipts) in receipts.iter().enumerate() {
        for (number, count) in receipts {
            let commits = &state.messages[*number].commits;
            let plain = commits
                .iter()
                .filter(|commit| commit.carried.form == Form::Plain)
                .count();
            let framed = usize::from(commits.iter().any(|commit| commit.carried.form == Form::Framed));
            if *count > (plain + framed).max(1) {
                let uid = &state.lives[life].uid;
                found.push((
                    "no duplicates",
                    format!("{uid} got {number} {count} times, sent plain {plain} times"),
                ));
            }
        }
    }
}

/// What each life received first, in order, with its sender.
fn first_deliveries(state: &State, life: &Life) -> Vec<(usize, Owner)> {
    let mut seen = BTreeSet::new();
    let deliveries = life.deliveries.iter().map(|(_, message)| *message);
    deliveries
        .filter(|message| seen.insert(*message))
        .map(|message| (message, state.messages[message].sender))
        .collect()
}

/// What was committed once alone can be heard in one order alone.
fn is_sent_once(message: &Message) -> bool {
    message.commits.iter().filter(|commit| is_first(commit)).count() == 1
}

fn order_is_kept(state: &State, found: &mut Found) {
    for life in &state.lives {
        let mut last = BTreeMap::new();
        for (message, sender) in first_deliveries(state, life) {
            if !is_sent_once(&state.messages[message]) {
                continue;
            }
            if let Some(before) = last.insert(sender, message) {
                if before > message {
                    found.push(("order", format!("{} got {message} after {before}", life.uid)));
                }
            }
        }
    }
}

fn servers_agree(state: &State, found: &mut Found) {
    let orders: Vec<Vec<(usize, Owner)>> = state
        .lives
        .iter()
        .map(|life| first_deliveries(state, life))
        .collect();
    for (one, first) in orders.iter().enumerate() {
        let places: BTreeMap<usize, usize> = first
            .iter()
            .enumerate()
            .map(|(place, (message, _))| (*message, place))
            .collect();
        for (other, second) in orders.iter().enumerate().skip(one + 1) {
            let mut last: Option<(usize, usize)> = None;
            for (message, _) in second {
                let Some(place) = places
                    .get(message)
                    .filter(|_| is_sent_once(&state.messages[*message]))
                else {
                    continue;
                };
                if let Some((before, _)) = last.filter(|(_, last)| last > place) {
                    let (one, other) = (&state.lives[one].uid, &state.lives[other].uid);
                    found.push((
                        "agreement",
                        format!("{one} got {message} before {before}, {other} after it"),
                    ));
                }
                last = Some((*message, *place));
            }
        }
    }
}

/// What is not quiet at this moment. A heartbeat may be on its way: only what is found again and again counts.
pub fn unrest(state: &State) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (index, life) in state.lives.iter().enumerate() {
        let (Some(engine), None) = (&life.engine, life.ended) else {
            continue;
        };
        if engine.stats().buffer.messages > 0 {
            found.insert(format!("{} still has messages to send", life.uid));
        }
        if !matches!(engine.flush().try_recv(), Ok(())) {
            found.insert(format!("flush() of {} does not resolve", life.uid));
        }
        let purposes = [Purpose::Publish, Purpose::Listen];
        for purpose in &purposes[..if life.is_emitter { 1 } else { 2 }] {
            let sessions = state.postgres.sessions_of(Owner::Life(index), *purpose);
            if sessions.len() != 1 {
                found.insert(format!(
                    "{} has {} sessions to {purpose:?}",
                    life.uid,
                    sessions.len()
                ));
            }
            if sessions
                .iter()
                .any(|id| !state.postgres.sessions[id].queue.is_empty())
            {
                found.insert(format!("{} does not read what has arrived", life.uid));
            }
        }
    }
    found
}
