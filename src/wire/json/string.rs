//! Strings of a JSON text: reading and writing escapes.

use std::borrow::Cow;
use std::fmt::Write;

/// What stands between the quotes of a string, its escapes unresolved. They are known to be well-formed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawStr<'a> {
    raw: &'a str,
    escaped: bool,
}

impl<'a> RawStr<'a> {
    /// `raw` must be the inside of a valid JSON string; `escaped` tells whether it holds a backslash.
    pub(super) fn new(raw: &'a str, escaped: bool) -> Self {
        Self { raw, escaped }
    }

    /// The text as it stands between the quotes.
    #[must_use]
    pub fn raw(self) -> &'a str {
        self.raw
    }

    /// The string; none when it holds a lone surrogate, which JavaScript allows and Rust does not.
    #[must_use]
    pub fn decode(self) -> Option<Cow<'a, str>> {
        match self.wtf8() {
            Cow::Borrowed(_) => Some(Cow::Borrowed(self.raw)),
            Cow::Owned(bytes) => String::from_utf8(bytes).ok().map(Cow::Owned),
        }
    }

    /// The string in UTF-8, a lone surrogate as the three bytes that the pattern of UTF-8 gives (known as WTF-8).
    #[must_use]
    pub fn wtf8(self) -> Cow<'a, [u8]> {
        if !self.escaped {
            return Cow::Borrowed(self.raw.as_bytes());
        }
        let mut bytes = Vec::with_capacity(self.raw.len());
        let mut rest = self.raw;
        while let Some((plain, escape)) = rest.split_once('\\') {
            bytes.extend_from_slice(plain.as_bytes());
            rest = resolve_escape(escape, &mut bytes);
        }
        bytes.extend_from_slice(rest.as_bytes());
        Cow::Owned(bytes)
    }
}

/// Resolves the escape whose backslash stood before `text`; returns what follows it.
fn resolve_escape<'a>(text: &'a str, bytes: &mut Vec<u8>) -> &'a str {
    let mut characters = text.chars();
    let Some(kind) = characters.next() else {
        return text;
    };
    let rest = characters.as_str();
    let character = match kind {
        'u' => return resolve_unicode_escape(rest, bytes),
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        itself => itself,
    };
    push_char(bytes, character);
    rest
}

fn resolve_unicode_escape<'a>(text: &'a str, bytes: &mut Vec<u8>) -> &'a str {
    let Some((first, rest)) = code_unit(text) else {
        return text;
    };
    let pair = rest
        .strip_prefix("\\u")
        .and_then(code_unit)
        .and_then(|(second, rest)| {
            let character = char::decode_utf16([first, second]).next()?.ok()?;
            (character.len_utf16() == 2).then_some((character, rest))
        });
    if let Some((character, rest)) = pair {
        push_char(bytes, character);
        return rest;
    }
    match char::from_u32(first.into()) {
        Some(character) => push_char(bytes, character),
        None => bytes.extend_from_slice(&surrogate_bytes(first)),
    }
    rest
}

/// Four hexadecimal digits and what follows them.
fn code_unit(text: &str) -> Option<(u16, &str)> {
    let (digits, rest) = text.split_at_checked(4)?;
    Some((u16::from_str_radix(digits, 16).ok()?, rest))
}

fn push_char(bytes: &mut Vec<u8>, character: char) {
    bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}

fn surrogate_bytes(unit: u16) -> [u8; 3] {
    let [high, low] = unit.to_be_bytes();
    [
        0xe0 | high >> 4,
        0x80 | (high & 0x0f) << 2 | low >> 6,
        0x80 | low & 0x3f,
    ]
}

