//! Attachments: what is read can be written, and what is written is read as it was.

use serde_json::Value;
use socketio_postgres_adapter::wire::msgpack::{decode, encode, Decoded, EncodeError};

use super::{is_json, is_too_deep, value_of};

const MARKER: &str = "\0part:";
const ESCAPED_MARKER: &str = "\\u0000part:";
/// How much longer a text can be than what it was decoded from: a binary part takes a byte or more there, and here a
/// marker, an index and what stands around them.
const MOST_TEXT_PER_BYTE: usize = 24;

/// The input is an attachment.
pub fn msgpack_decode(data: &[u8]) {
    let Ok(Decoded { json, parts }) = decode(data, MARKER) else {
        return;
    };
    assert!(
        is_json(&json) != Some(false),
        "decoded to what is no JSON: {json}"
    );
    assert!(json.len() <= MOST_TEXT_PER_BYTE * data.len().max(1), "{json}");
    let contents: Vec<&[u8]> = parts.into_iter().map(|part| &data[part]).collect();
    // Its strings come from outside as well: here no random marker keeps them apart from the parts.
    if json.matches(ESCAPED_MARKER).count() != contents.len() {
        return;
    }
    let encoded = encode(&json, &contents, MARKER);
    let encoded = encoded.unwrap_or_else(|error| panic!("{error}: {json}"));
    comes_back(&encoded);
}

/// The input is the JSON text of a message.
pub fn msgpack_encode(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let parts = [&b""[..], b"\0", b"binary content"];
    match encode(text, &parts, MARKER) {
        Ok(encoded) => {
            assert_ne!(is_json(text), Some(false), "encoded what is no JSON");
            let decoded = comes_back(&encoded);
            if text.contains("part:") {
                return;
            }
            if let (Some(before), Some(after)) = (value_of(text), value_of(&decoded)) {
                assert!(are_equal(&before, &after), "{before} became {after}");
            }
        }
        Err(EncodeError::Json(_)) => assert!(
            is_json(text) != Some(true) || is_too_deep(text),
            "refused what is JSON"
        ),
        Err(EncodeError::UnknownPart) => assert!(text.contains("part:")),
        Err(EncodeError::TooLarge | EncodeError::TooManyParts(_)) => panic!("so large it is not"),
    }
}

/// What was encoded is decoded and encoded to the same bytes; returns the text. A number beyond the doubles, which is
/// an infinity in the first bytes, becomes null once.
fn comes_back(encoded: &[u8]) -> String {
    let (json, again) = decode_and_encode(encoded);
    if let Some(again) = again {
        let has_infinity = encoded
            .windows(3)
            .any(|bytes| matches!(bytes, [0xcb, 0x7f | 0xff, 0xf0]));
        assert!(again == encoded || has_infinity, "{json}");
        assert!(
            decode_and_encode(&again).1.is_none_or(|third| third == again),
            "{json}"
        );
    }
    json
}

/// The text of an encoded value, and what it is encoded to in its turn; nothing if a string of it looks like a part.
fn decode_and_encode(encoded: &[u8]) -> (String, Option<Vec<u8>>) {
    let decoded = decode(encoded, MARKER);
    let Decoded { json, parts } = decoded.unwrap_or_else(|error| panic!("{error}"));
    let contents: Vec<&[u8]> = parts.into_iter().map(|part| &encoded[part]).collect();
    if json.matches(ESCAPED_MARKER).count() != contents.len() {
        return (json, None);
    }
    let again = encode(&json, &contents, MARKER);
    let again = again.unwrap_or_else(|error| panic!("{error}: {json}"));
    (json, Some(again))
}

/// Whether two values are equal, but for the last digits of numbers: `serde_json` does not read them exactly.
fn are_equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            let (one, other) = (
                one.as_f64().unwrap_or_default(),
                other.as_f64().unwrap_or_default(),
            );
            (one - other).abs() <= one.abs() * 1e-12
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| are_equal(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(name, member)| other.get(name).is_some_and(|other| are_equal(member, other)))
        }
        _ => one == other,
    }
}
