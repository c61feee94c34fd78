//! Whether there is a pooler between this process and `PostgreSQL`.

use std::io;

use tokio::io::{duplex, AsyncReadExt};
use tokio_postgres::{CancelToken, Client};

use super::inbound_filter::InboundFilter;
use super::session::{AlreadySecured, Session};

/// More than a request for cancellation.
const ENOUGH_BYTES: usize = 64;
/// What a cancel request ends with: the number of the process and the secret that goes with it.
const KEY_BYTES: usize = 8;

/// The number of the server process, as it was told at login. `PostgreSQL` tells the one of the process that
/// serves the connection. A pooler tells one that it made up: it cannot know yet who will serve.
///
/// The driver keeps the number to itself, but writes it into its cancel requests: this reads one.
pub(super) async fn told_process_id(client: &Client) -> Option<i32> {
    request_of(client.cancel_token()).await.ok()
}

async fn request_of(cancel: CancelToken) -> io::Result<i32> {
    let (mut reader, writer) = duplex(ENOUGH_BYTES);
    let session = Session::new(Box::new(writer), InboundFilter::new(0), None);
    cancel
        .cancel_query_raw(session, AlreadySecured)
        .await
        .map_err(io::Error::other)?;
    let mut request = Vec::new();
    reader.read_to_end(&mut request).await?;
    let (number, _secret) = request
        .last_chunk::<KEY_BYTES>()
        .and_then(|key| key.split_first_chunk())
        .ok_or(io::ErrorKind::UnexpectedEof)?;
    Ok(i32::from_be_bytes(*number))
}
