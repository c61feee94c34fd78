//! The text of a notification: a message inline, or the header of an attachment.

use super::json::push_string;
use super::message::MessageType;

/// The most bytes that PostgreSQL takes as the payload of a notification: one less than 8000.
pub const MAX_INLINE_BYTES: usize = 7999;

/// What follows the id in the header of an attachment.
pub const ATTACHMENT_HEADER_END: &str = "\"}";

/// Up to here a header names its namespace, in bytes: it leaves room for the digits of the id, for
/// [`ATTACHMENT_HEADER_END`] and for the spaces of [`distinct`].
const MAX_HEADER_START_BYTES: usize = 7900;

/// Further members of a message. Servers of other kinds ignore them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extension<'a> {
    /// Nothing more.
    None,
    /// The sender understands [`frame`](super::frame)s.
    FrameCapable {
        /// Unlike that of every other server, also of one with the same uid.
        incarnation: &'a str,
        /// How many sessions the sender had lost: its own echo tells it which answers are new.
        generation: Option<u64>,
    },
    /// Whoever understands frames has had the message already.
    FrameRepeat,
    /// The sender, and no other server of the same uid, leaves.
    Goodbye {
        /// The one that leaves.
        incarnation: &'a str,
    },
}

/// The JSON text of a message with its members in the order in which the JavaScript adapter writes them.
///
/// `data` is JSON text; without it the message has no such member.
#[must_use]
pub fn compose(
    kind: MessageType,
    data: Option<&str>,
    uid: &str,
    nsp: &str,
    extension: Extension<'_>,
) -> String {
    let mut text = String::with_capacity(data.map_or(0, str::len) + uid.len() + nsp.len() + 64);
    text.push_str("{\"type\":");
    text.push_str(&kind.code().to_string());
    if let Some(data) = data {
        text.push_str(",\"data\":");
        text.push_str(data);
    }
    push_member(&mut text, ",\"uid\":", uid);
    push_member(&mut text, ",\"nsp\":", nsp);
    match extension {
        Extension::None => {}
        Extension::FrameCapable {
            incarnation,
            generation,
        } => {
            text.push_str(",\"readsFrames\":true");
            push_member(&mut text, ",\"life\":", incarnation);
            if let Some(generation) = generation {
                text.push_str(",\"generation\":");
                text.push_str(&generation.to_string());
            }
        }
        Extension::FrameRepeat => text.push_str(",\"wasFramed\":true"),
        Extension::Goodbye { incarnation } => push_member(&mut text, ",\"life\":", incarnation),
    }
    text.push('}');
    text
}

/// The options of a broadcast to everybody, where nothing is unusual.
pub const USUAL_OPTIONS: &str = "{\"rooms\":[],\"except\":[],\"flags\":{}}";

/// The data of a broadcast of an event, as the JavaScript adapter writes it; empty options are the usual ones.
#[must_use]
pub fn broadcast_data(options: &str, event: &str) -> String {
    let options = if options.is_empty() {
        USUAL_OPTIONS
    } else {
        options
    };
    let mut data = String::with_capacity(event.len() + options.len() + 48);
    data.push_str("{\"packet\":{\"type\":2,\"data\":");
    data.push_str(event);
    data.push_str("},\"opts\":");
    data.push_str(options);
    data.push('}');
    data
}

/// Whether a message of this many bytes goes into the notification itself. With `threshold` bytes or more, or more
/// than PostgreSQL takes, it becomes an attachment.
#[must_use]
pub fn fits_inline(bytes: usize, threshold: usize) -> bool {
    bytes < threshold && bytes <= MAX_INLINE_BYTES
}

/// The header of an attachment up to its id, which the database gives: the digits and [`ATTACHMENT_HEADER_END`]
/// follow.
///
/// A namespace so long that the header would not fit into a notification is left out; receivers then take it from the
/// channel. With `was_framed`, those who understand frames need not read the attachment: they have had the message.
#[must_use]
pub fn attachment_header_start(
    uid: &str,
    kind: MessageType,
    nsp: &str,
    node_id: Option<&str>,
    was_framed: bool,
) -> String {
    let with_namespace = header_start(uid, kind, Some(nsp), node_id, was_framed);
    if with_namespace.len() <= MAX_HEADER_START_BYTES {
        return with_namespace;
    }
    header_start(uid, kind, None, node_id, was_framed)
}

fn header_start(
    uid: &str,
    kind: MessageType,
    nsp: Option<&str>,
    node_id: Option<&str>,
    was_framed: bool,
) -> String {
    let mut text = String::with_capacity(128);
    push_member(&mut text, "{\"uid\":", uid);
    text.push_str(",\"type\":");
    text.push_str(&kind.code().to_string());
    if let Some(nsp) = nsp {
        push_member(&mut text, ",\"nsp\":", nsp);
    }
    if let Some(node_id) = node_id {
        push_member(&mut text, ",\"nodeId\":", node_id);
    }
    if was_framed {
        text.push_str(",\"wasFramed\":true");
    }
    text.push_str(",\"attachmentId\":\"");
    text
}

