//! The name of the channel of a namespace.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// The most bytes that PostgreSQL takes as the name of a channel.
pub const MAX_CHANNEL_BYTES: usize = 63;

/// Stands between the readable start of a shortened name and its hash.
const HASH_SEPARATOR: char = '~';
/// Of the SHA-256: 128 bits, far more than anyone can search for a collision.
const HASH_BYTES: usize = 16;
/// The separator and two digits for each byte.
const SUFFIX_BYTES: usize = 1 + 2 * HASH_BYTES;
const MAX_START_BYTES: usize = MAX_CHANNEL_BYTES - SUFFIX_BYTES;

/// Why a namespace has no channel.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
pub enum ChannelError {
    /// PostgreSQL has no strings that hold this character.
    #[error("a channel name cannot contain the NUL character")]
    Nul,
}

/// The channel for the namespace `nsp`: `prefix#nsp`, or where that is too long its start, a `~`, and the start of its
/// SHA-256 in 32 hexadecimal digits.
///
/// Different namespaces have different channels, even when a client picks the name of a namespace to be just the
/// shortened name of another: a name that looks shortened is shortened again.
///
/// # Errors
/// The prefix or the namespace contains a NUL character.
pub fn channel_name(prefix: &str, nsp: &str) -> Result<String, ChannelError> {
    let name = format!("{prefix}#{nsp}");
    if name.contains('\0') {
        return Err(ChannelError::Nul);
    }
    if name.len() > MAX_CHANNEL_BYTES || looks_shortened(&name) {
        let hash = Sha256::digest(&name);
        return Ok(shortened(name, &hash));
    }
    Ok(name)
}

/// The channel for the frames of all namespaces: a shortened name, with a hash that no namespace has.
///
/// # Errors
/// The prefix contains a NUL character.
pub fn frame_channel_name(prefix: &str) -> Result<String, ChannelError> {
    if prefix.contains('\0') {
        return Err(ChannelError::Nul);
    }
    // No namespace has such a name, so none has this hash.
    let hash = Sha256::digest(format!("{prefix}\0frames"));
    let filler = "-".repeat(MAX_START_BYTES);
    Ok(shortened(format!("{prefix}#frames{filler}"), &hash))
}

fn looks_shortened(name: &str) -> bool {
    // A shortened name has this many bytes, but for up to three that a cut at a character boundary can cost.
    let long_enough = name.len() + 3 >= MAX_CHANNEL_BYTES;
    let is_hash = |text: &str| {
        text.len() == 2 * HASH_BYTES && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    long_enough
        && name
            .rsplit_once(HASH_SEPARATOR)
            .is_some_and(|(_, hash)| is_hash(hash))
}

fn shortened(mut name: String, hash: &[u8]) -> String {
    let mut end = MAX_START_BYTES.min(name.len());
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.truncate(end);
    name.push(HASH_SEPARATOR);
    for byte in hash.iter().take(HASH_BYTES) {
        // Writing to a String cannot fail.
        let _ = write!(name, "{byte:02x}");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn name(nsp: &str) -> String {
        channel_name("socket.io", nsp).unwrap()
    }

    #[test]
    fn short_names_are_those_of_the_javascript_adapter() {
        assert_eq!(name("/"), "socket.io#/");
        assert_eq!(channel_name("", "").unwrap(), "#");
        let just_fits = "n".repeat(MAX_CHANNEL_BYTES - "socket.io#".len());
        assert_eq!(name(&just_fits), format!("socket.io#{just_fits}"));
    }

    #[test]
    fn long_names_end_in_their_hash() {
        // printf %s 'socket.io#/nnn…' | sha256sum
        let long = format!("/{}", "n".repeat(53));
        assert_eq!(
            name(&long),
            "socket.io#/nnnnnnnnnnnnnnnnnnn~486a164cd026a2d22ebac5888effde0e"
        );
    }

    #[test]
    fn cuts_between_characters() {
        for shift in 0..4 {
            let nsp = format!("/{}{}", "n".repeat(shift), "😀".repeat(20));
            let channel = name(&nsp);
            let (start, _) = channel.rsplit_once('~').unwrap();
            assert!(format!("socket.io#{nsp}").starts_with(start), "{channel}");
            assert!((60..=MAX_CHANNEL_BYTES).contains(&channel.len()), "{channel}");
        }
    }

    #[test]
    fn a_namespace_cannot_take_the_channel_of_another() {
        for tail in 0..4 {
            let long = name(&format!("/{}{}", "n".repeat(tail), "😀".repeat(20)));
            let forged = long.strip_prefix("socket.io#").unwrap();
            assert_ne!(name(forged), long);
        }
    }

    #[test]
    fn only_the_shape_of_a_shortened_name_is_shortened_again() {
        for nsp in [
            format!("/{}~{}", "n".repeat(15), "0".repeat(32)),
            format!("/{}~{}", "n".repeat(19), "G".repeat(32)),
        ] {
            assert_eq!(name(&nsp), format!("socket.io#{nsp}"));
        }
    }

    #[test]
    fn frames_have_a_channel_of_their_own() {
        let channel = frame_channel_name("socket.io").unwrap();
        assert!(channel.starts_with("socket.io#frames-"), "{channel}");
        assert_ne!(frame_channel_name("socket").unwrap(), channel);
        assert!(frame_channel_name(&"p".repeat(100)).unwrap().len() <= MAX_CHANNEL_BYTES);
        // A namespace that is called the same gets another channel.
        let forged = channel.strip_prefix("socket.io#").unwrap();
        assert_ne!(name(forged), channel);
        let long = frame_channel_name("socket.io-with-a-longer").unwrap();
        let forged = long.strip_prefix("socket.io-with-a-longer#").unwrap();
        assert_ne!(channel_name("socket.io-with-a-longer", forged).unwrap(), long);
    }

    #[test]
    fn refuses_nul() {
        assert_eq!(frame_channel_name("\0"), Err(ChannelError::Nul));
        assert_eq!(channel_name("a", "/\0"), Err(ChannelError::Nul));
        assert_eq!(channel_name("\0", "/"), Err(ChannelError::Nul));
    }

    proptest! {
        #[test]
        fn fits_and_stays_distinct(prefix in "[^\0]{0,20}", one in "[^\0]{0,60}", other in "[^\0]{0,60}") {
            let first = channel_name(&prefix, &one).unwrap();
            let second = channel_name(&prefix, &other).unwrap();
            prop_assert!(first.len() <= MAX_CHANNEL_BYTES);
            prop_assert_eq!(first == second, one == other);
        }

        #[test]
        fn a_common_start_does_not_make_one_channel(start in "[^\0]{60,80}", one in "[a-c]{0,3}", other in "[a-c]{0,3}") {
            let first = channel_name("p", &format!("{start}{one}")).unwrap();
            let second = channel_name("p", &format!("{start}{other}")).unwrap();
            prop_assert_eq!(first == second, one == other);
        }
    }
}
