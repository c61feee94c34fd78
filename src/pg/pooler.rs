//! Whether there is a pooler between this process and `PostgreSQL`.

use std::convert::Infallible;
use std::future::{ready, Ready};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{duplex, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};
use tokio_postgres::{CancelToken, Client};

/// More than a request for TLS and one for cancellation.
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
    // The answer to a request for TLS, should the connection use it.
    reader.write_all(b"S").await?;
    cancel
        .cancel_query_raw(writer, InTheClear)
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

/// TLS that is none: the request never leaves the process.
struct InTheClear;

impl TlsConnect<DuplexStream> for InTheClear {
    type Stream = Clear;
    type Error = Infallible;
    type Future = Ready<Result<Clear, Infallible>>;

    fn connect(self, stream: DuplexStream) -> Self::Future {
        ready(Ok(Clear(stream)))
    }
}

struct Clear(DuplexStream);

impl TlsStream for Clear {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Clear {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Clear {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
