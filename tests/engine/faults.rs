//! Lost connections: what is published is sent in the end, once and in order; what is listened on is heard again.
//!
//! The time of the runtime is paused: it jumps over every pause in which nothing else happens.

use std::time::Duration;

use serde_json::{json, Value};
use socketio_postgres_adapter::error::ErrorKind;

use crate::support::fake_database::{FakeDatabase, FakeServer};
use crate::support::node::Node;
use crate::support::until;

fn numbers(range: std::ops::Range<u64>) -> Vec<Value> {
    range.map(Value::from).collect()
}

#[tokio::test(start_paused = true)]
async fn a_failed_transaction_is_sent_again_and_nothing_is_lost_or_reordered() {
    let server = FakeServer::default();
    let (mut a, mut b) = (Node::start(&server, "a"), Node::start(&server, "b"));
    let id = a.open("/").await;
    b.open("/").await;
    a.database.fail_next_notify(ErrorKind::Connection);
    a.database.fail_next_notify(ErrorKind::Connection);
    for number in numbers(0..100) {
        a.emit(id, &number);
    }
    assert_eq!(b.emitted(100).await, numbers(0..100));
    assert_eq!(a.reports(1).await[0].0, "ERR_CONNECTION");
}

/// How often a new engine tries to connect in ten minutes.
async fn attempts_in_ten_minutes(database: FakeDatabase) -> usize {
    let node = Node::start_with(database, "a", &json!({}));
    tokio::time::sleep(Duration::from_secs(600)).await;
    node.database.attempts()
}

#[tokio::test(start_paused = true)]
async fn an_absent_server_is_tried_often_and_one_that_denies_the_login_seldom() {
    let absent = FakeServer::default().database();
    absent.refuse_connections(usize::MAX);
    let often = attempts_in_ten_minutes(absent).await;
    assert!(often >= 2 * 300, "{often}");

    let denying = FakeServer::default().database();
    denying.deny_logins(true);
    let seldom = attempts_in_ten_minutes(denying.clone()).await;
    // Two connections: four attempts each in the first minute, and at most two in each other one.
    assert!((2 * 10..=2 * 26).contains(&seldom), "{seldom}");

    denying.deny_logins(false);
    let node = Node::start_with(denying, "b", &json!({}));
    node.open("/").await;
}

#[tokio::test(start_paused = true)]
async fn a_publisher_that_is_cut_under_way_sends_the_batch_again() {
    let server = FakeServer::default();
    let (a, mut b) = (Node::start(&server, "a"), Node::start(&server, "b"));
    let id = a.open("/").await;
    b.open("/").await;
    a.database.hold_publisher();
    a.emit(id, &json!("first"));
    until("a batch", || a.database.is_batch_under_way().then_some(())).await;
    a.emit(id, &json!("second"));
    a.database.cut_publisher();
    a.database.release();
    assert_eq!(b.emitted(2).await, [json!("first"), json!("second")]);
}

#[tokio::test(start_paused = true)]
async fn messages_published_while_the_server_is_away_are_sent_after_reconnecting_in_order() {
    let server = FakeServer::default();
    let (mut a, mut b) = (Node::start(&server, "a"), Node::start(&server, "b"));
    let id = a.open("/").await;
    b.open("/").await;
    a.database.refuse_connections(usize::MAX);
    a.database.fail_next_notify(ErrorKind::Connection);
    for number in numbers(0..10) {
        a.emit(id, &number);
    }
    a.reports(1).await;
    for number in numbers(10..3000) {
        a.emit(id, &number);
    }
    a.database.refuse_connections(0);
    assert_eq!(b.emitted(3000).await, numbers(0..3000));
}

#[tokio::test(start_paused = true)]
async fn what_waited_is_sent_when_the_peers_are_back_as_well() {
    let server = FakeServer::default();
    let (a, mut b) = (Node::start(&server, "a"), Node::start(&server, "b"));
    let id = a.open("/").await;
    b.open("/").await;
    a.knows(id, &["b"]).await;
    b.database.refuse_connections(usize::MAX);
    b.database.cut_listener();
    a.database.cut_publisher();
    for number in numbers(0..10) {
        a.emit(id, &number);
    }
    until("a is back", || {
        (a.database.open_connections() == 2 && b.database.open_connections() < 2).then_some(())
    })
    .await;
    b.database.refuse_connections(0);
    assert_eq!(b.emitted(10).await, numbers(0..10));
}

