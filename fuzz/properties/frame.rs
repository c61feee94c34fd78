//! Frames: what is written is read, and nothing else does harm.

use socketio_postgres_adapter::wire::frame::{ascii, Message, Piece, Streams, Writer, MAX_MESSAGE_BYTES};
use socketio_postgres_adapter::wire::message::MessageType;
use socketio_postgres_adapter::wire::payload::MAX_INLINE_BYTES;

use super::split_at_first_byte;

const MARKER: &str = "\0part:";

/// The first byte of the input says what the rest of it is.
pub fn frame(data: &[u8]) {
    let (kind, rest) = split_at_first_byte(data);
    match kind % 4 {
        0 => notifications(&String::from_utf8_lossy(rest)),
        1 => block(rest),
        2 => bytes(rest),
        _ => messages(rest),
    }
}

/// Notifications of a stream, with a blank line between them.
fn notifications(text: &str) {
    let mut streams = Streams::default();
    for notification in text.split("\n\n") {
        if let Ok(piece) = Piece::parse(notification) {
            accept(&mut streams, &piece);
        }
    }
}

/// A block, in one piece.
fn block(bytes: &[u8]) {
    let text = format!("1 u 7 1 0 1\n{}", ascii::encode(bytes));
    let piece = Piece::parse(&text).unwrap_or_else(|error| panic!("{error}: {text:?}"));
    accept(&mut Streams::default(), &piece);
}

fn accept(streams: &mut Streams, piece: &Piece<'_>) {
    let Ok(block) = streams.accept(piece) else { return };
    for entry in block.entries().flatten() {
        if !entry.is_binary() {
            continue;
        }
        let binary = [
            entry.binary_with_markers(MARKER),
            entry.binary_with_placeholders(),
        ];
        for binary in binary.into_iter().flatten() {
            let covered: usize = binary.parts.iter().map(ExactSizeIterator::len).sum();
            assert_eq!(covered, binary.bytes.len());
            assert!(binary.parts.iter().all(|part| part.end <= binary.bytes.len()));
        }
    }
}

/// Bytes as text and back; and text as bytes.
fn bytes(bytes: &[u8]) {
    let text = ascii::encode(bytes);
    assert!(text.is_ascii() && !text.contains('\0'));
    assert_eq!(ascii::decode(&text).as_deref(), Some(bytes));
    if let Some(decoded) = std::str::from_utf8(bytes).ok().and_then(ascii::decode) {
        assert!(decoded.len() < bytes.len() || bytes.is_empty());
    }
}

/// A message for each line: its type, namespace, options and data with tabs between them.
fn messages(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let parts = [b"one".to_vec(), Vec::new(), vec![0, 255]];
    let messages: Vec<Message<'_>> = text.lines().map(|line| message(line, &parts)).collect();
    let Some(mut writer) = Writer::new("id of a sender", 7, MARKER) else {
        panic!("the id is fine");
    };
    let mut streams = Streams::default();
    // Two blocks, so that the second one is told from the first.
    for messages in messages.chunks(messages.len().div_ceil(2).max(1)) {
        let written: Vec<&Message<'_>> = messages
            .iter()
            .filter(|message| writer.push(message).is_some())
            .collect();
        let mut read = 0;
        for written_piece in writer.finish() {
            assert!(written_piece.text.len() <= MAX_INLINE_BYTES && !written_piece.text.contains('\0'));
            let piece = Piece::parse(&written_piece.text).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!((piece.uid, piece.stream), ("id of a sender", 7));
            let block = streams.accept(&piece).unwrap_or_else(|error| panic!("{error}"));
            for entry in block.entries() {
                let entry = entry.unwrap_or_else(|error| panic!("{error}"));
                let message = written[read];
                assert_eq!((entry.kind, entry.nsp), (kind_as_read(message), message.nsp));
                assert_eq!(entry.options, message.options);
                assert_eq!(entry.is_binary(), !message.parts.is_empty());
                if !entry.is_binary() {
                    assert_eq!(entry.data, message.data);
                }
                read += 1;
            }
            let again = streams.accept(&piece).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(again.entries().count(), 0, "a piece that comes twice is ignored");
        }
        assert_eq!(read, written.len());
    }
}

fn message<'a>(line: &'a str, parts: &'a [Vec<u8>]) -> Message<'a> {
    let mut fields = line.splitn(4, '\t');
    // Those that servers send.
    let kind = fields.next().unwrap_or_default().parse().unwrap_or(3) % 13 + 1;
    let nsp = fields.next().unwrap_or_default();
    let options = fields.next();
    let data = fields.next().unwrap_or_default();
    assert!(line.len() <= MAX_MESSAGE_BYTES);
    Message {
        kind: MessageType::from_code(kind),
        nsp,
        // A broadcast alone has its options apart.
        options: options.filter(|_| kind == 3),
        data,
        parts: if data.contains("part:") { parts } else { &[] },
    }
}

fn kind_as_read(message: &Message<'_>) -> MessageType {
    message.options.map_or(message.kind, |_| MessageType::Broadcast)
}
