//! The stories of peers.

use super::*;

const TIMEOUT: Duration = Duration::from_secs(10);

fn at(seconds: u64) -> Moment {
    Duration::from_secs(seconds)
}

/// Received at that second, before any session was lost.
fn early(seconds: u64) -> Evidence {
    received(0, seconds)
}

fn received(generation: u64, seconds: u64) -> Evidence {
    Evidence {
        generation: Generation(generation),
        received_at: at(seconds),
    }
}

fn says(uid: &str) -> Sender<'_> {
    Sender {
        uid,
        incarnation: None,
        introduces: false,
        reads_frames: None,
    }
}

fn introduces(uid: &str) -> Sender<'_> {
    Sender {
        introduces: true,
        ..says(uid)
    }
}

/// A peer `web` of this package; `word` is what it says and as which incarnation, such as `hello 1`.
fn web(members: &mut Membership, word: &str, now: Moment) -> String {
    let (act, incarnation) = word.split_once(' ').unwrap_or((word, ""));
    let incarnation = Some(incarnation).filter(|name| !name.is_empty());
    let evidence = Evidence {
        generation: Generation(0),
        received_at: now,
    };
    let sender = Sender {
        incarnation,
        introduces: act == "hello",
        ..says("web")
    };
    match act {
        "goodbye" => format!("{:?}", members.on_goodbye("web", incarnation, evidence)),
        "silence" => {
            members.expire(now, TIMEOUT);
            members.len().to_string()
        }
        "hello" | "beat" | "talk" => format!("{:?}", members.on_message(&sender, evidence)),
        other => panic!("what is {other}?"),
    }
}

/// Stories, and what arrives in them: at which second, what the server says and as which incarnation, what comes of it.
const STORIES: &[(&str, &str)] = &[
    (
        "the old one says goodbye after the new one has introduced itself",
        "0 hello 1 Joined; 1 hello 2 Known; 2 goodbye 1 Stays; 3 talk Known; 4 goodbye 2 Left; 5 talk Ignored",
    ),
    (
        "the old one lives on for a while, also after it has reconnected",
        "0 hello 1 Joined; 1 hello 2 Known; 2 beat 1 Known; 3 hello 1 Known; 4 goodbye 1 Stays; 5 beat 1 Ignored; 6 goodbye 1 Stays; 7 goodbye 2 Left",
    ),
    (
        "both live, and the new one leaves first",
        "0 hello 1 Joined; 1 hello 2 Known; 2 beat 1 Known; 3 goodbye 2 Stays; 4 goodbye 1 Left",
    ),
    (
        "the old one has crashed: nobody waits for its goodbye",
        "0 hello 1 Joined; 1 hello 2 Known; 2 goodbye 2 Left; 3 beat 2 Ignored; 4 hello 3 Joined",
    ),
    (
        "the old one was thought to have crashed",
        "0 hello 1 Joined; 1 hello 2 Known; 2 goodbye 2 Left; 3 beat 1 Joined",
    ),
    (
        "the old one has crashed after it was heard beside the new one",
        "0 hello 1 Joined; 1 hello 2 Known; 2 beat 1 Known; 9 beat 2 Known; 13 silence 1; 14 goodbye 2 Left",
    ),
    (
        "the new one is busy sending and names itself no more",
        "0 hello 1 Joined; 1 hello 2 Known; 10 beat 1 Known; 12 talk Known; 13 silence 1; 14 goodbye 1 Stays; 15 talk Known",
    ),
    (
        "a goodbye of one that was never heard",
        "0 hello 2 Joined; 1 goodbye 1 Stays; 2 goodbye 2 Left",
    ),
    (
        "an unknown peer says goodbye, and its successor is there",
        "0 goodbye 1 Unknown; 1 talk Ignored; 2 beat 1 Ignored; 3 beat 2 Joined",
    ),
    (
        "servers of other packages have no incarnations",
        "0 hello Joined; 1 goodbye Left; 2 talk Ignored; 3 hello Joined",
    ),
    (
        "a version that names itself in heartbeats only",
        "0 hello 1 Joined; 1 goodbye Left; 2 talk Ignored",
    ),
    (
        "it is restarted: a goodbye without a name is that of the older one",
        "0 hello 1 Joined; 1 hello 2 Known; 2 goodbye Stays; 3 beat 2 Known; 4 goodbye 2 Left",
    ),
    (
        "who names itself after a goodbye without a name has not said it",
        "0 hello 1 Joined; 1 goodbye Left; 2 beat 2 Joined",
    ),
    (
        "a namespace is opened again",
        "0 hello 1 Joined; 1 goodbye 1 Left; 2 hello 1 Joined; 3 beat 1 Known; 4 goodbye 1 Left",
    ),
];

