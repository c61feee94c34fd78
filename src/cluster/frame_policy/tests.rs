use proptest::prelude::*;

use super::*;

const CHAT: Namespace = 1;
const NEWS: Namespace = 2;

/// A policy that has written these messages: the block, the namespace, the message.
fn with(messages: &[(u64, Namespace, &'static str)]) -> FramePolicy<&'static str> {
    let mut policy = FramePolicy::default();
    for namespace in [CHAT, NEWS] {
        assert!(policy.set_framed(namespace, true));
    }
    for (block, namespace, message) in messages {
        policy.written(*block, *namespace, 1, *message);
    }
    policy
}

#[test]
fn a_namespace_is_framed_until_it_is_not() {
    let mut policy = with(&[]);
    assert!(policy.is_framed(CHAT) && !policy.set_framed(CHAT, true));
    assert!(policy.set_framed(CHAT, false) && !policy.is_framed(CHAT));
    assert!(!policy.stop(NEWS) && !policy.is_framed(NEWS));
}

#[test]
fn what_was_heard_before_is_not_repeated() {
    let mut policy = with(&[(0, CHAT, "a"), (1, CHAT, "b")]);
    policy.committed(0);
    policy.committed(1);
    policy.heard(0);
    assert!(policy.stop(CHAT));
    assert_eq!(policy.take_repeats(), ["b"]);
    policy.heard(1);
    assert!(!policy.stop(CHAT));
}

#[test]
fn other_namespaces_are_not_repeated() {
    let mut policy = with(&[(0, CHAT, "a"), (0, NEWS, "b")]);
    policy.committed(0);
    policy.stop(CHAT);
    assert_eq!(policy.take_repeats(), ["a"]);
    assert!(policy.is_framed(NEWS));
    policy.stop(NEWS);
    assert_eq!(policy.take_repeats(), ["b"]);
    assert_eq!(policy.log_bytes, 0);
}

#[test]
fn nothing_is_repeated_before_its_commit_is_known() {
    let mut policy = with(&[(0, CHAT, "a"), (1, CHAT, "b"), (2, CHAT, "c")]);
    policy.committed(0);
    policy.stop(CHAT);
    assert!(policy.awaits_repeat(1));
    assert_eq!(policy.take_repeats(), ["a"]);
    policy.committed(2);
    // it was written after "b", which may be refused or not
    assert!(policy.take_repeats().is_empty());
    policy.committed(1);
    assert_eq!(policy.take_repeats(), ["b", "c"]);
    assert!(!policy.awaits_repeat(1));
}

#[test]
fn a_refused_block_is_taken_back_and_not_repeated() {
    let mut policy = with(&[(0, CHAT, "a"), (1, CHAT, "b"), (1, NEWS, "c")]);
    policy.stop(CHAT);
    assert_eq!(policy.take_back(1), ["b", "c"]);
    policy.committed(0);
    assert_eq!(policy.take_repeats(), ["a"]);
    assert_eq!(policy.log_bytes, 0);
}

#[test]
fn an_echo_does_not_end_the_wait_for_the_publisher() {
    let mut policy = with(&[(0, CHAT, "a"), (1, CHAT, "b")]);
    policy.stop(CHAT);
    policy.heard(1);
    assert!(policy.take_repeats().is_empty());
    policy.committed(0);
    policy.committed(1);
    assert_eq!(policy.take_repeats(), ["a", "b"]);
}

#[test]
fn a_full_log_ends_frames_until_there_is_an_echo() {
    let mut policy = with(&[]);
    policy.written(0, CHAT, MAX_LOG_BYTES, "large");
    assert!(policy.is_framed(CHAT) && !policy.may_frame(CHAT));
    policy.heard(0);
    assert!(policy.may_frame(CHAT));
}

/// What can happen to a policy.
#[derive(Clone, Debug)]
enum Event {
    Write(Namespace),
    NextBlock,
    /// The oldest block whose fate is open.
    Commit,
    Refuse,
    Heard,
    Stop(Namespace),
    TakeRepeats,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (1..=2_u32).prop_map(Event::Write),
        2 => Just(Event::NextBlock),
        2 => Just(Event::Commit),
        1 => Just(Event::Refuse),
        2 => Just(Event::Heard),
        1 => (1..=2_u32).prop_map(Event::Stop),
        2 => Just(Event::TakeRepeats),
    ]
}

proptest! {
    /// Whatever happens: each message that was missed comes back exactly once, repeated or taken back, in its order; and
    /// only what is committed is repeated.
    #[test]
    fn each_missed_message_comes_back_once(events in prop::collection::vec(event(), 0..80)) {
        let mut policy = FramePolicy::default();
        let (mut block, mut settled, mut heard, mut number) = (0_u64, 0_u64, 0_u64, 0_u64);
        let mut written: Vec<(u64, u64, Namespace)> = Vec::new();
        let (mut missed, mut repeated, mut taken_back) = (Vec::new(), Vec::new(), Vec::new());
        let mut committed = BTreeSet::new();
        for event in events {
            match event {
                Event::Write(namespace) => {
                    policy.written(block, namespace, 1, number);
                    written.push((number, block, namespace));
                    number += 1;
                }
                Event::NextBlock => block += 1,
                Event::Commit if settled < block => {
                    policy.committed(settled);
                    committed.insert(settled);
                    settled += 1;
                }
                Event::Refuse if settled < block => {
                    taken_back.extend(policy.take_back(settled));
                    settled += 1;
                }
                Event::Heard if heard < settled => {
                    policy.heard(heard);
                    heard += 1;
                }
                Event::Stop(namespace) => {
                    policy.stop(namespace);
                    missed.extend(written.iter().filter(|(each, of, at)| {
                        *at == namespace && *of >= heard && !taken_back.contains(each)
                    }).map(|(each, ..)| *each));
                }
                Event::TakeRepeats => repeated.extend(policy.take_repeats()),
                _ => {}
            }
        }
        while settled <= block {
            policy.committed(settled);
            committed.insert(settled);
            settled += 1;
        }
        repeated.extend(policy.take_repeats());
        missed.sort_unstable();
        missed.dedup();
        missed.retain(|each| !taken_back.contains(each));
        let mut back = repeated.clone();
        back.sort_unstable();
        prop_assert_eq!(&back, &missed);
        for each in &repeated {
            let (_, of, _) = written[usize::try_from(*each).unwrap()];
            prop_assert!(committed.contains(&of));
        }
        let left: usize = policy.log.iter().map(|logged| logged.bytes).sum();
        prop_assert_eq!(left, policy.log_bytes);
    }
}