/// How many messages of 1 MiB fill the inbox, and some more.
const LARGE_MESSAGES: usize = 20;

/// Puts so much from `uid` before a node that it fills its inbox and waits in the pipeline behind it.
async fn fill_the_pipeline(server: &FakeServer, node: &Node, uid: &str) {
    let large = "x".repeat(1024 * 1024);
    for _ in 0..LARGE_MESSAGES {
        let message = json!({ "type": 9, "uid": uid, "nsp": "/", "data": { "packet": [large] } });
        server.notify("test#/", message.to_string());
    }
    until("read", || (node.database.unread() == 0).then_some(())).await;
}

#[tokio::test(start_paused = true)]
async fn what_was_received_before_an_outage_does_not_tell_that_a_peer_is_back() {
    let server = FakeServer::default();
    let (mut a, mut b) = (Node::start(&server, "a"), Node::start(&server, "b"));
    let id = a.open("/").await;
    b.open("/").await;
    a.knows(id, &["b"]).await;
    fill_the_pipeline(&server, &a, "b").await;
    b.database.refuse_connections(usize::MAX);
    b.database.cut_listener();
    b.database.cut_publisher();
    a.database.cut_listener();
    a.database.cut_publisher();
    a.emit(id, &json!("waited"));
    // JavaScript of the first node catches up: all of it is from before the outage.
    assert_eq!(a.messages(LARGE_MESSAGES).await.len(), LARGE_MESSAGES);
    tokio::time::sleep(Duration::from_secs(1)).await;
    b.database.refuse_connections(0);
    assert_eq!(b.emitted(1).await, [json!("waited")]);
}

