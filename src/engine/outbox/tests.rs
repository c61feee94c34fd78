use super::*;

fn data(message: Pending) -> Option<String> {
    match message.body {
        Body::Data(data) => data,
        Body::Whole(_) | Body::Event { .. } => None,
    }
}

fn message(data: String) -> Pending {
    let address = Arc::new(Address {
        id: 1,
        nsp: "/".into(),
        channel: "p#/".into(),
    });
    Pending::text(address, MessageType::Broadcast, Some(data))
}

#[test]
fn keeps_the_order() {
    let outbox = Outbox::default();
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
    let outbox = Outbox::default();
    outbox.set_online(false);
    let size = MAX_OFFLINE_BYTES / 2;
    for letter in ["a", "b", "c"] {
        outbox.push(message(letter.repeat(size)));
    }
    let report = outbox.overflow().unwrap();
    assert!(
        report.to_string().starts_with("2 messages were dropped"),
        "{report}"
    );
    assert!(outbox.overflow().is_none());
    let left = outbox.take(100, usize::MAX);
    assert_eq!(left.len(), 1);
    assert!(left.into_iter().find_map(data).unwrap().starts_with('c'));
}

#[test]
fn volatile_messages_do_not_wait_for_a_server() {
    let outbox = Outbox::default();
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
    assert_eq!(outbox.take(1, 1).len(), 1);
}

#[test]
fn a_flush_resolves_when_everything_before_it_is_settled() {
    let outbox = Outbox::default();
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
    let outbox = Outbox::default();
    outbox.push(message("under way".into()));
    outbox.take(1, usize::MAX);
    let mut flush = outbox.flush();
    for _ in 0..3 {
        outbox.push(message("x".repeat(MAX_OFFLINE_BYTES)));
    }
    assert!(flush.try_recv().is_err());
    outbox.settle(1);
    assert!(flush.try_recv().is_ok());
}

#[test]
fn a_flush_does_not_wait_for_what_was_dropped() {
    let outbox = Outbox::default();
    outbox.set_online(false);
    outbox.push(message("x".repeat(MAX_OFFLINE_BYTES)));
    let mut flush = outbox.flush();
    outbox.push(message("x".repeat(MAX_OFFLINE_BYTES)));
    assert!(flush.try_recv().is_ok());
}

#[test]
fn nobody_waits_for_what_was_abandoned() {
    let outbox = Outbox::default();
    for _ in 0..3 {
        outbox.push(message("a".into()));
    }
    outbox.take(1, usize::MAX);
    let mut flush = outbox.flush();
    outbox.abandon();
    assert!(flush.try_recv().is_ok());
    assert!(outbox.flush().try_recv().is_ok());
}