/// The text for the `n`-th repetition of an equal payload within a transaction (0: the first one), as PostgreSQL
/// delivers equal notifications of a transaction once only: `n` spaces at the end, which JSON allows.
///
/// None when that would be more than a notification can hold.
#[must_use]
pub fn distinct(payload: &str, n: usize) -> Option<String> {
    let length = payload
        .len()
        .checked_add(n)
        .filter(|&length| length <= MAX_INLINE_BYTES)?;
    let mut text = String::with_capacity(length);
    text.push_str(payload);
    text.extend(std::iter::repeat_n(' ', n));
    Some(text)
}

fn push_member(text: &mut String, name: &str, value: &str) {
    text.push_str(name);
    push_string(text, value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::message::Envelope;

    #[test]
    fn composes_as_the_javascript_adapter_does() {
        let capable = |generation| Extension::FrameCapable {
            incarnation: "l",
            generation,
        };
        let data = r#"{"opts":{"rooms":[],"except":[],"flags":{}}}"#;
        assert_eq!(
            compose(
                MessageType::SocketsJoin,
                Some(data),
                "1234",
                "/chat",
                Extension::None
            ),
            r#"{"type":4,"data":{"opts":{"rooms":[],"except":[],"flags":{}}},"uid":"1234","nsp":"/chat"}"#
        );
        assert_eq!(
            compose(MessageType::Heartbeat, None, "1234", "/", Extension::None),
            r#"{"type":2,"uid":"1234","nsp":"/"}"#
        );
        assert_eq!(
            compose(
                MessageType::Unknown(99),
                Some("1"),
                "u",
                "/",
                Extension::FrameRepeat
            ),
            r#"{"type":99,"data":1,"uid":"u","nsp":"/","wasFramed":true}"#
        );
        assert_eq!(
            compose(MessageType::Heartbeat, None, "u", "/", capable(None)),
            r#"{"type":2,"uid":"u","nsp":"/","readsFrames":true,"life":"l"}"#
        );
        assert_eq!(
            compose(MessageType::InitialHeartbeat, None, "u", "/", capable(Some(3))),
            r#"{"type":1,"uid":"u","nsp":"/","readsFrames":true,"life":"l","generation":3}"#
        );
        let goodbye = Extension::Goodbye { incarnation: "l" };
        assert_eq!(
            compose(MessageType::AdapterClose, None, "u", "/", goodbye),
            r#"{"type":13,"uid":"u","nsp":"/","life":"l"}"#
        );
    }

    #[test]
    fn a_namespace_cannot_break_out_of_its_string() {
        let nsp = "/\",\"type\":13,\"x\":\"\\\n\0";
        let text = compose(MessageType::Heartbeat, None, "u", nsp, Extension::None);
        let envelope = Envelope::parse(&text).unwrap();
        assert_eq!(
            (envelope.kind, envelope.nsp.as_deref()),
            (MessageType::Heartbeat, Some(nsp))
        );
    }

    #[test]
    fn inline_up_to_the_threshold_and_the_limit() {
        assert!(fits_inline(0, 1));
        assert!(!fits_inline(0, 0));
        assert!(fits_inline(99, 100));
        assert!(!fits_inline(100, 100));
        assert!(fits_inline(7999, 8000));
        assert!(!fits_inline(8000, 8001));
        assert!(!fits_inline(8000, usize::MAX));
    }

    #[test]
    fn header_of_an_attachment() {
        let start = attachment_header_start("u", MessageType::Broadcast, "/a", None, false);
        assert_eq!(start, r#"{"uid":"u","type":3,"nsp":"/a","attachmentId":""#);
        let start = attachment_header_start("u", MessageType::Broadcast, "/a", Some("n"), false);
        let header = format!("{start}42{ATTACHMENT_HEADER_END}");
        assert_eq!(
            header,
            r#"{"uid":"u","type":3,"nsp":"/a","nodeId":"n","attachmentId":"42"}"#
        );
        assert_eq!(Envelope::parse(&header).unwrap().attachment_id, Some(42));
    }

    #[test]
    fn a_header_never_outgrows_a_notification() {
        let start =
            |length| attachment_header_start("u", MessageType::Broadcast, &"n".repeat(length), None, false);
        let fixed = start(0).len();
        assert_eq!(start(7900 - fixed).len(), 7900);
        assert_eq!(start(7901 - fixed), r#"{"uid":"u","type":3,"attachmentId":""#);
        let longest = start(7900 - fixed).len() + i64::MAX.to_string().len() + ATTACHMENT_HEADER_END.len();
        assert!(longest <= MAX_INLINE_BYTES);
        // What counts is the escaped form, six times as long.
        assert!(
            !attachment_header_start("u", MessageType::Broadcast, &"\0".repeat(2000), None, false)
                .contains("nsp")
        );
    }

    #[test]
    fn repetitions_differ_by_spaces_at_the_end() {
        assert_eq!(distinct("{}", 0).as_deref(), Some("{}"));
        assert_eq!(distinct("{}", 3).as_deref(), Some("{}   "));
        let full = "x".repeat(MAX_INLINE_BYTES - 1);
        assert_eq!(distinct(&full, 1).map(|text| text.len()), Some(MAX_INLINE_BYTES));
        assert_eq!(distinct(&full, 2), None);
        assert_eq!(distinct(&full, usize::MAX), None);
    }
}