/// How many bytes from the start of `bytes` stand for themselves in a string: the place of the first quote, backslash
/// or control character.
///
/// Strings are most of a message, so that this looks at eight bytes at a time.
pub(super) fn plain_run(bytes: &[u8]) -> usize {
    let mut run = 0;
    while let Some(word) = bytes.get(run..run + 8).and_then(|word| word.try_into().ok()) {
        let specials = special_bytes(u64::from_le_bytes(word));
        if specials != 0 {
            return run + specials.trailing_zeros() as usize / 8;
        }
        run += 8;
    }
    let is_plain = |&&byte: &&u8| byte >= b' ' && byte != b'"' && byte != b'\\';
    run + bytes
        .get(run..)
        .unwrap_or_default()
        .iter()
        .take_while(is_plain)
        .count()
}

/// Sets the highest bit of the bytes of `word` that are special. Only the lowest byte so marked is certain, as the
/// subtractions below borrow from the bytes above; nobody asks for the others.
fn special_bytes(word: u64) -> u64 {
    const LOWEST_BITS: u64 = 0x0101_0101_0101_0101;
    const HIGHEST_BITS: u64 = LOWEST_BITS << 7;
    let all = |byte: u8| LOWEST_BITS * u64::from(byte);
    // A byte below another one (up to 128) is what gets its highest bit by the subtraction.
    let below = |word: u64, limit: u8| word.wrapping_sub(all(limit)) & !word;
    let equal = |byte: u8| below(word ^ all(byte), 1);
    (below(word, b' ') | equal(b'"') | equal(b'\\')) & HIGHEST_BITS
}

/// Appends `text` as a JSON string, quotes included, byte for byte as `JSON.stringify` writes it.
pub fn push_string(out: &mut String, text: &str) {
    out.push('"');
    push_escaped(out, text);
    out.push('"');
}

/// Appends `text` as it stands between the quotes of a JSON string.
pub fn push_escaped(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some((plain, special)) = rest.split_at_checked(plain_run(rest.as_bytes())) {
        out.push_str(plain);
        let mut characters = special.chars();
        let Some(character) = characters.next() else {
            return;
        };
        push_escape(out, character);
        rest = characters.as_str();
    }
}

fn push_escape(out: &mut String, character: char) {
    match character {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        // Writing to a String cannot fail.
        other => {
            let _ = write!(out, "\\u{:04x}", u32::from(other));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> RawStr<'_> {
        RawStr::new(text, text.contains('\\'))
    }

    #[test]
    fn borrows_what_has_no_escapes() {
        assert!(matches!(
            raw("grüße 😀").decode(),
            Some(Cow::Borrowed("grüße 😀"))
        ));
    }

    #[test]
    fn resolves_every_escape() {
        assert_eq!(
            raw(r#"a\"\\\/\b\f\n\r\tz"#).decode().unwrap(),
            "a\"\\/\u{8}\u{c}\n\r\tz"
        );
        assert_eq!(raw(r"\u0000\u0041\u00e9\u20AC").decode().unwrap(), "\0Aé€");
        assert_eq!(raw(r"\ud83d\ude00!\uD83D\uDE00").decode().unwrap(), "😀!😀");
    }

    #[test]
    fn keeps_lone_surrogates_as_bytes() {
        for (text, bytes) in [
            (r"\ud800", &b"\xed\xa0\x80"[..]),
            (r"a\udfffb", b"a\xed\xbf\xbfb"),
            (r"\ude00\ud83d", b"\xed\xb8\x80\xed\xa0\xbd"),
            (r"\ud83d\ud83d\ude00", b"\xed\xa0\xbd\xf0\x9f\x98\x80"),
            (r"\ud83dude00", b"\xed\xa0\xbdude00"),
            (r"\ud83d\n", b"\xed\xa0\xbd\n"),
        ] {
            assert_eq!(*raw(text).wtf8(), *bytes, "{text}");
            assert_eq!(raw(text).decode(), None, "{text}");
        }
    }

    #[test]
    fn writes_as_json_stringify_does() {
        let mut out = String::new();
        push_string(&mut out, "a\"b\\c/\u{8}\t\n\u{c}\r\0\u{1f}\u{7f}é😀\u{2028}");
        assert_eq!(
            out,
            "\"a\\\"b\\\\c/\\b\\t\\n\\f\\r\\u0000\\u001f\u{7f}é😀\u{2028}\""
        );
    }
}
