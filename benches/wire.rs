//! What the pure parts cost: `cargo bench --no-default-features`.

#![allow(missing_docs, clippy::expect_used, clippy::cast_possible_truncation)]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{criterion_group, criterion_main, BatchSize, Criterion, Throughput};
use socketio_postgres_adapter::cluster::batch::{Batch, Limits, Outgoing};
use socketio_postgres_adapter::wire::channel::channel_name;
use socketio_postgres_adapter::wire::frame::{Message, Piece, Streams, Writer};
use socketio_postgres_adapter::wire::message::{Envelope, MessageType};
use socketio_postgres_adapter::wire::msgpack;

const MARKER: &str = "\0marker:";
const LIMITS: Limits = Limits {
    count: 1000,
    bytes: 1024 * 1024,
};

/// An event with some text, which is different each time.
fn event(number: usize, length: usize) -> String {
    let text: String = (0..length)
        .map(|at| char::from(b'a' + (at * 7 + number * 3) as u8 % 26))
        .collect();
    format!(r#"["news",{number},{{"from":"somebody","text":"{text}"}}]"#)
}

fn message(length: usize) -> String {
    let event = event(1, length);
    let opts = r#"{"rooms":["room-1","room-2"],"except":[],"flags":{}}"#;
    format!(
        r#"{{"type":3,"data":{{"packet":{{"type":2,"data":{event}}},"opts":{opts}}},"uid":"6db8edee7c3ddbda","nsp":"/"}}"#
    )
}

fn envelope(c: &mut Criterion) {
    let mut group = c.benchmark_group("envelope");
    for length in [100, 7000] {
        let text = message(length);
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(format!("{} bytes", text.len()), |b| {
            b.iter(|| Envelope::parse(black_box(&text)));
        });
    }
}

fn batching(c: &mut Criterion) {
    let channel: Arc<str> = Arc::from("socket.io#/");
    let messages: Vec<Outgoing> = (0..1000)
        .map(|number| Outgoing::inline(Arc::clone(&channel), event(number % 900, 100)))
        .collect();
    let mut group = c.benchmark_group("batching");
    group.throughput(Throughput::Elements(messages.len() as u64));
    group.bench_function("1000 messages, some of them equal", |b| {
        b.iter_batched(
            || messages.clone(),
            |messages| {
                let mut batch = Batch::default();
                for message in messages {
                    // None is full.
                    let _ = batch.push(message, LIMITS);
                }
                batch
            },
            BatchSize::LargeInput,
        );
    });
}

fn frames(c: &mut Criterion) {
    let events: Vec<String> = (0..1000).map(|number| event(number, 150)).collect();
    let write = || {
        let mut writer = Writer::new("6db8edee7c3ddbda", 1, MARKER).expect("a usual id");
        for event in &events {
            writer.push(&Message {
                kind: MessageType::Broadcast,
                nsp: "/",
                options: Some(""),
                data: event,
                parts: &[],
            });
        }
        writer.finish()
    };
    let pieces = write();
    let mut group = c.benchmark_group("frames");
    group.throughput(Throughput::Elements(events.len() as u64));
    group.bench_function("write 1000 messages", |b| b.iter(write));
    group.bench_function("read 1000 messages", |b| {
        b.iter(|| {
            let mut streams = Streams::default();
            let blocks = pieces.iter().map(|piece| {
                let piece = Piece::parse(&piece.text).expect("a piece");
                let block = streams.accept(&piece).expect("a block");
                block
                    .entries()
                    .map(|entry| entry.expect("an entry").data.len())
                    .sum::<usize>()
            });
            blocks.sum::<usize>()
        });
    });
}

fn attachments(c: &mut Criterion) {
    let text = message(20_000).replacen("somebody", "\\u0000marker:0", 1);
    let parts = [vec![7; 1000]];
    let encoded = msgpack::encode(&text, &parts, MARKER).expect("valid JSON");
    let mut group = c.benchmark_group("msgpack");
    group.throughput(Throughput::Bytes(encoded.len() as u64));
    group.bench_function("encode", |b| {
        b.iter(|| msgpack::encode(black_box(&text), &parts, MARKER));
    });
    group.bench_function("decode", |b| {
        b.iter(|| msgpack::decode(black_box(&encoded), MARKER));
    });
}

fn channels(c: &mut Criterion) {
    let long = format!("/{}", "n".repeat(100));
    let mut group = c.benchmark_group("channel name");
    group.bench_function("short", |b| {
        b.iter(|| channel_name("socket.io", black_box("/chat")));
    });
    group.bench_function("shortened", |b| {
        b.iter(|| channel_name("socket.io", black_box(&long)));
    });
}

criterion_group!(benches, envelope, batching, frames, attachments, channels);
criterion_main!(benches);
