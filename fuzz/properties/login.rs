//! What a server sends before it has proved anything: the login ends, and neither notices nor a demand for much work get
//! through to the driver.

use std::time::Duration;

use socketio_postgres_adapter::pg::inbound_filter::InboundFilter;
use socketio_postgres_adapter::pg::session::{AlreadySecured, Session};
use tokio::io::{copy, duplex, sink, split, AsyncWriteExt};
use tokio_postgres::config::{ChannelBinding, SslMode, SslNegotiation};

use super::split_at_first_byte;

/// Far beyond what the longest input takes.
const PATIENCE: Duration = Duration::from_secs(20);
/// Few enough for thousands of logins in a second.
const MAX_ITERATIONS: u32 = 10;

/// The first byte says how many bytes arrive at a time and whether the login can be bound to the channel; the rest is
/// what the server sends.
pub fn login(data: &[u8]) {
    let (form, sent) = split_at_first_byte(data);
    let piece = 1 + form / 2;
    check_filter(sent, piece);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    let Ok(runtime) = runtime else { return };
    runtime.block_on(async {
        let done = tokio::time::timeout(PATIENCE, log_in(sent, piece, form % 2 == 1)).await;
        assert!(done.is_ok(), "the login does not end");
    });
}

/// The filter keeps whole messages, in their order, and none that is a notice.
fn check_filter(sent: &[u8], piece: usize) {
    let mut filter = InboundFilter::new(MAX_ITERATIONS);
    let mut kept = Vec::new();
    for bytes in sent.chunks(piece) {
        let mut bytes = bytes.to_vec();
        match filter.filter(&mut bytes) {
            Ok(length) => kept.extend_from_slice(&bytes[..length]),
            Err(_) => return,
        }
    }
    assert_eq!(kept, without_notices(sent));
}

/// One message after the other; the last one may be incomplete.
fn without_notices(sent: &[u8]) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut rest = sent;
    while let Some(kind) = rest.first() {
        let length = rest.get(1..5).and_then(|bytes| bytes.try_into().ok());
        let length = length.map_or(usize::MAX, |bytes| {
            usize::try_from(i32::from_be_bytes(bytes)).unwrap_or(usize::MAX)
        });
        let (message, next) = rest.split_at(rest.len().min(length.saturating_add(1)));
        if *kind != b'N' {
            kept.extend_from_slice(message);
        }
        rest = next;
    }
    kept
}

async fn log_in(sent: &[u8], piece: usize, is_bound: bool) {
    let (client, server) = duplex(piece);
    let mut config = tokio_postgres::Config::new();
    config
        .user("user")
        .password("password")
        .ssl_mode(SslMode::Require)
        .ssl_negotiation(SslNegotiation::Direct)
        .channel_binding(if is_bound {
            ChannelBinding::Prefer
        } else {
            ChannelBinding::Disable
        });
    let end_point = is_bound.then(|| vec![7; 32]);
    let filter = InboundFilter::new(MAX_ITERATIONS);
    let session = Session::new(Box::new(client), filter, end_point);
    let (mut reader, mut writer) = split(server);
    let hear = async { copy(&mut reader, &mut sink()).await };
    let speak = async {
        // The client may have hung up before all is said.
        let _ = writer.write_all(sent).await;
        let _ = writer.shutdown().await;
    };
    // It comes to an end, well or not.
    let log_in = async { drop(config.connect_raw(session, AlreadySecured).await) };
    let _ = tokio::join!(hear, speak, log_in);
}
