//! What never reaches JavaScript, and what is answered without it.

use serde_json::{json, Value};
use socketio_postgres_adapter::wire::message::MessageType;

use crate::support::fake_database::FakeServer;
use crate::support::in_time;
use crate::support::node::Node;

fn broadcast(rooms: &[&str], label: &str) -> Value {
    json!({ "opts": { "rooms": rooms, "except": [], "flags": {} }, "packet": [label] })
}

/// A node that listens, one that sends, and the namespace of each.
struct Pair {
    hears: Node,
    hears_in: u32,
    sends: Node,
    sends_in: u32,
}

impl Pair {
    async fn start() -> Self {
        let server = FakeServer::default();
        let (hears, sends) = (Node::start(&server, "hears"), Node::start(&server, "sends"));
        let (hears_in, sends_in) = (hears.open("/").await, sends.open("/").await);
        Self {
            hears,
            hears_in,
            sends,
            sends_in,
        }
    }

    fn send(&self, kind: MessageType, data: &Value) {
        self.sends.publish(self.sends_in, kind, data);
    }

    /// What arrived before a last message that nothing filters.
    async fn arrived(&mut self) -> Vec<Value> {
        self.sends.emit(self.sends_in, &json!("end"));
        let mut messages = Vec::new();
        while messages
            .last()
            .is_none_or(|last: &Value| last["data"]["packet"] != json!(["end"]))
        {
            messages.extend(self.hears.messages(1).await);
        }
        messages.pop();
        messages
    }
}

#[tokio::test]
async fn a_broadcast_to_rooms_without_local_member_never_becomes_an_item() {
    let mut pair = Pair::start().await;
    pair.hears.engine.room_created(pair.hears_in, "here".into());
    pair.send(MessageType::Broadcast, &broadcast(&["elsewhere"], "no"));
    pair.send(MessageType::Broadcast, &broadcast(&["elsewhere", "here"], "yes"));
    pair.send(
        MessageType::SocketsJoin,
        &json!({ "opts": { "rooms": ["elsewhere"] }, "rooms": ["x"] }),
    );
    pair.send(
        MessageType::DisconnectSockets,
        &json!({ "opts": { "rooms": ["elsewhere"] } }),
    );
    let arrived = pair.arrived().await;
    assert_eq!(arrived.len(), 1, "{arrived:?}");
    assert_eq!(arrived[0]["data"]["packet"], json!(["yes"]));
}

#[tokio::test]
async fn a_broadcast_to_all_needs_a_local_socket() {
    let mut pair = Pair::start().await;
    pair.send(MessageType::Broadcast, &broadcast(&[], "nobody is there"));
    assert!(pair.arrived().await.is_empty());
    pair.hears.engine.set_populated(pair.hears_in, true);
    pair.send(MessageType::Broadcast, &broadcast(&[], "somebody is there"));
    assert_eq!(pair.arrived().await.len(), 1);
}

#[tokio::test]
async fn a_room_that_was_left_by_all_is_filtered_again() {
    let mut pair = Pair::start().await;
    pair.hears.engine.room_created(pair.hears_in, "room".into());
    pair.hears.engine.room_deleted(pair.hears_in, "room");
    pair.send(MessageType::Broadcast, &broadcast(&["room"], "late"));
    assert!(pair.arrived().await.is_empty());
}

/// What is delivered and may fill a room, then a broadcast to that room while JavaScript has not dealt with it.
async fn broadcast_behind(kind: MessageType) {
    let mut pair = Pair::start().await;
    pair.hears.engine.set_populated(pair.hears_in, true);
    pair.send(
        kind,
        &json!({ "opts": { "rooms": [], "except": [], "flags": {} }, "rooms": ["new"] }),
    );
    crate::support::until("the first message", || pair.hears.drain_once().then_some(())).await;
    // It is in JavaScript's hands, which has not drained again.
    pair.send(MessageType::Broadcast, &broadcast(&["new"], "behind"));
    pair.sends.flush().await;
    let arrived = pair.arrived().await;
    assert_eq!(arrived.len(), 2, "{arrived:?}");
    assert_eq!(arrived[1]["data"]["packet"], json!(["behind"]));
}

#[tokio::test]
async fn a_broadcast_behind_a_join_in_the_hands_of_javascript_passes() {
    broadcast_behind(MessageType::SocketsJoin).await;
}

#[tokio::test]
async fn a_broadcast_behind_a_server_side_event_in_the_hands_of_javascript_passes() {
    broadcast_behind(MessageType::ServerSideEmit).await;
}

