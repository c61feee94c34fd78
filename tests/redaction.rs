//! No value that holds the contents of messages, or a password, shows them when it is written for people.

// A test that fails may panic.
#![allow(clippy::unwrap_used)]

use std::fmt::Debug;
use std::sync::Arc;

use socketio_postgres_adapter::cluster::batch::{Batch, Limits, Outgoing};
use socketio_postgres_adapter::engine::inbox::{Binary, Item};
use socketio_postgres_adapter::engine::namespaces::Address;
use socketio_postgres_adapter::engine::outbox::Outbox;
use socketio_postgres_adapter::engine::pending::{Body, Pending};
use socketio_postgres_adapter::options::Options;
use socketio_postgres_adapter::pg::config::ConnectionConfig;
use socketio_postgres_adapter::pg::database::{Notification, Stored};
use socketio_postgres_adapter::pg::tls::PrivateKey;
use socketio_postgres_adapter::wire::frame::{Piece, Streams};
use socketio_postgres_adapter::wire::message::{Envelope, MessageType};
use socketio_postgres_adapter::wire::msgpack;

const SECRET: &str = "hunter2";

fn assert_hidden(value: &impl Debug) {
    let text = format!("{value:?} {value:#?}");
    let as_bytes = format!("{:?}", SECRET.as_bytes());
    let inside = as_bytes.trim_matches(['[', ']']);
    assert!(!text.contains(SECRET) && !text.contains(inside), "{text}");
}

fn pending(body: Body) -> Pending {
    let address = Arc::new(Address {
        id: 1,
        nsp: "/".into(),
        channel: "p#/".into(),
    });
    Pending {
        body,
        parts: vec![SECRET.into()],
        ..Pending::text(address, MessageType::Broadcast, None)
    }
}

fn bodies() -> [Body; 3] {
    [
        Body::Data(Some(SECRET.into())),
        Body::Whole(SECRET.into()),
        Body::Event {
            options: SECRET.into(),
            event: SECRET.into(),
        },
    ]
}

#[test]
fn messages_on_their_way_out() {
    let options = r#"{"uid":"a","channelPrefix":"p","tableName":"t","marker":"m","requestPrefix":"r"}"#;
    let outbox = Outbox::new(Options::from_json(options).unwrap().buffer());
    for body in bodies() {
        let message = pending(body);
        assert_hidden(&message);
        outbox.push(message);
    }
    assert_hidden(&outbox);
    let outgoing = Outgoing::attached("c".into(), SECRET.into(), SECRET.into());
    assert_hidden(&outgoing);
    let mut batch = Batch::default();
    batch.push(outgoing, Limits { count: 1, bytes: 1 }).unwrap();
    assert_hidden(&batch);
}

#[test]
fn messages_on_their_way_in() {
    assert_hidden(&Notification {
        channel: "c".into(),
        payload: SECRET.into(),
    });
    assert_hidden(&Stored::Content(SECRET.into()));
    let binary = || {
        Some(Binary {
            bytes: SECRET.into(),
            parts: Vec::new(),
        })
    };
    assert_hidden(&Item::Message {
        namespace: 1,
        json: SECRET.into(),
        binary: binary(),
        changes_rooms: false,
    });
    assert_hidden(&Item::Broadcast {
        namespace: 1,
        opts: SECRET.into(),
        event: SECRET.into(),
        binary: binary(),
    });
}

#[test]
fn errors_of_the_decoders() {
    let texts = [
        format!("{{\"type\":3,\"uid\":\"{SECRET}"),
        format!("\"{SECRET}\""),
        format!("{{\"uid\":{SECRET}}}"),
        format!("{{\"type\":\"{SECRET}\"}}"),
    ];
    for text in texts {
        let error = Envelope::parse(&text).unwrap_err();
        assert_hidden(&error);
        assert!(!error.to_string().contains(SECRET));
        let error = msgpack::encode(&text[..text.len() - 1], &[b""], "\0").unwrap_err();
        assert!(!error.to_string().contains(SECRET));
    }
    let error = msgpack::decode(SECRET.as_bytes(), "m").unwrap_err();
    assert!(!error.to_string().contains(SECRET));
    for text in [SECRET.to_owned(), format!("1 u 7 1 0 1\n{SECRET}")] {
        let read = Piece::parse(&text).and_then(|piece| Streams::default().accept(&piece).map(drop));
        assert!(!read.unwrap_err().to_string().contains(SECRET));
    }
}

#[test]
fn the_settings_of_a_connection() {
    let text = r#"{"hosts":[{"host":"db","port":5432}],"user":"u","database":"d","scramMaxIterations":1,
        "keepAlive":true,"sslNegotiation":"postgres","channelBinding":false,
        "tls":{"cert":"-","versions":[],"servername":null,"applicationProtocols":[]}}"#;
    let config: ConnectionConfig = serde_json::from_str(text).unwrap();
    assert_hidden(&config);
    assert_hidden(&config.to_tokio(Some(SECRET)));
    assert_hidden(&PrivateKey::new(SECRET.into()));
    assert!(!config.describe().contains(SECRET));
}
