use proptest::prelude::*;
use serde_json::{json, Value};

use super::*;
use crate::wire::MAX_DEPTH;

fn parse(text: &str) -> Envelope<'_> {
    Envelope::parse(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn error(text: &str) -> DecodeError {
    Envelope::parse(text).unwrap_err()
}

fn named<'a>(rooms: &[&'a str]) -> Rooms<'a> {
    Rooms::Named(rooms.iter().map(|&room| room.into()).collect())
}

#[test]
fn a_broadcast() {
    let text = r#"{"type":3,"data":{"packet":{"type":2,"data":["x",{"opts":{"rooms":["no"]},"requestId":1}],"nsp":"/no"},
        "opts":{"rooms":["r1","r2"],"except":["e"],"flags":{"rooms":1}},"requestId":"q"},"uid":"u","nsp":"/a","nodeId":"n"}"#;
    let expected = Envelope {
        uid: Some("u".into()),
        kind: MessageType::Broadcast,
        nsp: Some("/a".into()),
        node_id: Some("n".into()),
        attachment_id: None,
        request_id: Some("q".into()),
        rooms: named(&["r1", "r2"]),
        broadcast: None,
        reads_frames: false,
        incarnation: None,
        generation: None,
        was_framed: false,
    };
    assert_eq!(parse(text), expected);
}