#[tokio::test]
async fn a_broadcast_behind_a_disconnection_in_the_hands_of_javascript_passes() {
    broadcast_behind(MessageType::DisconnectSockets).await;
}

#[tokio::test]
async fn once_a_join_is_dealt_with_the_filter_works_again() {
    let mut pair = Pair::start().await;
    pair.hears.engine.set_populated(pair.hears_in, true);
    pair.send(
        MessageType::SocketsJoin,
        &json!({ "opts": { "rooms": [] }, "rooms": ["new"] }),
    );
    pair.hears.messages(1).await;
    assert!(
        !pair.hears.drain_once(),
        "asking for more says that all is dealt with"
    );
    pair.send(MessageType::Broadcast, &broadcast(&["elsewhere"], "no"));
    assert!(pair.arrived().await.is_empty());
}

#[tokio::test]
async fn without_sockets_a_broadcast_with_acknowledgements_is_answered_with_count_zero() {
    let mut pair = Pair::start().await;
    let mut data = broadcast(&["elsewhere"], "who?");
    data["requestId"] = json!("sends:1");
    pair.send(MessageType::Broadcast, &data);
    let answers = pair.sends.messages(1).await;
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0]["type"], 11);
    assert_eq!(
        answers[0]["data"],
        json!({ "requestId": "sends:1", "clientCount": 0 })
    );
    assert!(pair.arrived().await.is_empty());
}

#[tokio::test]
async fn without_sockets_a_question_for_sockets_is_answered_with_an_empty_list() {
    let mut pair = Pair::start().await;
    let data = json!({ "opts": { "rooms": [], "except": [] }, "requestId": "sends:\"2\"" });
    pair.send(MessageType::FetchSockets, &data);
    let answers = pair.sends.messages(1).await;
    assert_eq!(answers[0]["type"], 8);
    assert_eq!(
        answers[0]["data"],
        json!({ "requestId": "sends:\"2\"", "sockets": [] })
    );
    assert!(pair.arrived().await.is_empty());
}

#[tokio::test]
async fn answers_to_others_are_filtered() {
    let mut pair = Pair::start().await;
    for kind in [8, 10, 11, 12] {
        for request in ["third:1", "hears:1"] {
            pair.send(MessageType::from_code(kind), &json!({ "requestId": request }));
        }
    }
    let arrived = pair.arrived().await;
    let requests: Vec<&Value> = arrived
        .iter()
        .map(|message| &message["data"]["requestId"])
        .collect();
    assert_eq!(requests, ["hears:1"; 4]);
}

#[tokio::test]
async fn a_message_of_another_namespace_on_the_channel_is_ignored() {
    let server = FakeServer::default();
    let mut a = Node::start(&server, "a");
    a.open("/").await;
    let message = |nsp: &str| json!({ "type": 9, "uid": "b", "nsp": nsp, "data": { "packet": [nsp] } });
    server.notify("test#/", message("/other").to_string());
    server.notify("test#/", message("/").to_string());
    assert_eq!(a.emitted(1).await, [json!("/")]);
}

#[tokio::test]
async fn a_message_of_the_emitter_without_namespace_arrives() {
    let server = FakeServer::default();
    let mut a = Node::start(&server, "a");
    let id = a.open("/").await;
    a.engine.set_populated(id, true);
    let data = broadcast(&[], "from the emitter");
    server.notify(
        "test#/",
        json!({ "uid": "emitter", "type": 3, "data": data }).to_string(),
    );
    assert_eq!(a.messages(1).await[0]["data"], data);
    assert!(a.peers(id).is_empty(), "an emitter is no peer");
}

#[tokio::test]
async fn what_cannot_be_understood_is_reported_and_skipped() {
    let server = FakeServer::default();
    let mut a = Node::start(&server, "a");
    a.open("/").await;
    for payload in [
        "",
        "{",
        "[]",
        "null",
        r#"{"uid":"b"}"#,
        r#"{"type":"3"}"#,
        r#"{"type":99,"uid":"b"}"#,
    ] {
        server.notify("test#/", payload);
    }
    server.notify("test#/", r#"{"type":9,"uid":"b","data":{"packet":["next"]}}"#);
    assert_eq!(a.emitted(1).await, [json!("next")]);
    let reports = in_time("reports", a.reports(7)).await;
    assert!(
        reports.iter().all(|(code, _)| code == "ERR_MALFORMED_MESSAGE"),
        "{reports:?}"
    );
    assert!(reports[6].1.contains("unknown type 99"), "{}", reports[6].1);
}
