use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::engine::namespaces::Address;
use crate::engine::pending::Body;
use crate::error::Error;
use crate::wire::message::MessageType;

fn data(message: Pending) -> Option<String> {
    match message.body {
        Body::Data(data) => data,
        Body::Whole(_) | Body::Event { .. } => None,
    }
}

fn message(data: String) -> Pending {
    of_kind(MessageType::Broadcast, data)
}

fn of_kind(kind: MessageType, data: String) -> Pending {
    let address = Arc::new(Address {
        id: 1,
        nsp: "/".into(),
        channel: "p#/".into(),
    });
    Pending::text(address, kind, Some(data))
}

const MAX_BYTES: usize = 10_000;
const MAX_AGE: Duration = Duration::from_secs(60);

fn outbox() -> Outbox {
    Outbox::new(Buffer {
        max_bytes: MAX_BYTES,
        max_age: MAX_AGE,
    })
}

fn texts(outbox: &Outbox) -> Vec<String> {
    let taken = outbox.take(100, usize::MAX);
    taken.into_iter().filter_map(data).collect()
}

fn report(outbox: &Outbox) -> Option<Error> {
    outbox.take_losses().report(outbox.buffer)
}

#[test]
fn keeps_the_order() {
    let outbox = outbox();
    for number in 0..5 {
        outbox.push(message(number.to_string()));
    }
    let mut taken = outbox.take(2, usize::MAX);
    taken.extend(outbox.take(100, usize::MAX));
    let texts: Vec<String> = taken.into_iter().filter_map(data).collect();
    assert_eq!(texts, ["0", "1", "2", "3", "4"]);
}

#[test]
fn drops_the_oldest_while_the_server_is_away_and_says_so_once() {
    let outbox = outbox();
    outbox.set_online(false);
    for letter in ["a", "b", "c"] {
        outbox.push(message(letter.repeat(MAX_BYTES / 2)));
    }
    let dropped = report(&outbox).unwrap().to_string();
    assert!(dropped.starts_with("2 messages were dropped"), "{dropped}");
    assert!(
        dropped.contains("2 because more than 10000 bytes waited"),
        "{dropped}"
    );
    assert!(report(&outbox).is_none());
    let left = texts(&outbox);
    assert_eq!(left.len(), 1);
    assert!(left[0].starts_with('c'));
}

#[test]
fn keeps_no_message_that_is_larger_than_the_bound() {
    let outbox = outbox();
    outbox.set_online(false);
    outbox.push(message("x".repeat(MAX_BYTES)));
    assert!(texts(&outbox).is_empty());
    assert!(report(&outbox).is_some());
}

#[test]
fn what_waited_before_counts_from_the_moment_the_server_goes_away() {
    let outbox = outbox();
    for letter in ["a", "b"] {
        outbox.push(message(letter.repeat(MAX_BYTES / 2)));
    }
    assert!(report(&outbox).is_none());
    outbox.set_online(false);
    assert_eq!(texts(&outbox).len(), 1);
}

#[test]
fn what_tells_who_is_there_is_not_counted_but_noticed() {
    let outbox = outbox();
    outbox.set_online(false);
    outbox.push(of_kind(MessageType::InitialHeartbeat, "x".repeat(MAX_BYTES)));
    assert!(report(&outbox).is_none());
    assert!(outbox.has_lost_introduction());
    assert!(!outbox.has_lost_introduction(), "said once");
}

