//! Comparison with what `@msgpack/msgpack` wrote and read (`scripts/record-msgpack-fixtures.js`).

use serde::Deserialize;

use crate::wire::msgpack::{decode, encode};

#[derive(Deserialize)]
struct File {
    package: String,
    marker: String,
    fixtures: Vec<Fixture>,
    headers: Vec<Header>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fixture {
    name: String,
    json: Option<String>,
    #[serde(default)]
    parts: Vec<String>,
    msgpack: String,
    decoded_json: String,
    decoded_parts: Vec<String>,
}

#[derive(Deserialize)]
struct Header {
    kind: String,
    length: usize,
    start: String,
}

/// Where our text is another one than that of `JSON.stringify` after the package has decoded.
const DIFFERENT_TEXT: [(&str, &str); 5] = [
    // Same values for JSON.parse:
    ("largest uint 64", "18446744073709551615"),
    ("least int 64", "-9223372036854775808"),
    ("a key twice", r#"{"a":1,"a":2}"#),
    ("surrogates one by one", r#""\ud83d\ude00""#),
    // JSON.stringify loses the sign that the decoded value has.
    ("float 64 of -0", "-0"),
];

fn file() -> File {
    serde_json::from_str(include_str!("../../../../tests/fixtures/msgpack.json")).unwrap()
}

fn unhex(digits: &str) -> Vec<u8> {
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(byte).collect()
}

fn unhex_all(parts: &[String]) -> Vec<Vec<u8>> {
    parts.iter().map(|part| unhex(part)).collect()
}

#[test]
fn is_of_the_version_that_the_javascript_packages_use() {
    let File {
        package, fixtures, ..
    } = file();
    assert!(package.starts_with("@msgpack/msgpack 2.8."), "{package}");
    assert!(fixtures.len() > 100);
}

#[test]
fn writes_the_same_bytes() {
    let File { marker, fixtures, .. } = file();
    let written: Vec<_> = fixtures
        .iter()
        .filter_map(|fixture| Some((fixture, fixture.json.as_ref()?)))
        .collect();
    assert!(written.len() > 50);
    for (fixture, json) in written {
        let bytes = encode(json, &unhex_all(&fixture.parts), &marker).unwrap();
        assert_eq!(bytes, unhex(&fixture.msgpack), "{}", fixture.name);
    }
}

#[test]
fn reads_the_same_values() {
    let File { marker, fixtures, .. } = file();
    let mut different = 0;
    for fixture in &fixtures {
        let bytes = unhex(&fixture.msgpack);
        let decoded = decode(&bytes, &marker).unwrap();
        let exception = DIFFERENT_TEXT.iter().find(|(name, _)| *name == fixture.name);
        different += usize::from(exception.is_some());
        let expected = exception.map_or(fixture.decoded_json.as_str(), |(_, text)| text);
        assert_eq!(decoded.json, expected, "{}", fixture.name);
        let parts: Vec<_> = decoded
            .parts
            .into_iter()
            .map(|range| bytes[range].to_vec())
            .collect();
        assert_eq!(parts, unhex_all(&fixture.decoded_parts), "{}", fixture.name);
    }
    assert_eq!(different, DIFFERENT_TEXT.len());
}

#[test]
fn writes_the_same_headers_for_large_values() {
    let File { marker, headers, .. } = file();
    assert_eq!(headers.len(), 8);
    for Header { kind, length, start } in headers {
        let items = |item: &dyn Fn(usize) -> String| (0..length).map(item).collect::<Vec<_>>().join(",");
        let json = match kind.as_str() {
            "string" => format!("\"{}\"", "7".repeat(length)),
            "binary" => serde_json::to_string(&format!("{marker}0")).unwrap(),
            "array" => format!("[{}]", items(&|_| "7".to_owned())),
            "object" => format!("{{{}}}", items(&|index| format!("\"{index}\":7"))),
            other => panic!("unknown kind {other}"),
        };
        let bytes = encode(&json, &[vec![7; length]], &marker).unwrap();
        assert_eq!(bytes[..8], unhex(&start), "{kind} of {length}");
        assert_eq!(decode(&bytes, &marker).unwrap().json, json, "{kind} of {length}");
    }
}
