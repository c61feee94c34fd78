//! The connection that listens.

use std::time::Duration;

use socketio_postgres_adapter::pg::database::{Database, Listener, Publisher};

use crate::real_database::{inline, pair, payloads, receive, RealServer};

/// Names that clients might give to namespaces, each at most 63 bytes with its prefix.
fn hostile_channels(prefix: &str) -> Vec<String> {
    let ends = [
        "\"; DROP TABLE x; --",
        "'; SELECT 1; '",
        "UPPER lower",
        "\\",
        "😀",
        "$$",
        "%s",
        "\n\t",
        "\"\"",
    ];
    ends.iter().map(|end| format!("{prefix}{end}")).collect()
}

#[tokio::test]
async fn hostile_channel_names_are_only_names() {
    let Some(server) = RealServer::from_environment().await else {
        return;
    };
    let database = server.database("attachments");
    let mut listener = database.connect_listener().await.unwrap();
    let mut publisher = database.connect_publisher().await.unwrap();
    let mut channels = hostile_channels(&server.schema);
    channels.push("n".repeat(63));
    listener.listen(&channels).await.unwrap();
    listener.listen(&[]).await.unwrap();
    let batch: Vec<_> = channels.iter().map(|channel| inline(channel, "hello")).collect();
    publisher.notify_batch(&batch).await.unwrap();
    let arrived = receive(&mut listener, channels.len()).await;
    let heard: Vec<&String> = arrived.iter().map(|notification| &notification.channel).collect();
    assert_eq!(heard, channels.iter().collect::<Vec<_>>());
    server.clean_up().await;
}

#[tokio::test]
async fn what_is_not_listened_on_any_longer_is_not_heard() {
    let Some(server) = RealServer::from_environment().await else {
        return;
    };
    let database = server.database("attachments");
    let mut listener = database.connect_listener().await.unwrap();
    let mut publisher = database.connect_publisher().await.unwrap();
    let channels = hostile_channels(&server.schema);
    listener.listen(&channels).await.unwrap();
    let (kept, closed) = channels.split_at(3);
    listener.unlisten(closed).await.unwrap();
    listener.unlisten(&[]).await.unwrap();
    let batch: Vec<_> = channels
        .iter()
        .rev()
        .map(|channel| inline(channel, channel))
        .collect();
    publisher.notify_batch(&batch).await.unwrap();
    let expected: Vec<&String> = kept.iter().rev().collect();
    assert_eq!(
        payloads(&mut listener, 3).await.iter().collect::<Vec<_>>(),
        expected
    );
    server.clean_up().await;
}

#[tokio::test]
async fn the_sender_hears_itself_and_so_does_everybody_else() {
    let Some(server) = RealServer::from_environment().await else {
        return;
    };
    let database = server.database("attachments");
    let mut listeners = Vec::new();
    for _ in 0..3 {
        let mut listener = database.connect_listener().await.unwrap();
        listener
            .listen(std::slice::from_ref(&server.schema))
            .await
            .unwrap();
        listeners.push(listener);
    }
    let mut publisher = database.connect_publisher().await.unwrap();
    publisher
        .notify_batch(&[inline(&server.schema, "hello")])
        .await
        .unwrap();
    for listener in &mut listeners {
        assert_eq!(payloads(listener, 1).await, ["hello"]);
    }
    server.clean_up().await;
}

#[tokio::test]
async fn what_comes_while_an_answer_is_awaited_is_kept_in_order() {
    let Some(server) = RealServer::from_environment().await else {
        return;
    };
    let (mut listener, mut publisher) = pair(&server, &server.database("attachments")).await;
    let texts: Vec<String> = (0..2000).map(|number| number.to_string()).collect();
    for some in texts.chunks(500) {
        let batch: Vec<_> = some.iter().map(|text| inline(&server.schema, text)).collect();
        publisher.notify_batch(&batch).await.unwrap();
        // The notifications stand before the answer.
        listener
            .listen(std::slice::from_ref(&server.schema))
            .await
            .unwrap();
    }
    assert_eq!(payloads(&mut listener, 2000).await, texts);
    server.clean_up().await;
}

#[tokio::test]
async fn giving_up_a_receive_loses_nothing() {
    let Some(server) = RealServer::from_environment().await else {
        return;
    };
    let (mut listener, mut publisher) = pair(&server, &server.database("attachments")).await;
    let mut arrived = Vec::new();
    for number in 0..50 {
        publisher
            .notify_batch(&[inline(&server.schema, &number.to_string())])
            .await
            .unwrap();
        let soon = Duration::from_micros(number * 10);
        drop(tokio::time::timeout(soon, listener.receive(&mut arrived, 512)).await);
    }
    let rest = receive(&mut listener, 50 - arrived.len()).await;
    arrived.extend(rest);
    let texts: Vec<String> = arrived
        .into_iter()
        .map(|notification| notification.payload)
        .collect();
    let expected: Vec<String> = (0..50).map(|number| number.to_string()).collect();
    assert_eq!(texts, expected);
    server.clean_up().await;
}

#[tokio::test]
async fn not_much_more_is_received_at_a_time_than_is_asked_for() {
    let Some(server) = RealServer::from_environment().await else {
        return;
    };
    let (mut listener, mut publisher) = pair(&server, &server.database("attachments")).await;
    let batch: Vec<_> = (0..100)
        .map(|number| inline(&server.schema, &number.to_string()))
        .collect();
    publisher.notify_batch(&batch).await.unwrap();
    let mut count = 0;
    while count < 100 {
        let mut some = Vec::new();
        listener.receive(&mut some, 10).await.unwrap();
        assert!((1..=10).contains(&some.len()), "{}", some.len());
        count += some.len();
    }
    server.clean_up().await;
}
