//! Interesting inputs of the fuzz targets, replayed: each must have the properties of `fuzz/properties`.

// A property that does not hold may panic.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../fuzz/properties/mod.rs"]
mod properties;

use std::fs;
use std::path::Path;

/// Each file of the folder, through the target of its name.
fn replay(target: &str, holds: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/seeds")
        .join(target);
    let mut count = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        println!("{}", path.display());
        holds(&fs::read(&path).unwrap());
        count += 1;
    }
    assert!(count > 3, "{count} seeds in {}", folder.display());
}

#[test]
fn envelope() {
    replay("envelope", properties::envelope);
}

#[test]
fn msgpack_decode() {
    replay("msgpack_decode", properties::msgpack_decode);
}

#[test]
fn msgpack_encode() {
    replay("msgpack_encode", properties::msgpack_encode);
}

#[test]
fn channel_name() {
    replay("channel_name", properties::channel_name);
}

#[test]
fn frame() {
    replay("frame", properties::frame);
}

#[test]
fn login() {
    replay("login", properties::login);
}

#[test]
fn certificate() {
    replay("certificate", properties::certificate);
}
