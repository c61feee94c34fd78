use super::*;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

fn message(json: String, changes_rooms: bool) -> Item {
    Item::Message {
        namespace: 1,
        json,
        binary: None,
        changes_rooms,
    }
}

fn counting() -> (Arc<Inbox>, Arc<AtomicUsize>) {
    let wakes = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&wakes);
    let wake = Box::new(move || {
        counter.fetch_add(1, Ordering::SeqCst);
    });
    (Arc::new(Inbox::new(wake)), wakes)
}

#[tokio::test]
async fn many_items_need_one_wake_up() {
    let (inbox, wakes) = counting();
    for _ in 0..10 {
        inbox.push(message("{}".into(), false)).await;
    }
    assert_eq!(wakes.load(Ordering::SeqCst), 1);
    assert_eq!(inbox.drain(usize::MAX).len(), 10);
    inbox.push(message("{}".into(), false)).await;
    assert_eq!(
        wakes.load(Ordering::SeqCst),
        1,
        "JavaScript has not seen the end yet"
    );
    assert_eq!(inbox.drain(usize::MAX).len(), 1);
    assert!(inbox.drain(usize::MAX).is_empty());
    inbox.push(message("{}".into(), false)).await;
    assert_eq!(wakes.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_full_queue_makes_the_engine_wait_and_drops_nothing() {
    let (inbox, _) = counting();
    let large = || message("x".repeat(MAX_WAITING_BYTES), false);
    inbox.push(large()).await;
    let blocked = tokio::spawn({
        let inbox = Arc::clone(&inbox);
        async move { inbox.push(large()).await }
    });
    tokio::task::yield_now().await;
    assert!(!blocked.is_finished());
    assert_eq!(inbox.drain(1).len(), 1);
    blocked.await.unwrap();
    assert_eq!(inbox.drain(1).len(), 1);
}

#[tokio::test]
async fn closing_frees_who_waits() {
    let (inbox, _) = counting();
    inbox.push(message("x".repeat(MAX_WAITING_BYTES), false)).await;
    let blocked = tokio::spawn({
        let inbox = Arc::clone(&inbox);
        async move { inbox.push(message("{}".into(), false)).await }
    });
    tokio::task::yield_now().await;
    inbox.close();
    blocked.await.unwrap();
    assert!(inbox.drain(usize::MAX).is_empty());
}

#[tokio::test]
async fn a_join_is_settled_when_javascript_asks_for_more() {
    let (inbox, _) = counting();
    inbox.push(message("{}".into(), true)).await;
    assert!(inbox.has_unsettled(1));
    assert_eq!(inbox.drain(usize::MAX).len(), 1);
    assert!(inbox.has_unsettled(1), "still in JavaScript's hands");
    inbox.drain(usize::MAX);
    assert!(!inbox.has_unsettled(1));
}

#[tokio::test]
async fn reports_about_messages_count_as_well() {
    let (inbox, _) = counting();
    for _ in 0..MAX_WAITING_NEWS {
        inbox.push(Item::Debug(Topic::Error, "x".into())).await;
    }
    inbox.push_now(Item::Debug(Topic::Error, "one too many".into()));
    assert_eq!(inbox.drain(usize::MAX).len(), MAX_WAITING_NEWS);
}

#[test]
fn reports_do_not_pile_up() {
    let (inbox, _) = counting();
    for _ in 0..2 * MAX_WAITING_NEWS {
        inbox.push_now(Item::Debug(Topic::Error, "x".into()));
    }
    assert_eq!(inbox.drain(usize::MAX).len(), MAX_WAITING_NEWS);
}
