//! Hostile lengths are not believed: reading allocates no more than a small multiple of what there is to read. An
//! allocator that counts proves it.

// A test that fails may panic, also in its helpers. An allocator cannot be written without `unsafe`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use socketio_postgres_adapter::wire::frame::{ascii, Message, Piece, Streams, Writer};
use socketio_postgres_adapter::wire::message::{Envelope, MessageType};
use socketio_postgres_adapter::wire::msgpack::{decode, encode};

const MARKER: &str = "\0bin:0123456789abcdef0123456789abcdef:";
/// A text has some room to begin with, and an error its sentence.
const BASE: usize = 16 * 1024;
/// A binary part of no bytes takes two bytes: here a marker, an index and its place in the input. Memory that grows is
/// twice as large at worst, and there for a moment beside what it was.
const FACTOR_WITH_PARTS: usize = 130;
/// Everything else: at worst a character that is written as an escape, or an empty array in an array, likewise.
const FACTOR: usize = 40;

thread_local! {
    static LIVE: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

fn count(added: usize, removed: usize) {
    // At the end of a thread there is nothing left to count with.
    let _ = LIVE.try_with(|live| {
        live.set(live.get().saturating_add(added).saturating_sub(removed));
        let _ = PEAK.try_with(|peak| peak.set(peak.get().max(live.get())));
    });
}

// SAFETY: everything is left to the allocator of the system.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(0, layout.size());
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // For a moment there can be both.
        count(size, 0);
        count(0, layout.size());
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How much was in use at most beside what was before.
fn peak<T>(work: impl FnOnce() -> T) -> usize {
    let before = LIVE.get();
    PEAK.set(before);
    drop(work());
    PEAK.get() - before
}

fn assert_bounded(what: &str, used: usize, input: usize, factor: usize) {
    let most = BASE + factor * input;
    println!("{what}: {used} bytes for {input} bytes of input");
    assert!(used <= most, "{what}: {used} bytes for {input}, more than {most}");
}

#[test]
fn the_allocator_counts() {
    let used = peak(|| vec![0_u8; 1_000_000]);
    assert!((1_000_000..1_001_000).contains(&used), "{used}");
}

#[test]
fn msgpack_that_lies_about_its_length() {
    let claims: [(&str, &[u8]); 7] = [
        ("an array", b"\xdd\xff\xff\xff\xff"),
        ("a map", b"\xdf\xff\xff\xff\xff\xa1a\x01"),
        ("a string", b"\xdb\xff\xff\xff\xff"),
        ("bytes", b"\xc6\xff\xff\xff\xff"),
        ("an extension", b"\xc9\xff\xff\xff\xff\x05"),
        ("a key", b"\x81\xdb\xff\xff\xff\xff"),
        ("arrays in arrays", b"\xdd\0\0\0\x05\xdd\xff\xff\xff\xff\0\0\0\0"),
    ];
    for (what, bytes) in claims {
        assert!(decode(bytes, MARKER).is_err(), "{what}");
        assert_bounded(what, peak(|| decode(bytes, MARKER)), bytes.len(), FACTOR);
    }
}

#[test]
fn msgpack_that_grows_as_much_as_it_can() {
    let repeated = |piece: &[u8], count: usize| {
        let length = u32::try_from(count).unwrap().to_be_bytes();
        [&[0xdd][..], &length, &piece.repeat(count)].concat()
    };
    let count = 100_000;
    let inputs = [
        (
            "empty binary parts",
            repeated(b"\xc4\0", count),
            FACTOR_WITH_PARTS,
        ),
        (
            "empty extensions",
            repeated(b"\xc7\0\x05", count),
            FACTOR_WITH_PARTS,
        ),
        ("empty arrays", repeated(b"\x90", count), FACTOR),
        ("empty maps", repeated(b"\x80", count), FACTOR),
        ("nothings", repeated(b"\xc0", count), FACTOR),
        (
            "control characters",
            repeated(b"\xa4\0\x01\x02\x03", count),
            FACTOR,
        ),
        (
            "doubles",
            repeated(b"\xcb\x7f\xef\xff\xff\xff\xff\xff\xff", count),
            FACTOR,
        ),
        ("floats", repeated(b"\xca\x00\x00\x00\x01", count), FACTOR),
        ("timestamps", repeated(b"\xd6\xff\0\0\0\0", count), FACTOR),
        ("surrogates", repeated(b"\xa3\xed\xa0\x80", count), FACTOR),
        ("100,000 levels", vec![0x91; count], FACTOR),
        ("100,000 levels of maps", b"\x81\xa1a".repeat(count), FACTOR),
    ];
    for (what, bytes, factor) in inputs {
        assert_bounded(what, peak(|| decode(&bytes, MARKER)), bytes.len(), factor);
    }
}

#[test]
fn frames_that_lie_about_their_length() {
    let in_one_piece = |block: &[u8]| format!("1 u 7 1 0 1\n{}", ascii::encode(block));
    let numbers = |numbers: &[u8]| [&[0][..], numbers].concat();
    let max = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
    let notifications = [
        ("an id of four gigabytes", "4294967295 u 7 1 0 1\nab".to_owned()),
        (
            "a block of 2^64 pieces",
            "1 u 7 1 0 18446744073709551615\nab".to_owned(),
        ),
        (
            "a block of four gigabytes",
            in_one_piece(b"\x01\xff\xff\xff\xff\x10a"),
        ),
        (
            "a namespace of 2^56 bytes",
            in_one_piece(&numbers(&[&[3][..], &max].concat())),
        ),
        (
            "2^56 parts",
            in_one_piece(&numbers(&[&[3, 0, 0, 0][..], &max].concat())),
        ),
        (
            "many parts of nothing",
            in_one_piece(&numbers(&[&[3, 0, 0, 0, 0xd0, 0x0f][..], &[0; 2000]].concat())),
        ),
    ];
    for (what, text) in notifications {
        let used = peak(|| {
            let mut streams = Streams::default();
            let block = Piece::parse(&text)
                .and_then(|piece| streams.accept(&piece))
                .ok()?;
            block.entries().last().map(|entry| entry.is_ok())
        });
        assert_bounded(what, used, text.len(), FACTOR);
    }
}

/// Compression is the one thing by which a notification can grow: there is a fixed limit for what a block holds.
#[test]
fn a_block_grows_up_to_its_limit_and_no_further() {
    const MAX_BLOCK: usize = 4 * 1024 * 1024;
    let unpack = |claim: u32| {
        let block = [&[1][..], &claim.to_le_bytes(), b"\x1fa\x01\0", &[0xff; 200]].concat();
        let text = format!("1 u 7 1 0 1\n{}", ascii::encode(&block));
        peak(|| {
            let mut streams = Streams::default();
            Piece::parse(&text).and_then(|piece| streams.accept(&piece))
        })
    };
    assert!(
        unpack(4 * 1024 * 1024 + 1) < BASE,
        "refused before it is unpacked"
    );
    assert!(unpack(4 * 1024 * 1024) < MAX_BLOCK + BASE);
}

#[test]
fn pieces_without_end_are_given_up() {
    let text = "a".repeat(7900);
    let used = peak(|| {
        let mut streams = Streams::default();
        for index in 0..5000 {
            let notification = format!("1 u 7 1 {index} 5000\n{text}");
            let piece = Piece::parse(&notification).unwrap();
            if streams.accept(&piece).is_err() {
                break;
            }
        }
        streams
    });
    assert!(used < 16 * 1024 * 1024, "{used}");
}

#[test]
fn messages_of_many_rooms_and_of_many_levels() {
    let rooms = vec!["\"\""; 100_000].join(",");
    let text = format!(r#"{{"type":3,"data":{{"opts":{{"rooms":[{rooms}]}}}}}}"#);
    assert_bounded(
        "rooms",
        peak(|| Envelope::parse(&text).map(drop)),
        text.len(),
        FACTOR,
    );
    let deep = "[".repeat(100_000);
    assert_bounded(
        "levels",
        peak(|| Envelope::parse(&deep).map(drop)),
        deep.len(),
        FACTOR,
    );
    let empty = format!("[{}]", vec!["[]"; 100_000].join(","));
    let parts: [&[u8]; 0] = [];
    assert_bounded(
        "empty arrays",
        peak(|| encode(&empty, &parts, MARKER)),
        empty.len(),
        FACTOR,
    );
}

#[test]
fn what_a_frame_holds_is_bounded_for_the_writer_as_well() {
    let data = format!("\"{}\"", "x".repeat(100_000));
    let used = peak(|| {
        let mut writer = Writer::new("u", 7, MARKER).unwrap();
        let message = Message {
            kind: MessageType::ServerSideEmit,
            nsp: "/",
            options: None,
            data: &data,
            parts: &[],
        };
        assert!(writer.push(&message).is_some());
        writer.finish()
    });
    assert_bounded("a frame", used, data.len(), FACTOR);
}