#[tokio::test(start_paused = true)]
async fn drops_what_is_too_old_although_nothing_new_comes() {
    let outbox = outbox();
    outbox.set_online(false);
    outbox.push(message("old".into()));
    let mut flush = outbox.flush();
    tokio::time::advance(MAX_AGE / 2).await;
    outbox.push(message("young".into()));
    let until_after = MAX_AGE * 3 / 4;
    assert!(tokio::time::timeout(until_after, outbox.grow_old())
        .await
        .is_err());
    assert!(flush.try_recv().is_ok(), "nobody waits for what was dropped");
    assert_eq!(texts(&outbox), ["young"]);
    let dropped = report(&outbox).unwrap().to_string();
    assert!(
        dropped.contains("1 because they waited 60000 ms or longer"),
        "{dropped}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_too_old_is_not_sent_when_the_server_is_back() {
    let outbox = outbox();
    outbox.set_online(false);
    outbox.push(message("old".into()));
    tokio::time::advance(MAX_AGE).await;
    outbox.push(message("young".into()));
    outbox.set_online(true);
    assert!(outbox.end_outage());
    assert_eq!(texts(&outbox), ["young"]);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_too_old_for_a_server_that_is_there() {
    let outbox = outbox();
    outbox.push(message("slow".into()));
    assert!(tokio::time::timeout(MAX_AGE * 2, outbox.grow_old())
        .await
        .is_err());
    assert!(!outbox.end_outage());
    assert_eq!(texts(&outbox), ["slow"]);
}

#[test]
fn volatile_messages_do_not_wait_for_a_server() {
    let outbox = outbox();
    outbox.set_online(false);
    outbox.push(Pending {
        volatile: true,
        ..message("a".into())
    });
    assert!(outbox.take(1, 1).is_empty());
    outbox.set_online(true);
    outbox.push(Pending {
        volatile: true,
        ..message("a".into())
    });
    outbox.push(message("b".into()));
    outbox.set_online(false);
    assert_eq!(texts(&outbox), ["b"], "it goes when the server does");
    assert!(report(&outbox).is_none(), "nobody counts on them");
}

#[test]
fn a_flush_resolves_when_everything_before_it_is_settled() {
    let outbox = outbox();
    outbox.set_online(true);
    assert!(outbox.flush().try_recv().is_ok(), "nothing to wait for");
    outbox.push(message("a".into()));
    let mut flush = outbox.flush();
    outbox.push(message("b".into()));
    outbox.take(2, usize::MAX);
    assert!(flush.try_recv().is_err());
    outbox.settle(1);
    assert!(flush.try_recv().is_ok());
}

#[test]
fn what_is_dropped_behind_it_does_not_settle_what_is_under_way() {
    let outbox = outbox();
    outbox.push(message("under way".into()));
    outbox.take(1, usize::MAX);
    let mut flush = outbox.flush();
    outbox.set_online(false);
    for _ in 0..3 {
        outbox.push(message("x".repeat(MAX_BYTES)));
    }
    assert!(flush.try_recv().is_err());
    outbox.settle(1);
    assert!(flush.try_recv().is_ok());
}

#[test]
fn what_is_taken_behind_something_dropped_does_not_settle_what_is_under_way() {
    let outbox = outbox();
    outbox.push(message("under way".into()));
    outbox.take(1, usize::MAX);
    let mut flush = outbox.flush();
    outbox.set_online(false);
    for text in ["dropped", "kept"] {
        outbox.push(message(text.repeat(MAX_BYTES / 10)));
    }
    outbox.set_online(true);
    outbox.take(1, usize::MAX);
    outbox.push(message("behind".into()));
    assert!(flush.try_recv().is_err(), "it is still under way");
    outbox.settle(1);
    assert!(flush.try_recv().is_ok());
}

#[test]
fn a_volatile_message_that_is_dropped_does_not_settle_what_waits_before_it() {
    let outbox = outbox();
    outbox.push(message("kept".into()));
    let mut flush = outbox.flush();
    outbox.push(Pending {
        volatile: true,
        ..message("volatile".into())
    });
    let mut flush_of_both = outbox.flush();
    outbox.set_online(false);
    assert!(flush.try_recv().is_err(), "it still waits");
    assert!(flush_of_both.try_recv().is_err());
    outbox.set_online(true);
    outbox.take(1, usize::MAX);
    outbox.settle(1);
    assert!(flush.try_recv().is_ok());
    assert!(flush_of_both.try_recv().is_ok());
}

#[test]
fn a_flush_does_not_wait_for_what_was_dropped() {
    let outbox = outbox();
    outbox.set_online(false);
    outbox.push(message("x".repeat(MAX_BYTES / 2)));
    let mut flush = outbox.flush();
    outbox.push(message("x".repeat(MAX_BYTES / 2)));
    assert!(flush.try_recv().is_ok());
}

#[test]
fn a_flush_does_not_wait_for_what_was_too_old_under_way() {
    let outbox = outbox();
    outbox.push(message("under way".into()));
    outbox.take(1, usize::MAX);
    let mut flush = outbox.flush();
    outbox.settle_dropped(1, 1, Reason::Age);
    assert!(flush.try_recv().is_ok());
    assert!(report(&outbox).is_some());
}

#[test]
fn nobody_waits_for_what_was_abandoned() {
    let outbox = outbox();
    for _ in 0..3 {
        outbox.push(message("a".into()));
    }
    outbox.take(1, usize::MAX);
    let mut flush = outbox.flush();
    outbox.abandon();
    assert!(flush.try_recv().is_ok());
    assert!(outbox.flush().try_recv().is_ok());
}
