//! The partial parse of a message says what a full one says.

use serde_json::Value;
use socketio_postgres_adapter::wire::message::{DecodeError, Envelope, Rooms};

use super::{is_json, is_too_deep, value_of};

/// The input is the text of a notification.
pub fn envelope(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match Envelope::parse(text) {
        Ok(envelope) => {
            assert_ne!(is_json(text), Some(false), "accepted what is no JSON");
            if let Some(value) = value_of(text) {
                agrees(&envelope, &value);
            }
        }
        Err(DecodeError::Json(_)) => {
            assert!(
                is_json(text) != Some(true) || is_too_deep(text),
                "refused what is JSON"
            );
        }
        Err(DecodeError::NotAnObject) => assert!(!value_of(text).is_some_and(|value| value.is_object())),
        Err(DecodeError::Missing(field)) => {
            assert!(value_of(text).is_none_or(|value| value.get(field).is_none()));
        }
        // Of a member that is named twice only the last one is left in a value.
        Err(DecodeError::Invalid { .. }) => {}
    }
}

fn agrees(envelope: &Envelope<'_>, value: &Value) {
    assert_eq!(Some(envelope.kind.code()), value["type"].as_u64());
    assert_eq!(envelope.uid.as_deref(), value["uid"].as_str());
    assert_eq!(envelope.nsp.as_deref(), value["nsp"].as_str());
    assert_eq!(envelope.node_id.as_deref(), value["nodeId"].as_str());
    assert_eq!(envelope.reads_frames, value["readsFrames"] == true);
    assert_eq!(envelope.incarnation.as_deref(), value["life"].as_str());
    assert_eq!(envelope.generation, value["generation"].as_u64());
    assert_eq!(envelope.was_framed, value["wasFramed"] == true);
    let id = match &value["attachmentId"] {
        Value::String(digits) => digits.parse().ok(),
        number => number.as_i64(),
    };
    assert_eq!(envelope.attachment_id, id);
    let data = &value["data"];
    assert_eq!(envelope.request_id.as_deref(), data["requestId"].as_str());
    rooms_agree(&envelope.rooms, data);
    if let Some(broadcast) = envelope.broadcast {
        assert_eq!(value_of(broadcast.event).as_ref(), Some(&data["packet"]["data"]));
        assert_eq!(value_of(broadcast.opts).as_ref(), Some(&data["opts"]));
        assert_eq!(data["packet"]["type"], 2);
        assert!(data.get("requestId").is_none());
    }
}

fn rooms_agree(rooms: &Rooms<'_>, data: &Value) {
    let listed = &data["opts"]["rooms"];
    match rooms {
        Rooms::Named(names) => {
            let expected: Option<Vec<&str>> = listed
                .as_array()
                .and_then(|rooms| rooms.iter().map(Value::as_str).collect());
            assert_eq!(Some(names.iter().map(AsRef::as_ref).collect()), expected);
        }
        Rooms::All => assert!(listed.is_null() || listed.as_array().is_some_and(Vec::is_empty)),
        Rooms::Opaque => {
            let are_names = |rooms: &Vec<Value>| rooms.iter().all(Value::is_string);
            assert!(!listed.as_array().is_some_and(are_names));
        }
    }
}