#[test]
fn what_servers_of_this_kind_add() {
    let flags = |rest: &str| {
        let text = format!(r#"{{"type":2,{rest},"uid":"u"}}"#);
        let envelope = parse(&text);
        (envelope.reads_frames, envelope.was_framed)
    };
    assert_eq!(flags(r#""readsFrames":true"#), (true, false));
    assert_eq!(flags(r#""wasFramed":true"#), (false, true));
    for other in ["false", "1", "null", r#"{"a":[true]}"#, "[true]"] {
        assert_eq!(
            flags(&format!(r#""readsFrames":{other},"wasFramed":{other}"#)),
            (false, false)
        );
    }
    let identity = |rest: &str| {
        let text = format!(r#"{{"type":1,{rest},"uid":"u"}}"#);
        let envelope = parse(&text);
        (envelope.incarnation.map(Cow::into_owned), envelope.generation)
    };
    let both = (Some("l".to_owned()), Some(3));
    assert_eq!(identity(r#""life":"l","generation":3"#), both);
    for other in ["null", "-1", "1.5", "[3]", r#"{"a":"l"}"#, "99999999999999999999"] {
        let members = format!(r#""life":{other},"generation":{other}"#);
        assert_eq!(identity(&members), (None, None));
    }
}

#[test]
fn a_message_in_a_frame() {
    let data = r#"{"packet":{"type":2,"data":["x"]},"opts":{"rooms":["r"]}}"#;
    let whole = format!(r#"{{"type":3,"data":{data},"uid":"u","nsp":"/a","readsFrames":true}}"#);
    let framed = Envelope::of_data(MessageType::Broadcast, "u", "/a", data);
    assert_eq!(framed.unwrap(), parse(&whole));
    for wrong in ["", "{", "{}{}", "[\u{1}]"] {
        assert!(
            Envelope::of_data(MessageType::Broadcast, "u", "/a", wrong).is_err(),
            "{wrong}"
        );
    }
}

fn broadcast(packet: &str, rest: &str) -> Option<(String, String)> {
    let text = format!(r#"{{"type":3,"data":{{"packet":{packet}{rest}}},"uid":"u"}}"#);
    let PlainBroadcast { event, opts } = parse(&text).broadcast?;
    Some((event.to_owned(), opts.to_owned()))
}

#[test]
fn a_plain_broadcast_gives_the_texts_of_event_and_options() {
    let opts = r#","opts":{"rooms":["]"], "flags":{}}"#;
    let texts = |event: &str| Some((event.to_owned(), r#"{"rooms":["]"], "flags":{}}"#.to_owned()));
    let event = r#"["x", {"a":["[\"]\ud800"]} , 1]"#;
    assert_eq!(
        broadcast(&format!(r#"{{"type":2,"data":{event}}}"#), opts),
        texts(event)
    );
    assert_eq!(
        broadcast(r#"{"data":[1],"nsp":"/x","type":2}"#, opts),
        texts("[1]")
    );
}

#[test]
fn what_is_no_plain_broadcast_is_left_to_javascript() {
    let opts = r#","opts":{}"#;
    let event = r#"{"type":2,"data":["x"]}"#;
    assert!(broadcast(event, opts).is_some());
    assert_eq!(broadcast(event, r#","opts":{},"requestId":"q""#), None);
    assert_eq!(broadcast(event, r#","opts":[]"#), None);
    assert_eq!(broadcast(event, ""), None);
    for packet in [
        r#"{"type":2,"data":["connect"]}"#,
        r#"{"type":2,"data":["dis\u0063onnect",1]}"#,
        r#"{"type":2,"data":["x"],"id":1}"#,
        r#"{"type":3,"data":["x"]}"#,
        r#"{"type":[2],"data":["x"]}"#,
        r#"{"data":["x"]}"#,
        r#"{"type":2}"#,
        r#"{"type":2,"data":[]}"#,
        r#"{"type":2,"data":["x",1e999]}"#,
        r#"{"type":2,"data":["x",9007199254740993]}"#,
        r#"{"type":2,"data":[["x"]]}"#,
        r#"{"type":2,"data":{"0":"x"}}"#,
        r#"["x"]"#,
        "2",
    ] {
        assert_eq!(broadcast(packet, opts), None, "{packet}");
    }
}

#[test]
fn the_shortest_message() {
    let envelope = parse("{\"type\":77}  ");
    assert_eq!(envelope.kind, MessageType::Unknown(77));
    assert_eq!((envelope.uid, envelope.nsp, envelope.node_id), (None, None, None));
    assert_eq!(
        (envelope.attachment_id, envelope.request_id, envelope.rooms),
        (None, None, Rooms::All)
    );
}

#[test]
fn borrows_what_has_no_escapes() {
    let envelope = parse(r#"{"type":3,"uid":"ü","nsp":"/","data":{"opts":{"rooms":["räume"]}}}"#);
    assert!(matches!(envelope.uid, Some(Cow::Borrowed("ü"))));
    assert!(matches!(envelope.nsp, Some(Cow::Borrowed("/"))));
    assert!(matches!(envelope.rooms, Rooms::Named(rooms) if matches!(rooms[..], [Cow::Borrowed("räume")])));
}

#[test]
fn resolves_escapes_in_names_and_values() {
    let envelope =
        parse(r#"{"\u0074ype":3,"\u0075id":"\"\ud83d\ude00","d\u0061ta":{"opts":{"rooms":["\n"]}}}"#);
    assert_eq!(envelope.uid.as_deref(), Some("\"😀"));
    assert_eq!(envelope.rooms, named(&["\n"]));
}

#[test]
fn the_header_of_an_attachment() {
    for (text, id) in [
        (r#"{"uid":"u","type":3,"attachmentId":"1"}"#, 1),
        (
            r#"{"uid":"u","type":3,"attachmentId":"9223372036854775807"}"#,
            i64::MAX,
        ),
        (r#"{"uid":"u","type":3,"attachmentId":42}"#, 42),
    ] {
        assert_eq!(parse(text).attachment_id, Some(id));
    }
    let wrong = DecodeError::Invalid {
        field: "attachmentId",
        expected: "a positive 64-bit integer",
    };
    for id in [
        "\"\"",
        "\"0\"",
        "\"-1\"",
        "\"+1\"",
        "\" 1\"",
        "\"1x\"",
        "\"1.0\"",
        "\"9223372036854775808\"",
        "0",
        "-1",
        "1.0",
        "1e3",
        "9223372036854775808",
        "null",
        "true",
        "[]",
        "{}",
        "\"\\ud800\"",
    ] {
        assert_eq!(
            error(&format!(r#"{{"type":3,"attachmentId":{id}}}"#)),
            wrong,
            "{id}"
        );
    }
}

#[test]
fn the_type_is_a_non_negative_integer() {
    assert_eq!(
        parse(r#"{"type":18446744073709551615}"#).kind,
        MessageType::Unknown(u64::MAX)
    );
    let wrong = DecodeError::Invalid {
        field: "type",
        expected: "a non-negative integer",
    };
    for kind in [
        "-1",
        "-0",
        "3.0",
        "3e0",
        "18446744073709551616",
        "\"3\"",
        "null",
        "[3]",
        "{}",
        "true",
    ] {
        assert_eq!(error(&format!(r#"{{"type":{kind}}}"#)), wrong, "{kind}");
    }
    assert_eq!(error("{}"), DecodeError::Missing("type"));
    assert_eq!(error(r#"{"data":{"type":3}}"#), DecodeError::Missing("type"));
}

#[test]
fn wrong_types_are_named() {
    for field in ["uid", "nsp", "nodeId"] {
        for value in ["1", "null", "true", "[]", "{}", "\"\\udfff\""] {
            let wrong = DecodeError::Invalid {
                field,
                expected: "a well-formed string",
            };
            assert_eq!(error(&format!(r#"{{"type":3,"{field}":{value}}}"#)), wrong);
        }
    }
    let wrong = DecodeError::Invalid {
        field: "data.requestId",
        expected: "a well-formed string",
    };
    assert_eq!(error(r#"{"type":3,"data":{"requestId":7}}"#), wrong);
    assert_eq!(
        wrong.to_string(),
        "the \"data.requestId\" of the message is not a well-formed string"
    );
}

#[test]
fn rooms() {
    for (data, rooms) in [
        ("{}", Rooms::All),
        (r#"{"opts":{}}"#, Rooms::All),
        (r#"{"opts":{"rooms":[]}}"#, Rooms::All),
        (r#"{"opts":{"rooms":null}}"#, Rooms::All),
        (
            r#"{"rooms":["not these"],"opts":{"except":["nor these"]}}"#,
            Rooms::All,
        ),
        (r#"{"opts":{"rooms":["a","a",""]}}"#, named(&["a", "a", ""])),
        (r#"{"opts":{"rooms":["a",1]}}"#, Rooms::Opaque),
        (r#"{"opts":{"rooms":[["a"],"b"]}}"#, Rooms::Opaque),
        (r#"{"opts":{"rooms":[{"a":["b"]}]}}"#, Rooms::Opaque),
        (r#"{"opts":{"rooms":[null]}}"#, Rooms::Opaque),
        (r#"{"opts":{"rooms":["a","\ud800"]}}"#, Rooms::Opaque),
        (r#"{"opts":{"rooms":"ab"}}"#, Rooms::Opaque),
        (r#"{"opts":{"rooms":{"a":[1]}}}"#, Rooms::Opaque),
        (r#"{"opts":{"rooms":true}}"#, Rooms::Opaque),
        (r#"{"opts":null}"#, Rooms::Opaque),
        (r#"{"opts":[{"rooms":["a"]}]}"#, Rooms::Opaque),
        // Data of another type than object is none.
        (r#"[{"opts":{"rooms":["a"]},"requestId":1}]"#, Rooms::All),
        ("null", Rooms::All),
        ("\"text\"", Rooms::All),
    ] {
        let text = format!(r#"{{"data":{data},"type":3,"uid":"after"}}"#);
        let envelope = parse(&text);
        assert_eq!(envelope.rooms, rooms, "{data}");
        assert_eq!(envelope.uid.as_deref(), Some("after"), "{data}");
    }
}

#[test]
fn of_two_equal_names_the_last_one_counts() {
    let envelope = parse(
        r#"{"type":1,"uid":"a","data":{"requestId":"q","opts":{"rooms":["a"]}},"uid":"b","type":2,"data":{}}"#,
    );
    assert_eq!(
        (envelope.kind, envelope.uid.as_deref()),
        (MessageType::Heartbeat, Some("b"))
    );
    assert_eq!((envelope.request_id, envelope.rooms), (None, Rooms::All));

    let rooms = |data: &str| {
        let text = format!(r#"{{"type":3,"data":{data}}}"#);
        matches!(parse(&text).rooms, Rooms::Named(rooms) if rooms == ["b"])
    };
    assert!(rooms(r#"{"opts":{"rooms":["a"],"rooms":["b"]}}"#));
    assert!(rooms(r#"{"opts":{"rooms":[1],"rooms":["b"]}}"#));
    assert!(rooms(r#"{"opts":{"rooms":["a"]},"opts":{"rooms":["b"]}}"#));
    assert!(!rooms(r#"{"opts":{"rooms":["b"]},"opts":{}}"#));
    assert!(!rooms(r#"{"opts":{"rooms":["b"]}},"data":null"#));
    // All of them must be of the right type.
    assert!(Envelope::parse(r#"{"type":"1","type":1}"#).is_err());
}

#[test]
fn is_one_complete_object() {
    for text in ["[]", "null", "3", "\"{}\""] {
        assert_eq!(error(text), DecodeError::NotAnObject);
    }
    assert_eq!(
        error(r#"{"type":3}{"type":3}"#),
        DecodeError::Json(JsonError::Trailing(10))
    );
    assert_eq!(
        error(r#"{"type":3},{"type":4}"#),
        DecodeError::Json(JsonError::Trailing(10))
    );
    assert_eq!(error(r#"{"type":3"#), DecodeError::Json(JsonError::Truncated));
    assert_eq!(error(""), DecodeError::Json(JsonError::Truncated));
    assert!(matches!(
        error(r#"{"type":3,"data":{"packet":[1,]}}"#),
        DecodeError::Json(JsonError::Unexpected(_))
    ));
}

#[test]
fn lone_surrogates_are_legal_where_nobody_looks() {
    let text = r#"{"type":3,"data":{"packet":["\ud800",{"\udc00":1}],"\ud800":2},"\ud800":3}"#;
    assert_eq!(parse(text).kind, MessageType::Broadcast);
}

#[test]
fn depth_counts_from_the_whole_message() {
    let message = |depth: usize| {
        format!(
            r#"{{"type":3,"data":{{"packet":{}{}}}}}"#,
            "[".repeat(depth),
            "]".repeat(depth)
        )
    };
    assert!(Envelope::parse(&message(MAX_DEPTH - 2)).is_ok());
    assert!(matches!(
        error(&message(MAX_DEPTH - 1)),
        DecodeError::Json(JsonError::TooDeep(_))
    ));
    assert!(matches!(
        error(&message(5_000_000)),
        DecodeError::Json(JsonError::TooDeep(_))
    ));
}

/// The naive reading of a message whose members, where present, are of the right type.
fn naive(message: &Value) -> Envelope<'static> {
    let text = |value: &Value| value.as_str().map(|text| Cow::Owned(text.to_owned()));
    let rooms = match &message["data"]["opts"]["rooms"] {
        Value::Array(rooms) if !rooms.is_empty() => rooms
            .iter()
            .map(text)
            .collect::<Option<_>>()
            .map_or(Rooms::Opaque, Rooms::Named),
        _ => Rooms::All,
    };
    Envelope {
        uid: text(&message["uid"]),
        kind: MessageType::from_code(message["type"].as_u64().unwrap()),
        nsp: text(&message["nsp"]),
        node_id: text(&message["nodeId"]),
        attachment_id: message["attachmentId"].as_str().map(|id| id.parse().unwrap()),
        request_id: text(&message["data"]["requestId"]),
        rooms,
        broadcast: None,
        reads_frames: false,
        incarnation: None,
        generation: None,
        was_framed: false,
    }
}

/// A JSON object with some of the given members, in any order.
fn object(members: Vec<(&'static str, BoxedStrategy<Value>)>) -> impl Strategy<Value = String> {
    let member = |(name, value): (&'static str, BoxedStrategy<Value>)| {
        prop::option::of(value).prop_map(move |value| Some(format!("{}:{}", json!(name), value?)))
    };
    let members: Vec<_> = members.into_iter().map(member).collect();
    members.prop_shuffle().prop_map(|members| {
        format!(
            "{{{}}}",
            members.into_iter().flatten().collect::<Vec<_>>().join(",")
        )
    })
}

fn message() -> impl Strategy<Value = String> {
    let text = || any::<String>().prop_map(Value::from).boxed();
    let room = prop_oneof![20 => text(), 1 => Just(json!(1)), 1 => Just(json!({"rooms": []}))];
    let rooms = prop::collection::vec(room, 0..5).prop_map(Value::from).boxed();
    let parsed = |text: String| serde_json::from_str::<Value>(&text).unwrap();
    let options = object(vec![("rooms", rooms.clone()), ("except", rooms)])
        .prop_map(parsed)
        .boxed();
    let packet =
        Just(json!({"data": ["event", {"uid": [1.5, true, null], "opts": {"rooms": ["x"]}}]})).boxed();
    let data = object(vec![("packet", packet), ("opts", options), ("requestId", text())])
        .prop_map(parsed)
        .boxed();
    let id = (1..=i64::MAX).prop_map(|id| Value::from(id.to_string())).boxed();
    let members = object(vec![
        ("data", data),
        ("uid", text()),
        ("nsp", text()),
        ("nodeId", text()),
        ("attachmentId", id),
        ("later", any::<f64>().prop_map(Value::from).boxed()),
    ]);
    (any::<u64>(), members).prop_map(|(kind, members)| {
        let comma = if members == "{}" { "" } else { "," };
        members.replacen('{', &format!("{{\"type\":{kind}{comma}"), 1)
    })
}

proptest! {
    #[test]
    fn equals_a_full_parse(text in message()) {
        prop_assert_eq!(parse(&text), naive(&serde_json::from_str(&text).unwrap()));
    }

    #[test]
    fn never_panics(text in any::<String>(), valid in message(), cut in any::<prop::sample::Index>()) {
        prop_assert!(Envelope::parse(&text).is_err());
        let cut = cut.index(valid.len());
        if valid.is_char_boundary(cut) {
            prop_assert!(Envelope::parse(&valid[..cut]).is_err());
        }
    }
}
