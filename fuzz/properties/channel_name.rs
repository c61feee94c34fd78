//! The name of a channel: short enough, free of NUL, and another one for another namespace.

use postgres_protocol::escape::escape_identifier;
use socketio_postgres_adapter::wire::channel::{
    channel_name as name_of, frame_channel_name, MAX_CHANNEL_BYTES,
};

/// The input is a prefix and two namespaces, with a line feed between them.
pub fn channel_name(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut parts = text.splitn(3, '\n');
    let (prefix, one, other) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    let Ok(name) = name_of(prefix, one) else {
        assert!(prefix.contains('\0') || one.contains('\0'), "only NUL is refused");
        return;
    };
    check_name(&name);
    if name.len() < MAX_CHANNEL_BYTES && !name.contains('~') {
        assert_eq!(
            name,
            format!("{prefix}#{one}"),
            "a short name is that of the JavaScript adapter"
        );
    }
    if let Ok(of_other) = name_of(prefix, other) {
        assert_eq!(name == of_other, one == other, "{name}");
    }
    // Whoever picks the name of another's channel gets another channel.
    if let Some(copy) = name.strip_prefix(&format!("{prefix}#")) {
        let again = name_of(prefix, copy).unwrap_or_default();
        assert!(again != name || copy == one, "{name}");
    }
    let of_frames = frame_channel_name(prefix).unwrap_or_default();
    check_name(&of_frames);
    assert_ne!(of_frames, name);
}

fn check_name(name: &str) {
    assert!(name.len() <= MAX_CHANNEL_BYTES && !name.contains('\0'), "{name}");
    let quoted = escape_identifier(name);
    let inside = quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let inside = inside.unwrap_or_default();
    assert_eq!(inside.replace("\"\"", "\""), name);
    assert!(!inside.replace("\"\"", "").contains('"'), "{quoted}");
}
