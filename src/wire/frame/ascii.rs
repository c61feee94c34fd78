//! Bytes as ASCII text without NUL, which a notification can hold in every encoding of a database: seven bits in a
//! character, hence about 15 characters for 13 bytes. Base64 takes 17.
//!
//! Seven bytes become eight characters of seven bits, the first bits first. Fifteen such groups are a segment; the last
//! one may be shorter. As NUL must not occur, a character before each segment tells how far away the first NUL in it
//! is, and in the place of each NUL stands how far away the next one is: 127 if there is none. So no NUL takes more
//! room than any other character.

const GROUPS: usize = 15;
const SEGMENT_BYTES: usize = 7 * GROUPS;
const SEGMENT_CHARACTERS: usize = 8 * GROUPS + 1;

/// There is no further NUL in the segment.
const NO_FURTHER: u8 = 0x7f;

const LOW_BITS: u64 = 0x0101_0101_0101_0101;
const HIGH_BITS: u64 = 0x8080_8080_8080_8080;

type Segment = [u8; SEGMENT_BYTES];
type Characters = [u8; SEGMENT_CHARACTERS];

/// Writes bytes as text.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    let segments = bytes.len().div_ceil(SEGMENT_BYTES);
    let mut text = Vec::with_capacity(segments * SEGMENT_CHARACTERS);
    let mut rest = bytes;
    while let Some((segment, after)) = rest.split_first_chunk() {
        text.extend_from_slice(&write(segment));
        rest = after;
    }
    if !rest.is_empty() {
        // What fills it up has no NUL, which would be found.
        let mut segment = [0xff; SEGMENT_BYTES];
        segment[..rest.len()].copy_from_slice(rest);
        let septets = (rest.len() * 8).div_ceil(7);
        text.extend_from_slice(&write(&segment)[..=septets]);
    }
    // It is ASCII, hence UTF-8.
    String::from_utf8(text).unwrap_or_default()
}

/// Reads what [`encode`] wrote; none if it did not.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len().div_ceil(SEGMENT_CHARACTERS) * SEGMENT_BYTES);
    let mut rest = text.as_bytes();
    while let Some((characters, after)) = rest.split_first_chunk() {
        bytes.extend_from_slice(&read(*characters)?);
        rest = after;
    }
    if let Some(septets) = rest.len().checked_sub(1) {
        // Seven bits are no byte.
        if septets % 8 == 1 || septets == 0 {
            return None;
        }
        let mut characters = [0; SEGMENT_CHARACTERS];
        characters[..rest.len()].copy_from_slice(rest);
        bytes.extend_from_slice(&read(characters)?[..septets * 7 / 8]);
    }
    Some(bytes)
}

fn write(segment: &Segment) -> Characters {
    let mut characters = [0; SEGMENT_CHARACTERS];
    let mut last_nul = 0;
    for (group, seven) in segment.chunks_exact(7).enumerate() {
        let mut bits = [0; 8];
        bits[1..].copy_from_slice(seven);
        let septets = spread(u64::from_be_bytes(bits));
        let start = 1 + 8 * group;
        characters[start..start + 8].copy_from_slice(&septets.to_be_bytes());
        if has_nul(septets) {
            for place in start..start + 8 {
                if characters[place] == 0 {
                    characters[last_nul] = distance(last_nul, place);
                    last_nul = place;
                }
            }
        }
    }
    characters[last_nul] = NO_FURTHER;
    characters
}

fn distance(from: usize, to: usize) -> u8 {
    u8::try_from(to - from).unwrap_or(NO_FURTHER)
}

fn read(mut characters: Characters) -> Option<Segment> {
    let mut place = 0;
    loop {
        let link = std::mem::take(characters.get_mut(place)?);
        match link {
            NO_FURTHER => break,
            0 => return None,
            distance => place += usize::from(distance),
        }
    }
    let mut segment = [0; SEGMENT_BYTES];
    let mut beyond = 0;
    for (eight, seven) in characters[1..].chunks_exact(8).zip(segment.chunks_exact_mut(7)) {
        let septets = u64::from_be_bytes(eight.try_into().unwrap_or_default());
        beyond |= septets & HIGH_BITS;
        seven.copy_from_slice(&gather(septets).to_be_bytes()[1..]);
    }
    (beyond == 0).then_some(segment)
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
fn has_nul(bytes: u64) -> bool {
    bytes.wrapping_sub(LOW_BITS) & !bytes & HIGH_BITS != 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn takes_15_characters_for_13_bytes() {
        let bytes: Vec<u8> = (0..10_500_u32).map(|n| (n * 31 % 251) as u8).collect();
        assert_eq!(encode(&bytes).len(), 12_100);
        assert_eq!(encode(&[0; 10_500]).len(), 12_100);
        assert_eq!(encode(&[]), "");
        assert_eq!(encode(&[0xff]), "\u{7f}\u{7f}\u{7f}");
        assert_eq!(encode(&[0]), "\u{1}\u{7f}?");
        assert_eq!(encode(&[0, 0, 1]), "\u{1}\u{1}\u{1}\u{7f}\u{1f}");
    }

    #[test]
    fn refuses_what_was_not_written() {
        let segment = encode(&[7; SEGMENT_BYTES]);
        for wrong in [
            "a",
            "\u{7f}",
            "\u{7f}a",
            "\0ab",
            "\u{7f}aé",
            "\u{3}ab",
            "\u{1}\u{2}b",
            "\u{7f}aaaaaaaaa",
            &segment.replace('\u{7f}', "\u{79}"),
            &segment.replace('\u{7f}', "\0"),
            &format!("{}é", &segment[..SEGMENT_CHARACTERS - 2]),
            &format!("{segment}a"),
        ] {
            assert_eq!(decode(wrong), None, "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn comes_back(bytes in prop::collection::vec(prop_oneof![Just(0_u8), Just(255), any::<u8>()], 0..400)) {
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
