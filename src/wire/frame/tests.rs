use super::*;
use crate::wire::message::MessageType;
use crate::wire::payload::MAX_INLINE_BYTES;
use proptest::prelude::*;

const MARKER: &str = "\0secret:";
/// As `JSON.stringify` writes it.
const ESCAPED_MARKER: &str = "\\u0000secret:";

#[derive(Debug, Clone, PartialEq)]
struct Owned {
    kind: u64,
    nsp: String,
    options: Option<String>,
    data: String,
    parts: Vec<Vec<u8>>,
}

fn writer() -> Writer {
    Writer::new("some one", 7, MARKER).unwrap()
}

fn push(writer: &mut Writer, message: &Owned) -> Option<u64> {
    writer.push(&Message {
        kind: MessageType::from_code(message.kind),
        nsp: &message.nsp,
        options: message.options.as_deref(),
        data: &message.data,
        parts: &message.parts,
    })
}

fn text(data: &str) -> Owned {
    Owned {
        kind: 9,
        nsp: "/".into(),
        options: None,
        data: data.into(),
        parts: Vec::new(),
    }
}

fn event(options: &str, data: &str) -> Owned {
    Owned {
        kind: 3,
        options: Some(options.into()),
        ..text(data)
    }
}

fn binary(data: &str, parts: &[&[u8]]) -> Owned {
    Owned {
        parts: parts.iter().map(|part| part.to_vec()).collect(),
        ..text(data)
    }
}

fn owned(entry: &Entry<'_>) -> Owned {
    let binary = entry
        .is_binary()
        .then(|| entry.binary_with_markers(MARKER).unwrap());
    let parts = binary.iter().flat_map(|binary| {
        let part = |range: &std::ops::Range<usize>| binary.bytes[range.clone()].to_vec();
        binary.parts.iter().map(part)
    });
    Owned {
        kind: entry.kind.code(),
        nsp: entry.nsp.to_owned(),
        options: entry.options.map(str::to_owned),
        parts: parts.collect(),
        data: binary
            .as_ref()
            .map_or(entry.data, |binary| &binary.data)
            .to_owned(),
    }
}

fn for_each(
    streams: &mut Streams,
    piece: &Piece<'_>,
    mut each: impl FnMut(&Entry<'_>),
) -> Result<(), FrameError> {
    streams.accept(piece)?.entries().try_for_each(|entry| {
        each(&entry?);
        Ok(())
    })
}

fn accept(streams: &mut Streams, notification: &str) -> (Vec<Owned>, Result<(), FrameError>) {
    let mut messages = Vec::new();
    let piece = Piece::parse(notification).unwrap();
    let read = for_each(streams, &piece, |entry| messages.push(owned(entry)));
    (messages, read)
}

fn read<'a>(streams: &mut Streams, notifications: impl IntoIterator<Item = &'a str>) -> Vec<Owned> {
    let mut messages = Vec::new();
    for notification in notifications {
        let (read, outcome) = accept(streams, notification);
        assert_eq!(outcome, Ok(()));
        messages.extend(read);
    }
    messages
}

/// The pieces of one block.
fn block_of(writer: &mut Writer, messages: &[Owned]) -> Vec<String> {
    for message in messages {
        push(writer, message).unwrap();
    }
    writer.finish().into_iter().map(|piece| piece.text).collect()
}