#[test]
fn a_goodbye_ends_its_own_incarnation_only() {
    for (story, events) in STORIES {
        let mut members = Membership::default();
        for event in events.split("; ") {
            let (second, rest) = event.split_once(' ').unwrap();
            let (word, expected) = rest.rsplit_once(' ').unwrap();
            let outcome = web(&mut members, word, at(second.parse().unwrap()));
            assert_eq!(outcome, expected, "{story}: {event}");
        }
    }
}

#[test]
fn names_without_end_are_not_kept() {
    let mut members = Membership::default();
    for number in 0..1000 {
        web(&mut members, &format!("hello {number}"), at(0));
        web(&mut members, &format!("goodbye x{number}"), at(0));
    }
    assert_eq!(members.peers["web"].incarnations.len(), 8);
    assert_eq!(web(&mut members, "goodbye 999", at(1)), "Left");
}

#[test]
fn only_evidence_of_after_the_loss_confirms_a_peer() {
    // (generation of the session, echo heard before, confirmed); sessions were lost twice.
    for (generation, echo, confirmed) in [
        (0, None, false),
        (1, None, false),
        (2, None, true),
        (3, None, true),
        (0, Some(1), false),
        (0, Some(2), true),
        (1, Some(2), true),
    ] {
        let mut members = Membership::default();
        members.on_message(&introduces("a"), early(0));
        members.mark_unconfirmed(Generation(1));
        members.mark_unconfirmed(Generation(2));
        assert!(members.has_unconfirmed());
        if let Some(echo) = echo {
            members.on_echo(Generation(echo));
        }
        members.on_message(&says("a"), received(generation, 1));
        assert_eq!(!members.has_unconfirmed(), confirmed, "{generation}, {echo:?}");
    }
}

#[test]
fn a_late_loss_needs_newer_evidence_than_the_one_before() {
    let mut members = Membership::default();
    members.mark_unconfirmed(Generation(1));
    members.on_message(&says("a"), received(1, 0));
    assert!(!members.has_unconfirmed());
    members.mark_unconfirmed(Generation(2));
    members.on_message(&says("a"), received(1, 1));
    assert!(members.has_unconfirmed());
    members.on_message(&says("a"), received(2, 2));
    members.on_message(&says("a"), received(1, 3));
    assert!(!members.has_unconfirmed(), "once known it stays known");
}

#[test]
fn a_peer_first_heard_in_an_old_notification_has_to_be_heard_anew() {
    let mut members = Membership::default();
    members.mark_unconfirmed(Generation(1));
    assert_eq!(members.on_message(&says("a"), early(0)), Heard::Joined);
    assert!(members.has_unconfirmed());
}

#[test]
fn an_old_message_is_no_sign_of_life() {
    let mut members = Membership::default();
    members.on_message(&says("a"), received(0, 5));
    members.on_message(&says("a"), received(0, 3));
    assert!(members.expire(at(15), TIMEOUT).is_empty());
    assert_eq!(members.expire(at(16), TIMEOUT), ["a"]);
}

#[test]
fn a_peer_joins_once() {
    let mut members = Membership::default();
    assert_eq!(members.on_message(&introduces("a"), early(0)), Heard::Joined);
    assert_eq!(members.on_message(&says("a"), early(1)), Heard::Known);
    assert_eq!(members.len(), 1);
}