#[tokio::test(start_paused = true)]
async fn a_backlog_in_the_socket_does_not_tell_that_a_peer_is_back_either() {
    let server = FakeServer::default();
    let (mut a, mut b) = (Node::start(&server, "a"), Node::start(&server, "b"));
    let id = a.open("/").await;
    b.open("/").await;
    a.knows(id, &["b"]).await;
    fill_the_pipeline(&server, &a, "b").await;
    // Behind the pipeline, in the socket of a session that stays.
    server.notify("test#/", r#"{"type":2,"uid":"b","nsp":"/"}"#);
    assert_eq!(a.database.unread(), 1);
    b.database.refuse_connections(usize::MAX);
    b.database.cut_listener();
    a.database.cut_publisher();
    a.emit(id, &json!("waited"));
    assert_eq!(a.messages(LARGE_MESSAGES).await.len(), LARGE_MESSAGES);
    tokio::time::sleep(Duration::from_secs(1)).await;
    b.database.refuse_connections(0);
    assert_eq!(b.emitted(1).await, [json!("waited")]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_lost_its_publisher_alone_is_not_held_up() {
    let server = FakeServer::default();
    let (mut a, mut b) = (Node::start(&server, "a"), Node::start(&server, "b"));
    let id = a.open("/").await;
    b.open("/").await;
    a.knows(id, &["b"]).await;
    for number in 0..3 {
        let start = tokio::time::Instant::now();
        a.database.cut_publisher();
        a.reports(1).await;
        a.emit(id, &json!(number));
        assert_eq!(b.emitted(1).await, [json!(number)]);
        assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn servers_that_lose_all_their_sessions_at_once_hold_each_other_up_no_longer_than_it_takes() {
    let server = FakeServer::default();
    let (a, mut b) = (Node::start(&server, "a"), Node::start(&server, "b"));
    let id = a.open("/").await;
    b.open("/").await;
    a.knows(id, &["b"]).await;
    for node in [&a, &b] {
        node.database.cut_listener();
        node.database.cut_publisher();
    }
    let start = tokio::time::Instant::now();
    a.emit(id, &json!("waited"));
    assert_eq!(b.emitted(1).await, [json!("waited")]);
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_come_back_holds_nothing_up_for_long() {
    let server = FakeServer::default();
    let (a, mut c) = (Node::start(&server, "a"), Node::start(&server, "c"));
    let b = Node::start(&server, "b");
    let id = a.open("/").await;
    b.open("/").await;
    c.open("/").await;
    a.knows(id, &["b", "c"]).await;
    b.database.refuse_connections(usize::MAX);
    b.database.cut_listener();
    b.database.cut_publisher();
    a.database.cut_publisher();
    a.emit(id, &json!("late"));
    assert_eq!(c.emitted(1).await, [json!("late")]);
}

fn emitter(server: &FakeServer) -> Node {
    Node::start_with(server.database(), "emitter", &json!({ "role": "emitter" }))
}

/// A server and an emitter whose message it has heard; the number of the namespace of the emitter.
async fn server_and_emitter(server: &FakeServer) -> (Node, Node, u32) {
    let (mut b, emitter) = (Node::start(server, "b"), emitter(server));
    b.open("/").await;
    let id = emitter.engine.open("/").unwrap();
    emitter.emit(id, &json!("before"));
    assert_eq!(b.emitted(1).await, [json!("before")]);
    (b, emitter, id)
}

fn cut_all(node: &Node) {
    node.database.refuse_connections(usize::MAX);
    node.database.cut_listener();
    node.database.cut_publisher();
}

#[tokio::test(start_paused = true)]
async fn what_an_emitter_sends_during_an_outage_reaches_servers_that_are_back_later_than_itself() {
    let server = FakeServer::default();
    let (mut b, mut emitter, id) = server_and_emitter(&server).await;
    for outage in 0..5 {
        cut_all(&b);
        emitter.database.refuse_connections(3);
        emitter.database.cut_publisher();
        emitter.reports(1).await;
        emitter.emit(id, &json!(outage));
        until("the emitter is back", || {
            (emitter.database.open_connections() == 1).then_some(())
        })
        .await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        b.database.refuse_connections(0);
        emitter.emit(id, &json!("and"));
        assert_eq!(b.emitted(2).await, [json!(outage), json!("and")]);
    }
}

#[tokio::test(start_paused = true)]
async fn an_emitter_waits_for_servers_that_lose_their_sessions_together_with_it() {
    let server = FakeServer::default();
    let (mut b, mut emitter, id) = server_and_emitter(&server).await;
    cut_all(&b);
    emitter.database.cut_publisher();
    emitter.reports(1).await;
    emitter.emit(id, &json!("waited"));
    tokio::time::sleep(Duration::from_millis(50)).await;
    b.database.refuse_connections(0);
    assert_eq!(b.emitted(1).await, [json!("waited")]);
}

#[tokio::test(start_paused = true)]
async fn an_emitter_is_held_up_no_longer_than_the_servers_may_need() {
    let server = FakeServer::default();
    let start = tokio::time::Instant::now();
    let (mut b, mut emitter, id) = server_and_emitter(&server).await;
    assert!(
        start.elapsed() < Duration::from_millis(100),
        "{:?}",
        start.elapsed()
    );

    let start = tokio::time::Instant::now();
    emitter.database.cut_publisher();
    emitter.reports(1).await;
    emitter.emit(id, &json!("its session alone"));
    assert_eq!(b.emitted(1).await.len(), 1);
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());

    emitter.database.refuse_connections(1);
    emitter.database.cut_publisher();
    let start = tokio::time::Instant::now();
    emitter.emit(id, &json!("an outage"));
    assert_eq!(b.emitted(1).await.len(), 1);
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn an_emitter_that_is_closed_waits_for_nobody() {
    let server = FakeServer::default();
    let (mut b, mut emitter, id) = server_and_emitter(&server).await;
    emitter.database.refuse_connections(1);
    emitter.database.cut_publisher();
    emitter.reports(2).await;
    emitter.emit(id, &json!("last"));
    until("back", || {
        (emitter.database.open_connections() == 1).then_some(())
    })
    .await;
    let start = tokio::time::Instant::now();
    emitter.engine.close().await;
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    assert_eq!(b.emitted(1).await, [json!("last")]);
}

#[tokio::test(start_paused = true)]
async fn messages_published_before_the_first_connection_are_sent() {
    let server = FakeServer::default();
    let mut b = Node::start(&server, "b");
    b.open("/").await;
    let database = server.database();
    database.refuse_connections(4);
    let a = Node::start_with(database, "a", &json!({}));
    let id = a.engine.open("/").unwrap();
    a.emit(id, &json!("early"));
    assert_eq!(b.emitted(1).await, [json!("early")]);
}

#[tokio::test(start_paused = true)]
async fn a_volatile_message_does_not_wait_for_a_server_that_is_away() {
    let server = FakeServer::default();
    let (mut a, mut b) = (Node::start(&server, "a"), Node::start(&server, "b"));
    let id = a.open("/").await;
    b.open("/").await;
    a.database.refuse_connections(usize::MAX);
    a.database.fail_next_notify(ErrorKind::Connection);
    a.emit(id, &json!("kept"));
    a.reports(1).await;
    let kind = socketio_postgres_adapter::wire::message::MessageType::ServerSideEmit;
    let data = json!({ "packet": ["volatile"] }).to_string();
    a.engine.publish(id, kind, Some(data), Vec::new(), true);
    a.emit(id, &json!("kept too"));
    a.database.refuse_connections(0);
    assert_eq!(b.emitted(2).await, [json!("kept"), json!("kept too")]);
}

#[tokio::test(start_paused = true)]
async fn a_listener_that_is_cut_listens_again_and_announces_itself() {
    let server = FakeServer::default();
    let (mut a, b) = (Node::start(&server, "a"), Node::start(&server, "b"));
    let (id, id_of_b) = (a.open("/").await, b.open("/").await);
    a.open("/chat").await;
    a.knows(id, &["b"]).await;
    let announcements = |node: &Node| {
        let sent = node.database.batches().concat();
        sent.iter()
            .filter(|text| text.starts_with(r#"{"type":1,"#))
            .count()
    };
    let before = announcements(&a);
    a.database.cut_listener();
    until("announced again", || {
        (announcements(&a) == before + 2).then_some(())
    })
    .await;
    assert_eq!(a.database.channels().len(), 3, "two namespaces and the frames");
    b.emit(id_of_b, &json!("heard again"));
    assert_eq!(a.emitted(1).await, [json!("heard again")]);
    assert_eq!(a.reports(1).await[0].0, "ERR_CONNECTION");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_came_while_the_listener_was_away_is_known_afterwards() {
    let server = FakeServer::default();
    let (mut a, b) = (Node::start(&server, "a"), Node::start(&server, "b"));
    let id = a.open("/").await;
    a.database.refuse_connections(usize::MAX);
    a.database.cut_listener();
    a.reports(1).await;
    b.open("/").await;
    assert!(a.peers(id).is_empty());
    a.database.refuse_connections(0);
    a.knows(id, &["b"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_namespace_opened_without_a_connection_is_listened_on_later() {
    let server = FakeServer::default();
    let mut a = Node::start(&server, "a");
    a.open("/").await;
    a.database.refuse_connections(usize::MAX);
    a.database.cut_listener();
    a.reports(1).await;
    a.engine.open("/late").unwrap();
    a.database.refuse_connections(0);
    until("listening", || {
        a.database.channels().contains("test#/late").then_some(())
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_idle_publisher_that_is_cut_is_replaced_although_there_is_nothing_to_send() {
    let server = FakeServer::default();
    let mut a = Node::start(&server, "a");
    a.open("/").await;
    let sent = a.database.batches().len();
    let start = tokio::time::Instant::now();
    a.database.cut_publisher();
    assert_eq!(a.reports(1).await[0].0, "ERR_CONNECTION");
    until("another publisher", || {
        (a.database.open_connections() == 2).then_some(())
    })
    .await;
    assert_eq!(a.database.batches().len(), sent);
    assert!(start.elapsed() < Duration::from_secs(1), "no question was needed");
}

#[tokio::test(start_paused = true)]
async fn the_same_failure_again_and_again_is_reported_once() {
    let server = FakeServer::default();
    let database = server.database();
    database.refuse_connections(6);
    let mut a = Node::start_with(database, "a", &json!({}));
    a.open("/").await;
    let reports = a.reports(2).await;
    assert_eq!(reports.len(), 2, "one for each connection: {reports:?}");
}

#[tokio::test]
async fn a_clean_up_that_costs_the_connection_is_not_tried_again_before_it_is_due() {
    let server = FakeServer::default();
    let interval = Duration::from_millis(250);
    let a = Node::start_with(server.database(), "a", &json!({ "cleanupInterval": 250 }));
    a.database.fail_next_prune(ErrorKind::Connection);
    let prunes = until("two clean-ups", || {
        Some(a.database.prunes()).filter(|prunes| prunes.len() == 2)
    })
    .await;
    assert!(prunes[1] - prunes[0] >= interval, "{:?}", prunes[1] - prunes[0]);
}
