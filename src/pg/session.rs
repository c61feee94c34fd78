//! The bytes of one connection, in the clear or through TLS, ready for the driver to log in over.

use std::convert::Infallible;
use std::future::{ready, Ready};
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::task::{ready, Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};

use super::inbound_filter::InboundFilter;
use super::socket::Socket;
use super::tls::verdict::Fingerprint;

/// What a client sends to ask for TLS: the length of the message, and a number in the place of a protocol version.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// Why there is no TLS with a server.
#[derive(Debug, thiserror::Error)]
pub(super) enum NegotiationError {
    #[error("the server does not support TLS")]
    Unsupported,
    /// Possibly an error in the form of old servers; what it says was not authenticated.
    #[error("the server answered the request for TLS with something else than yes or no")]
    Unexpected,
    #[error("the connection was lost while TLS was asked for: {0}")]
    Io(#[from] io::Error),
}

/// Asks for TLS in the protocol of PostgreSQL. Not a byte more is read than the answer: what came behind it would not be
/// protected.
pub(super) async fn request_tls(socket: &mut Socket) -> Result<(), NegotiationError> {
    socket.write_all(&SSL_REQUEST).await?;
    match socket.read_u8().await? {
        b'S' => Ok(()),
        b'N' => Err(NegotiationError::Unsupported),
        _ => Err(NegotiationError::Unexpected),
    }
}

/// A stream whose security, if it has any, is settled.
pub struct Session {
    stream: Socket,
    filter: InboundFilter,
    end_point: Option<Vec<u8>>,
    certificate: Option<Fingerprint>,
    heavy_work: HeavyWork,
    /// What is kept back until the driver is polled where it may take its time.
    held_back: Vec<u8>,
}

/// Tells whoever polls the driver that it is about to compute for longer than a few milliseconds.
#[derive(Clone, Default)]
pub struct HeavyWork(Arc<AtomicBool>);

impl HeavyWork {
    /// Whether the next poll may take long.
    #[must_use]
    pub fn is_next(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Session {
    /// A session over `stream`. `end_point` is what a login can be bound to: the hash of the certificate (RFC 5929).
    #[must_use]
    pub fn new(stream: Socket, filter: InboundFilter, end_point: Option<Vec<u8>>) -> Self {
        Self {
            stream,
            filter,
            end_point,
            certificate: None,
            heavy_work: HeavyWork::default(),
            held_back: Vec::new(),
        }
    }

    /// The same with the certificate that the server showed.
    pub(super) fn showing(mut self, certificate: Fingerprint) -> Self {
        self.certificate = Some(certificate);
        self
    }

    /// The certificate that the server showed.
    pub(super) fn certificate(&self) -> Option<Fingerprint> {
        self.certificate
    }

    /// Where it is told that heavy work comes next.
    #[must_use]
    pub fn heavy_work(&self) -> HeavyWork {
        self.heavy_work.clone()
    }

    /// Hands over as much of what was kept back as there is room for.
    fn hand_over(&mut self, buffer: &mut ReadBuf<'_>) {
        let count = buffer.remaining().min(self.held_back.len());
        buffer.put_slice(&self.held_back[..count]);
        self.held_back.drain(..count);
        if self.held_back.is_empty() {
            self.held_back = Vec::new();
        }
    }
}

impl AsyncRead for Session {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.held_back.is_empty() {
            this.hand_over(buffer);
            return Poll::Ready(Ok(()));
        }
        this.heavy_work.0.store(false, Ordering::Relaxed);
        loop {
            let before = buffer.filled().len();
            ready!(Pin::new(&mut this.stream).poll_read(cx, buffer))?;
            let new = &mut buffer.filled_mut()[before..];
            if new.is_empty() {
                return Poll::Ready(Ok(()));
            }
            let kept = this
                .filter
                .filter(new)
                .map_err(|violation| io::Error::new(io::ErrorKind::InvalidData, violation))?;
            buffer.set_filled(before + kept);
            if this.filter.take_heavy() {
                this.held_back = buffer.filled()[before..].to_vec();
                buffer.set_filled(before);
                this.heavy_work.0.store(true, Ordering::Relaxed);
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            // Nothing at all would mean the end of the stream.
            if kept > 0 {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl AsyncWrite for Session {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl TlsStream for Session {
    fn channel_binding(&self) -> ChannelBinding {
        match &self.end_point {
            Some(hash) => ChannelBinding::tls_server_end_point(hash.clone()),
            None => ChannelBinding::none(),
        }
    }
}

/// What the driver is given in place of a TLS implementation: the session has all the TLS that it will ever have. The
/// driver has to be set to TLS that begins at once, or it would negotiate.
pub struct AlreadySecured;

impl TlsConnect<Session> for AlreadySecured {
    type Stream = Session;
    type Error = Infallible;
    type Future = Ready<Result<Session, Infallible>>;

    fn connect(self, session: Session) -> Self::Future {
        ready(Ok(session))
    }
}
