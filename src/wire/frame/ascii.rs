//! Bytes as ASCII text without NUL, which a notification can hold in every encoding of a database: seven bits in a
//! character, hence about one character in seven more than bytes. Base64 would add one in three.
//!
//! Seven bytes become eight characters of seven bits, the first bits first; the last group may be shorter. Of the 128
//! characters NUL must not occur: an escape character and another one stand for it, and for the escape character.

const ESCAPE: u8 = 0x7f;
const ESCAPED_NUL: u8 = 1;
const ESCAPED_ESCAPE: u8 = 2;

const LOW_BITS: u64 = 0x0101_0101_0101_0101;
const HIGH_BITS: u64 = 0x8080_8080_8080_8080;
const ESCAPES: u64 = 0x7f7f_7f7f_7f7f_7f7f;

/// Writes bytes as text.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    let mut text = Vec::with_capacity(bytes.len() + bytes.len() / 6 + 8);
    for chunk in bytes.chunks(7) {
        let mut group = [0; 8];
        group[1..=chunk.len()].copy_from_slice(chunk);
        let septets = spread(u64::from_be_bytes(group));
        let used = &septets.to_be_bytes()[..=chunk.len()];
        if has_zero(septets) || has_zero(septets ^ ESCAPES) {
            for septet in used {
                push(&mut text, *septet);
            }
        } else {
            text.extend_from_slice(used);
        }
    }
    // It is ASCII, hence UTF-8.
    String::from_utf8(text).unwrap_or_default()
}

/// Reads what [`encode`] wrote; none if it did not.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 8 * 7 + 8);
    let mut rest = text.as_bytes();
    loop {
        if let Some((eight, after)) = rest.split_first_chunk::<8>() {
            let septets = u64::from_be_bytes(*eight);
            if septets & HIGH_BITS == 0 && !has_zero(septets ^ ESCAPES) {
                bytes.extend_from_slice(&gather(septets).to_be_bytes()[1..]);
                rest = after;
                continue;
            }
        }
        let (group, count, after) = next_group(rest)?;
        rest = after;
        match count {
            0 => return Some(bytes),
            // Seven bits are no byte.
            1 => return None,
            _ => bytes.extend_from_slice(&gather(u64::from_be_bytes(group)).to_be_bytes()[1..count]),
        }
    }
}

/// Up to eight times seven bits, how many they are, and what follows.
fn next_group(mut rest: &[u8]) -> Option<([u8; 8], usize, &[u8])> {
    let mut group = [0; 8];
    let mut count = 0;
    for septet in &mut group {
        if rest.is_empty() {
            break;
        }
        (*septet, rest) = next(rest)?;
        count += 1;
    }
    Some((group, count, rest))
}

fn next(text: &[u8]) -> Option<(u8, &[u8])> {
    match text {
        [ESCAPE, ESCAPED_NUL, rest @ ..] => Some((0, rest)),
        [ESCAPE, ESCAPED_ESCAPE, rest @ ..] => Some((ESCAPE, rest)),
        [septet @ ..ESCAPE, rest @ ..] => Some((*septet, rest)),
        _ => None,
    }
}

fn push(text: &mut Vec<u8>, septet: u8) {
    match septet {
        0 => text.extend_from_slice(&[ESCAPE, ESCAPED_NUL]),
        ESCAPE => text.extend_from_slice(&[ESCAPE, ESCAPED_ESCAPE]),
        septet => text.push(septet),
    }
}

/// From the lower 56 bits to eight bytes of seven bits each.
fn spread(bits: u64) -> u64 {
    let bits = (bits & 0x0000_0000_0fff_ffff) | ((bits & 0x00ff_ffff_f000_0000) << 4);
    let bits = (bits & 0x0000_3fff_0000_3fff) | ((bits & 0x0fff_c000_0fff_c000) << 2);
    (bits & 0x007f_007f_007f_007f) | ((bits & 0x3f80_3f80_3f80_3f80) << 1)
}

/// From eight bytes of seven bits each to 56 bits.
fn gather(septets: u64) -> u64 {
    let bits = (septets & 0x007f_007f_007f_007f) | ((septets & 0x7f00_7f00_7f00_7f00) >> 1);
    let bits = (bits & 0x0000_3fff_0000_3fff) | ((bits & 0x3fff_0000_3fff_0000) >> 2);
    (bits & 0x0000_0000_0fff_ffff) | ((bits & 0x0fff_ffff_0000_0000) >> 4)
}

/// Whether any of the eight bytes, none of them above 127, is zero.
fn has_zero(bytes: u64) -> bool {
    bytes.wrapping_sub(LOW_BITS) & !bytes & HIGH_BITS != 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn takes_a_seventh_more() {
        let bytes: Vec<u8> = (0..7000_u32).map(|n| (n * 31 % 251) as u8).collect();
        let length = encode(&bytes).len();
        assert!((8000..8200).contains(&length), "{length}");
        assert_eq!(encode(&[]), "");
        assert_eq!(encode(&[0xff]), "\u{7f}\u{2}@");
        assert_eq!(encode(&[0]), "\u{7f}\u{1}\u{7f}\u{1}");
    }

    #[test]
    fn refuses_what_was_not_written() {
        for wrong in [
            "a",
            "\u{7f}",
            "\u{7f}a",
            "aaaaaaa\u{7f}",
            "aaaaaaaé",
            "aaaaaaaaa",
            "\0\u{80}",
        ] {
            assert_eq!(decode(wrong), None, "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn comes_back(bytes in prop::collection::vec(prop_oneof![Just(0_u8), Just(255), any::<u8>()], 0..100)) {
            let text = encode(&bytes);
            prop_assert!(text.is_ascii() && !text.contains('\0'));
            prop_assert_eq!(decode(&text), Some(bytes));
        }

        #[test]
        fn garbage_is_refused_or_read(text in "[\\x01-\\x7fé]{0,40}") {
            let _ = decode(&text);
        }
    }
}