/// Text that does not compress.
fn noise(length: usize) -> String {
    let mut state = 1_u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(b'a' + (state >> 24) as u8 % 26)
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// A piece with content of the test's own.
fn piece_of(block: u64, content: &[u8]) -> String {
    format!("1 u 7 {block} 0 1\n{}", ascii::encode(content))
}

#[test]
fn all_kinds_of_messages_come_back() {
    let named = format!("{{\"b\":\"{ESCAPED_MARKER}0\",\"a\":\"{ESCAPED_MARKER}1\"}}");
    let messages = [
        text("[1]"),
        event("", "[\"e\"]"),
        event("{\"rooms\":[\"r\"]}", "[\"é\"]"),
        binary(&named, &[&[1, 2], &[]]),
    ];
    let pieces = block_of(&mut writer(), &messages);
    let [piece] = pieces.as_slice() else {
        panic!("{pieces:?}")
    };
    assert!(piece.starts_with("8 some one 7 1 0 1\n"), "{piece:?}");
    assert_eq!(read(&mut Streams::default(), [piece.as_str()]), messages);
}

#[test]
fn parts_are_numbered_as_they_appear() {
    let named = format!("[\"{ESCAPED_MARKER}1\",\"{ESCAPED_MARKER}0\"]");
    let mut writer = writer();
    let pieces = block_of(&mut writer, &[binary(&named, &[b"zero", b"one"])]);
    let piece = Piece::parse(&pieces[0]).unwrap();
    let mut seen = Vec::new();
    let read = for_each(&mut Streams::default(), &piece, |entry| {
        seen.push(entry.binary_with_placeholders().unwrap());
    });
    assert_eq!(read, Ok(()));
    let placeholders = r#"[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#;
    assert_eq!(seen[0].data, placeholders);
    assert_eq!(seen[0].bytes, b"onezero");
    assert_eq!(seen[0].parts, [0..3, 3..7]);
}

#[test]
fn what_repeats_itself_takes_little_room() {
    let messages: Vec<Owned> = (0..100)
        .map(|n| event("", &format!("[\"news\",{n},{{\"from\":\"somebody\"}}]")))
        .collect();
    let pieces = block_of(&mut writer(), &messages);
    assert!(pieces.concat().len() < 1500, "{}", pieces.concat().len());
    assert_eq!(
        read(&mut Streams::default(), pieces.iter().map(String::as_str)),
        messages
    );
}

#[test]
fn a_large_block_is_cut() {
    let messages = [text("1"), text(&noise(50_000)), text("2")];
    let pieces = block_of(&mut writer(), &messages);
    assert!(pieces.len() > 3 && pieces.iter().all(|piece| piece.len() <= MAX_INLINE_BYTES));
    let texts = || pieces.iter().map(String::as_str);
    assert_eq!(read(&mut Streams::default(), texts()), messages);
    assert_eq!(read(&mut Streams::default(), texts().skip(1)), []);
}

#[test]
fn a_block_that_comes_again_is_ignored() {
    let mut writer = writer();
    let first = block_of(&mut writer, &[text(&noise(20_000))]);
    let second = block_of(&mut writer, &[text("2")]);
    let mut streams = Streams::default();
    let interrupted = first[..2]
        .iter()
        .chain(&first)
        .chain(&first)
        .chain(&second)
        .chain(&second);
    let messages = read(&mut streams, interrupted.map(String::as_str));
    assert_eq!(messages, [text(&noise(20_000)), text("2")]);
}

#[test]
fn a_number_that_nobody_has_proved_silences_nobody() {
    let mut writer = writer();
    let mut streams = Streams::default();
    for forged in [5000, u64::MAX - 1, u64::MAX] {
        for notification in [
            format!("8 some one 7 {forged} 0 2\nbegun"),
            format!("8 some one 7 {forged} 0 1\nno block"),
            piece_of(forged, &[0, 9, 1, 0, 1, 0, b'/', b'1']).replacen("1 u", "8 some one", 1),
        ] {
            let _ = accept(&mut streams, &notification);
            let message = text(&noise(20_000));
            let pieces = block_of(&mut writer, std::slice::from_ref(&message));
            let again = pieces.iter().chain(&pieces).map(String::as_str);
            assert!(read(&mut streams, again) == [message], "{notification}");
        }
    }
}

#[test]
fn a_missing_piece_costs_its_block() {
    let mut writer = writer();
    let mut pieces = block_of(&mut writer, &[text(&noise(20_000))]);
    pieces.remove(1);
    pieces.extend(block_of(&mut writer, &[text("2")]));
    let messages = read(&mut Streams::default(), pieces.iter().map(String::as_str));
    assert_eq!(messages, [text("2")]);
}

#[test]
fn streams_do_not_disturb_each_other() {
    let large = text(&noise(20_000));
    let mine = block_of(&mut writer(), std::slice::from_ref(&large));
    let mut other = Writer::new("some one", 8, MARKER).unwrap();
    let others = block_of(&mut other, std::slice::from_ref(&large));
    let mixed = mine.iter().zip(&others).flat_map(|(a, b)| [a.as_str(), b]);
    assert_eq!(read(&mut Streams::default(), mixed), [large.clone(), large]);
}

#[test]
fn what_is_no_piece_is_refused() {
    for wrong in [
        "",
        "{}",
        "1 u 1 1 0 1",
        "2 u 1 1 0 1\n",
        "x u 1 1 0 1\n",
        "1 u 1 1 1 1\n",
        "1 u 1 1 0\n",
        "1 u 1 1 0 1 1\n",
        "1 u -1 1 0 1\n",
        "99999999999999999999 u 1 1 0 1\n",
        "1 é 1 1 0 1\n",
    ] {
        assert_eq!(Piece::parse(wrong), Err(FrameError::Piece), "{wrong:?}");
    }
}

#[test]
fn what_is_no_block_is_refused_and_the_next_one_read() {
    let mut claims = vec![1, 255, 255, 255, 255];
    claims.extend([0x1f, b'a', 1, 0, 255, 255]);
    let good = &[0, 9, 1, 0, 1, 0, b'/', b'1'];
    for (wrong, expected) in [
        (&[][..], FrameError::Block),
        (&[2, 0], FrameError::Block),
        (&[1, 1], FrameError::Block),
        (&claims, FrameError::Block),
        (&[1, 9, 0, 0, 0, 255, 1], FrameError::Block),
        (&[0, 9], FrameError::Entry),
        (&[0, 9, 1, 0, 1, 0, b'/'], FrameError::Entry),
        (
            &[0, 9, 1, 0, 1, 255, 255, 255, 255, 127, b'/', b'1'],
            FrameError::Entry,
        ),
        (&[0, 9, 1, 0, 1, 0, 255, b'1'], FrameError::Entry),
        (
            &[0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1],
            FrameError::Entry,
        ),
    ] {
        let mut streams = Streams::default();
        assert_eq!(
            accept(&mut streams, &piece_of(1, wrong)),
            (vec![], Err(expected)),
            "{wrong:?}"
        );
        assert_eq!(
            accept(&mut streams, &piece_of(2, good)),
            (vec![text("1")], Ok(()))
        );
    }
    let not_ours = "1 u 7 1 0 1\né";
    assert_eq!(
        accept(&mut Streams::default(), not_ours).1,
        Err(FrameError::Block)
    );
}

#[test]
fn a_block_may_not_grow_without_bound() {
    let mut streams = Streams::default();
    let filler = "a".repeat(7000);
    let refused = (0..2000).find(|index| {
        let (_, read) = accept(&mut streams, &format!("1 u 7 1 {index} 5000\n{filler}"));
        read == Err(FrameError::Block)
    });
    assert_eq!(refused, Some(MAX_BLOCK_BYTES as u64 / 4 * 5 / 7000));
}

#[test]
fn what_is_never_finished_is_given_up() {
    let mut streams = Streams::default();
    let filler = "a".repeat(7000);
    let pieces_of_each = MAX_BLOCK_BYTES / 7000;
    for stream in 0..100 {
        for index in 0..pieces_of_each {
            let (_, read) = accept(&mut streams, &format!("1 u {stream} 1 {index} 5000\n{filler}"));
            assert_eq!(read, Ok(()));
        }
    }
    let kept = format!("{streams:?}").len();
    assert!((100_000_000..=135_000_000).contains(&kept), "{kept}");
    // The last ones are still there, the first ones are not.
    let end_of = |stream| format!("1 u {stream} 1 {pieces_of_each} {}\né", pieces_of_each + 1);
    assert_eq!(accept(&mut streams, &end_of(99)).1, Err(FrameError::Block));
    assert_eq!(accept(&mut streams, &end_of(0)).1, Ok(()));
}

#[test]
fn many_parts_travel_in_another_way() {
    let named = |count: usize| {
        let names: Vec<String> = (0..count)
            .map(|index| format!("\"{ESCAPED_MARKER}{index}\""))
            .collect();
        binary(&format!("[{}]", names.join(",")), &vec![&[][..]; count])
    };
    let mut writer = writer();
    assert_eq!(push(&mut writer, &named(MAX_PARTS + 1)), None);
    let pieces = block_of(&mut writer, &[named(MAX_PARTS)]);
    let messages = read(&mut Streams::default(), pieces.iter().map(String::as_str));
    assert_eq!(messages, [named(MAX_PARTS)]);
    // 1001 of them, as a number of seven bits in a byte.
    let mut forged = vec![0, 9, 1, 0, 0, 0xe9, 7];
    forged.extend(vec![0; MAX_PARTS + 1]);
    forged.push(b'/');
    let (_, refused) = accept(&mut Streams::default(), &piece_of(1, &forged));
    assert_eq!(refused, Err(FrameError::Entry));
}

#[test]
fn parts_are_what_the_data_says() {
    let entry = |data: &str, parts: &[u8]| {
        let [data_bytes, part_count] = [data.len(), parts.len()].map(|length| u8::try_from(length).unwrap());
        let mut content = vec![0, 9, 1, 0, data_bytes, part_count];
        content.extend(parts.iter().map(|_| 1));
        content.push(b'/');
        content.extend(data.as_bytes());
        content.extend(parts);
        piece_of(1, &content)
    };
    for (data, parts) in [("[1]", "a"), ("\u{1}\u{1}", "a"), ("{\u{1}:1}", "a")] {
        let notification = entry(data, parts.as_bytes());
        let piece = Piece::parse(&notification).unwrap();
        let mut outcomes = Vec::new();
        let read = for_each(&mut Streams::default(), &piece, |entry| {
            outcomes.push(entry.binary_with_markers(MARKER).map(drop));
        });
        assert_eq!(
            (read, outcomes),
            (Ok(()), vec![Err(FrameError::Parts)]),
            "{data:?}"
        );
    }
}

#[test]
fn refuses_what_cannot_travel_in_frames() {
    assert!(Writer::new("a\0", 7, MARKER).is_none());
    assert!(Writer::new(&"a".repeat(1001), 7, MARKER).is_none());
    let mut writer = writer();
    assert_eq!(push(&mut writer, &text(&"x".repeat(MAX_MESSAGE_BYTES))), None);
    let unknown = format!("\"{ESCAPED_MARKER}1\"");
    assert_eq!(push(&mut writer, &binary(&unknown, &[&[0]])), None);
    assert_eq!(push(&mut writer, &binary("1", &[&[0]])), None);
    assert_eq!(writer.finish(), []);
    let largest = text(&noise(MAX_MESSAGE_BYTES - 1));
    let pieces = block_of(&mut writer, std::slice::from_ref(&largest));
    let texts = pieces.iter().map(String::as_str);
    assert_eq!(read(&mut Streams::default(), texts), [largest]);
}

#[test]
fn only_so_many_streams_are_followed() {
    let mut streams = Streams::default();
    for stream in 0..10_000 {
        let (messages, _) = accept(&mut streams, &format!("1 u {stream} 1 0 2\nbegun"));
        assert_eq!(messages, []);
    }
    assert!(format!("{streams:?}").len() < 100_000);
}

prop_compose! {
    fn any_message()(
        kind in 3_u64..13,
        nsp in "/[a-zé😀]{0,9}",
        options in prop::option::of("[a-zé]{0,9}"),
        words in prop::collection::vec("[a-zé😀\\n]{0,100}", 0..4),
        parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..2000), 0..4),
    ) -> Owned {
        let mut values: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
        values.extend((0..parts.len()).map(|index| format!("\"{ESCAPED_MARKER}{index}\"")));
        let data = format!("[{}]", values.join(","));
        let kind = if options.is_some() { 3 } else { kind };
        Owned { kind, nsp, options, data, parts }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(batches in prop::collection::vec(prop::collection::vec(any_message(), 0..8), 0..4)) {
        let mut writer = writer();
        let mut streams = Streams::default();
        for batch in &batches {
            let pieces = block_of(&mut writer, batch);
            for piece in &pieces {
                prop_assert!(piece.len() <= MAX_INLINE_BYTES && !piece.contains('\0'));
            }
            let arrived = read(&mut streams, pieces.iter().map(String::as_str));
            prop_assert_eq!(&arrived, batch);
        }
    }

    #[test]
    fn garbage_is_only_refused(text in ".{0,200}", content in prop::collection::vec(any::<u8>(), 0..100)) {
        let mut streams = Streams::default();
        let plain = [&[0][..], &content].concat();
        for notification in [text.clone(), format!("1 u 7 1 0 1\n{text}"), piece_of(2, &content), piece_of(3, &plain)] {
            if let Ok(piece) = Piece::parse(&notification) {
                let _ = for_each(&mut streams, &piece, |entry| drop(entry.binary_with_markers(MARKER)));
            }
        }
    }
}
