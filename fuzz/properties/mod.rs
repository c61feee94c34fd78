//! What must hold for any input, whoever wrote it. The fuzz targets look for an input for which it does not; a test of
//! the main package (`tests/fuzz_seeds.rs`) replays the interesting ones.

mod certificate;
mod channel_name;
mod envelope;
mod frame;
mod login;
mod msgpack;

pub use certificate::certificate;
pub use channel_name::channel_name;
pub use envelope::envelope;
pub use frame::frame;
pub use login::login;
pub use msgpack::{msgpack_decode, msgpack_encode};

use serde::de::IgnoredAny;
use serde_json::Value;
use socketio_postgres_adapter::wire::MAX_DEPTH;

/// More levels than this `serde_json` does not read.
const MAX_COMPARED_DEPTH: usize = 120;

/// The value, where `serde_json` can read it: not with lone surrogates, and not with numbers beyond the doubles.
fn value_of(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok()
}

/// What another parser says: whether the text is one JSON value. None where it cannot tell.
fn is_json(text: &str) -> Option<bool> {
    (depth(text) <= MAX_COMPARED_DEPTH).then(|| serde_json::from_str::<IgnoredAny>(text).is_ok())
}

/// Whether a JSON text is nested deeper than it may be.
fn is_too_deep(text: &str) -> bool {
    depth(text) > MAX_DEPTH
}

/// How many arrays and objects are open at most, if the text is JSON; more or less than that if it is not.
fn depth(text: &str) -> usize {
    let (mut depth, mut most) = (0_usize, 0);
    let (mut in_string, mut escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        most = most.max(depth);
    }
    most
}

/// The first number of the input, and the rest of it.
fn split_at_first_byte(data: &[u8]) -> (usize, &[u8]) {
    match data.split_first() {
        Some((first, rest)) => (usize::from(*first), rest),
        None => (0, data),
    }
}