#[test]
fn any_message_makes_a_peer_known() {
    let mut members = Membership::default();
    assert_eq!(members.on_message(&says("a"), early(0)), Heard::Joined);
}

#[test]
fn an_emitter_is_no_peer() {
    let mut members = Membership::default();
    assert_eq!(members.on_message(&says(EMITTER_UID), early(0)), Heard::Ignored);
    assert_eq!(
        members.on_message(&introduces(EMITTER_UID), early(0)),
        Heard::Ignored
    );
    assert!(members.is_empty());
}

#[test]
fn a_silent_peer_expires_after_the_timeout_and_not_before() {
    let mut members = Membership::default();
    members.on_message(&introduces("a"), early(0));
    assert!(members.expire(at(10), TIMEOUT).is_empty());
    assert_eq!(members.expire(at(11), TIMEOUT), ["a"]);
    assert_eq!(members.on_message(&says("a"), early(12)), Heard::Joined);
}

#[test]
fn after_an_outage_each_peer_is_unconfirmed_until_it_is_heard_or_gone() {
    let mut members = Membership::default();
    members.on_message(&introduces("a"), early(0));
    members.on_message(&introduces("b"), early(0));
    members.on_message(&introduces("c"), early(5));
    assert!(!members.has_unconfirmed());
    members.mark_unconfirmed(Generation(1));
    members.on_goodbye("a", None, received(1, 6));
    members.on_message(&says("b"), received(1, 6));
    assert!(members.has_unconfirmed());
    assert_eq!(members.expire(at(16), TIMEOUT), ["c"]);
    assert!(!members.has_unconfirmed());
}

fn tells(uid: &str, reads_frames: bool) -> Sender<'_> {
    Sender {
        reads_frames: Some(reads_frames),
        ..says(uid)
    }
}

#[test]
fn frames_once_everybody_has_said_that_it_understands_them() {
    let mut members = Membership::default();
    members.no_frames_before(at(10));
    members.on_message(&tells("a", true), early(0));
    assert!(!members.all_read_frames(at(9)));
    assert!(members.all_read_frames(at(10)));
    members.on_message(&says("a"), early(10));
    assert!(members.all_read_frames(at(10)) && members.reads_frames("a"));
    members.on_message(&says("b"), early(11));
    assert!(!members.all_read_frames(at(11)) && !members.reads_frames("b"));
    members.on_message(&tells("b", true), early(12));
    assert!(members.all_read_frames(at(12)));
    members.on_message(&tells("a", false), early(13));
    assert!(!members.all_read_frames(at(13)));
    members.on_goodbye("a", None, early(14));
    assert!(members.all_read_frames(at(14)));
}

#[test]
fn who_fell_silent_and_reads_no_frames_may_come_back() {
    let mut members = Membership::default();
    members.on_message(&tells("a", false), early(0));
    members.expire(at(11), TIMEOUT);
    assert!(!members.all_read_frames(at(610)));
    assert!(members.all_read_frames(at(611)));
    members.on_message(&tells("b", true), early(611));
    members.expire(at(622), TIMEOUT);
    assert!(members.is_empty() && members.all_read_frames(at(622)));
}

#[test]
fn a_late_message_does_not_bring_a_peer_back() {
    let mut members = Membership::default();
    members.on_message(&introduces("a"), early(0));
    assert_eq!(members.on_goodbye("a", None, early(1)), Goodbye::Left);
    assert_eq!(members.on_message(&says("a"), early(1)), Heard::Ignored);
    assert!(members.is_empty());
}

#[test]
fn a_peer_that_introduces_itself_again_is_back_at_once() {
    let mut members = Membership::default();
    members.on_goodbye("a", None, early(1));
    assert_eq!(members.on_message(&introduces("a"), early(1)), Heard::Joined);
}

#[test]
fn who_left_is_forgotten_after_the_timeout() {
    let mut members = Membership::default();
    members.on_goodbye("a", None, early(0));
    members.expire(at(11), TIMEOUT);
    assert_eq!(members.on_message(&says("a"), early(11)), Heard::Joined);
}
