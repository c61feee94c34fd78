use proptest::prelude::*;
use serde::de::IgnoredAny;

use super::*;

fn check(text: &str) -> Result<(), JsonError> {
    let mut scanner = Scanner::new(text);
    scanner.skip_value()?;
    scanner.finish()
}

#[test]
fn accepts_what_json_parse_accepts() {
    for text in [
        "null",
        " \t\r\n[ ] ",
        "{}",
        r#"{"a":1,"a":[true,false,{"":""}]}"#,
        "-0",
        "0.0",
        "-1.5e+10",
        "1E-7",
        "1e999",
        "\"\u{7f}\u{2028}é😀\"",
        r#""\"\\\/\b\f\n\r\t\u0000\uD83d\ude00""#,
        r#""\ud800""#,
        r#"{"\udc00":"\udc00\ud800"}"#,
    ] {
        assert_eq!(check(text), Ok(()), "{text}");
    }
}

#[test]
fn refuses_what_json_parse_refuses() {
    use JsonError::{Trailing, Truncated, Unexpected};
    for (text, error) in [
        ("", Truncated),
        ("  ", Truncated),
        ("[", Truncated),
        ("[1,", Truncated),
        ("{\"a\"", Truncated),
        ("{\"a\":", Truncated),
        ("tru", Truncated),
        ("-", Truncated),
        ("1.", Truncated),
        ("1e", Truncated),
        ("1e+", Truncated),
        ("\"", Truncated),
        ("\"\\", Truncated),
        ("\"\\u12", Truncated),
        ("[,]", Unexpected(1)),
        ("[1,]", Unexpected(3)),
        ("[1 2]", Unexpected(3)),
        ("[1}", Unexpected(2)),
        ("{\"a\":1]", Unexpected(6)),
        ("{\"a\":1,}", Unexpected(7)),
        ("{\"a\" 1}", Unexpected(5)),
        ("{\"a\",1}", Unexpected(4)),
        ("{a:1}", Unexpected(1)),
        ("{1:1}", Unexpected(1)),
        ("]", Unexpected(0)),
        ("+1", Unexpected(0)),
        (".5", Unexpected(0)),
        ("-a", Unexpected(1)),
        ("1.e1", Unexpected(2)),
        ("trux", Unexpected(3)),
        ("True", Unexpected(0)),
        ("NaN", Unexpected(0)),
        ("'a'", Unexpected(0)),
        ("\"\n\"", Unexpected(1)),
        ("\"0123456789abcdef\u{1}\"", Unexpected(17)),
        ("\"\\x\"", Unexpected(2)),
        ("\"\\u12g4\"", Unexpected(5)),
        ("\u{feff}1", Unexpected(0)),
        ("\u{a0}1", Unexpected(0)),
        ("\u{b}1", Unexpected(0)),
        ("/**/1", Unexpected(0)),
        ("01", Trailing(1)),
        ("1 2", Trailing(2)),
        ("{}{}", Trailing(2)),
        ("[]]", Trailing(2)),
        ("null\0", Trailing(4)),
    ] {
        assert_eq!(check(text), Err(error), "{text}");
    }
}

#[test]
fn depth_is_limited_and_costs_no_stack() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert_eq!(check(&nested(MAX_DEPTH)), Ok(()));
    assert_eq!(check(&nested(MAX_DEPTH + 1)), Err(JsonError::TooDeep(MAX_DEPTH)));
    assert_eq!(check(&"[".repeat(10_000_000)), Err(JsonError::TooDeep(MAX_DEPTH)));
    assert_eq!(
        check(&"{\"a\":".repeat(1_000_000)),
        Err(JsonError::TooDeep(5 * MAX_DEPTH))
    );
    // Depth, not the number of containers.
    assert_eq!(check(&format!("[{}[]]", "[[]],".repeat(10_000))), Ok(()));
}

#[test]
fn reports_tokens_in_order() {
    let mut scanner = Scanner::new(r#"{"a":[1.5e3,"x"],"b":{},"c":null}"#);
    let mut names = Vec::new();
    assert_eq!(scanner.expect_token(), Ok(Token::BeginObject));
    while let Some(name) = scanner.next_key().unwrap() {
        names.push(name.decode().unwrap());
        if name.raw() == "a" {
            assert_eq!(scanner.expect_token(), Ok(Token::BeginArray));
            assert_eq!(scanner.expect_token(), Ok(Token::Number("1.5e3")));
            assert!(matches!(scanner.expect_token(), Ok(Token::String(text)) if text.raw() == "x"));
            assert_eq!(scanner.expect_token(), Ok(Token::EndArray));
        } else {
            scanner.skip_value().unwrap();
        }
    }
    assert_eq!(names, ["a", "b", "c"]);
    assert_eq!(scanner.next_token(), Ok(None));
    assert_eq!(scanner.next_token(), Ok(None));
}

proptest! {
    /// serde_json, reading without building anything, draws the line at the same place.
    #[test]
    fn agrees_with_serde_json(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..12)) {
        let text = pieces.concat();
        let expected = serde_json::from_str::<IgnoredAny>(&text).is_ok();
        prop_assert_eq!(check(&text).is_ok(), expected, "{}", text);
    }

    #[test]
    fn agrees_with_serde_json_on_damaged_text(text in valid(), at in any::<prop::sample::Index>(), byte in prop::sample::select(&b"[]{},:\"\\01-.eEtu \n\0"[..])) {
        prop_assert_eq!(check(&text), Ok(()));
        let mut bytes = text.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(damaged) = String::from_utf8(bytes) {
            let expected = serde_json::from_str::<IgnoredAny>(&damaged).is_ok();
            prop_assert_eq!(check(&damaged).is_ok(), expected, "{}", damaged);
        }
    }

    #[test]
    fn strings_are_written_and_read_like_serde_json(text in any::<String>()) {
        let mut written = String::new();
        push_string(&mut written, &text);
        prop_assert_eq!(&written, &serde_json::to_string(&text).unwrap());
        let mut scanner = Scanner::new(&written);
        let Ok(Token::String(read)) = scanner.expect_token() else {
            return Err(TestCaseError::fail("no string"));
        };
        prop_assert_eq!(read.decode().unwrap(), text);
    }
}

const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"a\"",
    "\"",
    "\\u00e9",
    "\\",
    "0",
    "1",
    "12",
    "-",
    ".",
    "e",
    "E+",
    "true",
    "null",
    " ",
    "\n",
    "\u{1}",
    "é",
    "{\"k\":",
    "[1,",
    "\"\\ud800\"",
];

fn valid() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<f64>()
            .prop_filter("JSON has finite numbers only", |float| float.is_finite())
            .prop_map(|float| format!("{float:e}")),
        any::<i64>().prop_map(|integer| integer.to_string()),
        any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(|items| format!("[{}]", items.join(" , "))),
            prop::collection::vec(inner, 0..6).prop_map(|items| {
                let members = items.iter().map(|item| format!("\"name\":{item}"));
                format!("{{{}}}", members.collect::<Vec<_>>().join(","))
            }),
        ]
    })
}
