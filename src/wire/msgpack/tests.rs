mod fixtures;
mod properties;

use super::*;

const MARKER: &str = "\0bin:4f:";
const NO_PARTS: &[&[u8]] = &[];

fn encoded(json: &str) -> Vec<u8> {
    encode(json, NO_PARTS, MARKER).unwrap()
}

fn decoded(bytes: &[u8]) -> String {
    let Decoded { json, parts } = decode(bytes, MARKER).unwrap();
    assert_eq!(parts, []);
    json
}

#[test]
fn encodes_the_smallest_form() {
    assert_eq!(
        encoded(r#" {"a" : [ 1, -1, true, null, "é" ]} "#),
        b"\x81\xa1a\x95\x01\xff\xc3\xc0\xa2\xc3\xa9"
    );
    assert_eq!(encoded("9007199254740991"), b"\xcf\0\x1f\xff\xff\xff\xff\xff\xff");
    assert_eq!(encoded("9007199254740992"), b"\xcb\x43\x40\0\0\0\0\0\0");
    assert_eq!(encoded("1.5"), b"\xcb\x3f\xf8\0\0\0\0\0\0");
}

#[test]
fn encodes_binary_parts_in_their_places() {
    let json = r#"{"\u0000bin:4f:0":["\u0000bin:4f:1","\u0000bin:4f:0","\u0000bin:4f:1"]}"#;
    let bytes = encode(json, &[b"AB", &b"C"[..]], MARKER).unwrap();
    assert_eq!(bytes, b"\x81\xa9\0bin:4f:0\x93\xc4\x01C\xc4\x02AB\xc4\x01C");
}

#[test]
fn refuses_parts_that_are_not_there() {
    for index in ["2", "", "x", "-1", "99999999999999999999999"] {
        let json = format!(r#"["\u0000bin:4f:{index}"]"#);
        assert_eq!(
            encode(&json, &[b"A", b"B"], MARKER),
            Err(EncodeError::UnknownPart)
        );
    }
}

#[test]
fn more_parts_than_javascript_should_hold_are_refused() {
    let parts = vec![b"A"; MAX_PARTS + 1];
    assert!(encode("[]", &parts[1..], MARKER).is_ok());
    let refused = encode("[]", &parts, MARKER);
    assert_eq!(refused, Err(EncodeError::TooManyParts(MAX_PARTS + 1)));
    let array_of = |count: usize| {
        let length = u32::try_from(count).unwrap().to_be_bytes();
        [&[0xdd][..], &length, &b"\xc4\0".repeat(count)].concat()
    };
    let decoded = decode(&array_of(MAX_PARTS), MARKER).unwrap();
    assert_eq!(decoded.parts.len(), MAX_PARTS);
    let refused = decode(&array_of(MAX_PARTS + 1), MARKER);
    assert_eq!(refused, Err(DecodeError::TooManyParts(5 + 2 * MAX_PARTS)));
}

#[test]
fn a_string_that_resembles_the_marker_is_a_string() {
    for text in [
        r#""bin:4f:0""#,
        r#""\\u0000bin:4f:0""#,
        r#""x\u0000bin:4f:0""#,
        r#""\u0000bin:4e:0""#,
    ] {
        assert_eq!(decoded(&encoded(text)), text);
    }
}

#[test]
fn encodes_json_only() {
    for text in ["", "[1", "[1]]", "{\"a\"}", "01", "\"\\ud8\"", "nul"] {
        assert!(
            matches!(encode(text, NO_PARTS, MARKER), Err(EncodeError::Json(_))),
            "{text}"
        );
    }
}

#[test]
fn decodes_binary_parts_to_markers() {
    let bytes = b"\x93\xc4\x02AB\x81\xa1k\xc5\x00\x01C\xc6\0\0\0\0";
    let decoded = decode(bytes, MARKER).unwrap();
    assert_eq!(
        decoded.json,
        r#"["\u0000bin:4f:0",{"k":"\u0000bin:4f:1"},"\u0000bin:4f:2"]"#
    );
    let parts: Vec<_> = decoded.parts.iter().map(|part| &bytes[part.clone()]).collect();
    assert_eq!(parts, [&b"AB"[..], b"C", b""]);
}

#[test]
fn keeps_surrogates_and_replaces_what_is_not_utf8() {
    assert_eq!(decoded(b"\xa3\xed\xa0\x80"), r#""\ud800""#);
    assert_eq!(decoded(b"\xa5a\xed\xbf\xbfb"), r#""a\udfffb""#);
    assert_eq!(decoded(b"\xa6\xed\xa0\xbd\xed\xb8\x80"), r#""\ud83d\ude00""#);
    assert_eq!(decoded(b"\xa3a\xffb"), "\"a\u{fffd}b\"");
    // A character cut off at the end, one cut off before another, and a surrogate cut off.
    assert_eq!(decoded(b"\xa3a\xe2\x82"), "\"a\u{fffd}\"");
    assert_eq!(decoded(b"\xa5\xe2\x82abc"), "\"\u{fffd}abc\"");
    assert_eq!(decoded(b"\xa2\xed\xa0"), "\"\u{fffd}\u{fffd}\"");
    assert_eq!(decoded(b"\x81\xa1\xff\x01"), "{\"\u{fffd}\":1}");
}

#[test]
fn keeps_a_key_named_proto() {
    let text = r#"{"__proto__":{"polluted":true}}"#;
    assert_eq!(decoded(&encoded(text)), text);
}

#[test]
fn every_cut_of_a_value_is_truncated() {
    let json =
        r#"{"a":[1,300,70000,-5000000000,1.5,"text","\u0000bin:4f:0",{"b":null}],"c":"\u0000bin:4f:0"}"#;
    let mut bytes = encode(json, &[[7; 300]], MARKER).unwrap();
    for length in 0..bytes.len() {
        assert_eq!(
            decode(&bytes[..length], MARKER),
            Err(DecodeError::Truncated),
            "{length}"
        );
    }
    bytes.push(0xc0);
    assert_eq!(
        decode(&bytes, MARKER),
        Err(DecodeError::Trailing(bytes.len() - 1))
    );
}

#[test]
fn a_claimed_length_is_not_believed() {
    let claims: [&[u8]; 8] = [
        b"\xdd\xff\xff\xff\xff",
        b"\xdf\xff\xff\xff\xff",
        b"\xdb\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
        b"\xc9\xff\xff\xff\xff\x05",
        b"\xdf\xff\xff\xff\xff\xa1a\x01",
        b"\x92\xdd\x80\0\0\0\x01\x02",
        b"\x82\xa1a\x01",
    ];
    for bytes in claims {
        assert_eq!(decode(bytes, MARKER), Err(DecodeError::Truncated), "{bytes:x?}");
    }
}

#[test]
fn refuses_what_has_no_meaning() {
    assert_eq!(decode(b"\x91\xc1", MARKER), Err(DecodeError::InvalidType(1)));
    assert_eq!(
        decode(b"\x91\xc7\x03\xff\0\0\0", MARKER),
        Err(DecodeError::InvalidTimestamp(1))
    );
    for key in [
        &b"\xc0"[..],
        b"\xc3",
        b"\x90",
        b"\x80",
        b"\xc4\x01x",
        b"\xd6\xff\0\0\0\0",
    ] {
        let bytes = [b"\x81", key, b"\x01"].concat();
        assert_eq!(
            decode(&bytes, MARKER),
            Err(DecodeError::InvalidKey(1)),
            "{key:x?}"
        );
    }
}

#[test]
fn depth_is_limited_and_costs_no_stack() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    let deepest = nested(MAX_DEPTH);
    assert_eq!(decoded(&encoded(&deepest)), deepest);
    let too_deep = encode(&nested(MAX_DEPTH + 1), NO_PARTS, MARKER);
    assert_eq!(too_deep, Err(EncodeError::Json(JsonError::TooDeep(MAX_DEPTH))));

    let arrays = vec![0x91; 1_000_000];
    assert_eq!(decode(&arrays, MARKER), Err(DecodeError::TooDeep(MAX_DEPTH)));
    let maps = b"\x81\xa1a".repeat(1_000_000);
    assert_eq!(decode(&maps, MARKER), Err(DecodeError::TooDeep(3 * MAX_DEPTH)));
    // The object that an extension becomes counts as well: the text must stay within the limit of the other side.
    let extension = [&[0x91; MAX_DEPTH][..], b"\xd4\x05\0"].concat();
    assert_eq!(decode(&extension, MARKER), Err(DecodeError::TooDeep(MAX_DEPTH)));
    assert!(encode(&decode(&extension[1..], MARKER).unwrap().json, &[b"\0"], MARKER).is_ok());
}
