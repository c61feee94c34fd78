//! What must hold for all values, and for all bytes.

use proptest::prelude::*;
use serde_json::Value;

use super::MARKER;
use crate::wire::json::Scanner;
use crate::wire::msgpack::{decode, encode, Decoded};

const PARTS: usize = 3;

/// Any JSON value; some of its strings stand for binary parts.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-(1_i64 << 53) + 1..1 << 53).prop_map(Value::from),
        (-300_i64..300).prop_map(Value::from),
        // Eighths: with others serde_json, which the values are compared by, rounds in another way.
        any::<i32>().prop_map(|eighths| Value::from(f64::from(eighths) / 8.0 + 0.0625)),
        any::<String>().prop_map(Value::from),
        "[a-z]{0,300}".prop_map(Value::from),
        (0..PARTS).prop_map(|index| Value::from(format!("{MARKER}{index}"))),
    ];
    leaf.prop_recursive(6, 100, 20, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..20).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..20)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Bytes that look more like msgpack than random ones: many containers, few long claims.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => any::<u8>().prop_map(|byte| vec![byte]),
        4 => (0x80_u8..0xa8).prop_map(|byte| vec![byte]),
        2 => (0xc0_u8..0xe0, 0..3_u8).prop_map(|(kind, low)| vec![kind, low]),
        2 => (0xc5_u8..0xe0, 0..3_u8).prop_map(|(kind, low)| vec![kind, 0, low]),
        1 => Just(vec![0xa3, 0xed, 0xa0, 0x80]),
        1 => Just(vec![0xd6, 0xff, 1, 2, 3, 4]),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// The value with the contents of its binary parts in place of their indices.
fn resolved(value: Value, part: &impl Fn(usize) -> Vec<u8>) -> Value {
    match value {
        Value::String(text) => match text.strip_prefix(MARKER) {
            Some(index) => Value::from(format!("binary {:?}", part(index.parse().unwrap()))),
            None => Value::String(text),
        },
        Value::Array(items) => items.into_iter().map(|item| resolved(item, part)).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, member)| (name, resolved(member, part)))
            .collect(),
        other => other,
    }
}

proptest! {
    #[test]
    fn a_value_comes_back(value in value(), parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), PARTS)) {
        let bytes = encode(&value.to_string(), &parts, MARKER).unwrap();
        let decoded = decode(&bytes, MARKER).unwrap();
        let value_decoded: Value = serde_json::from_str(&decoded.json).unwrap();
        prop_assert_eq!(
            resolved(value_decoded, &|index| bytes[decoded.parts[index].clone()].to_vec()),
            resolved(value, &|index| parts[index].clone())
        );
    }

    #[test]
    fn a_double_comes_back(bits in any::<u64>()) {
        let float = f64::from_bits(bits);
        prop_assume!(float.is_finite());
        let bytes = [&[0xcb][..], &float.to_be_bytes()].concat();
        let json = decode(&bytes, MARKER).unwrap().json;
        prop_assert_eq!(json.parse::<f64>().unwrap().to_bits(), bits);
        let bytes = encode(&format!("{float:e}"), &[[0_u8; 0]], MARKER).unwrap();
        let json = decode(&bytes, MARKER).unwrap().json;
        // Adding 0 makes 0 of -0, as the package does.
        prop_assert_eq!(json.parse::<f64>().unwrap().to_bits(), (float + 0.0).to_bits());
    }

    #[test]
    fn an_integer_keeps_its_digits(unsigned in any::<u64>(), signed in any::<i64>()) {
        let bytes = [&[0x92, 0xcf][..], &unsigned.to_be_bytes(), &[0xd3], &signed.to_be_bytes()].concat();
        prop_assert_eq!(decode(&bytes, MARKER).unwrap().json, format!("[{unsigned},{signed}]"));
    }

    #[test]
    fn any_bytes_decode_to_json_of_bounded_length_or_not_at_all(bytes in bytes()) {
        if let Ok(Decoded { json, parts }) = decode(&bytes, MARKER) {
            let mut scanner = Scanner::new(&json);
            prop_assert_eq!(scanner.skip_value(), Ok(()));
            prop_assert_eq!(scanner.finish(), Ok(()));
            // The marker has 8 characters, one of them six times as long when escaped.
            prop_assert!(json.len() <= 24 * bytes.len(), "{}", json);
            prop_assert!(parts.iter().all(|part| part.start <= part.end && part.end <= bytes.len()));
        }
    }

    #[test]
    fn what_was_decoded_encodes_and_decodes_to_itself(bytes in bytes()) {
        if let Ok(Decoded { json, parts }) = decode(&bytes, MARKER) {
            let contents: Vec<_> = parts.into_iter().map(|part| &bytes[part]).collect();
            // Only the sign of zero and digits beyond the precision of a double may get lost.
            let once = decode(&encode(&json, &contents, MARKER).unwrap(), MARKER).unwrap().json;
            let twice = decode(&encode(&once, &contents, MARKER).unwrap(), MARKER).unwrap().json;
            prop_assert_eq!(&once, &twice);
            if !json.contains("-0") && !json.contains(|digit: char| digit.is_ascii_digit()) {
                prop_assert_eq!(json, once);
            }
        }
    }
}
