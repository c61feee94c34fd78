//! The socket under a connection: TCP, or a Unix domain socket.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// Idle time after which the peer is asked whether it is still there. With the interval, the number of probes
/// and the limit below a peer that vanished without a word is noticed after 5 s, idle or not.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(2);
/// Time between two unanswered keepalive probes.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(1);
/// Unanswered keepalive probes after which the connection is given up.
#[cfg(not(windows))]
const KEEPALIVE_RETRIES: u32 = 3;
/// How long sent bytes may stay unacknowledged (Linux only; other systems have no such limit).
#[cfg(target_os = "linux")]
const UNACKNOWLEDGED_LIMIT: Duration = Duration::from_secs(5);

/// Bytes in both directions.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// A socket of either kind.
pub type Socket = Box<dyn Stream>;

/// One address of a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Address {
    Tcp(SocketAddr),
    /// The file of a Unix domain socket.
    Unix(PathBuf),
}

impl Address {
    /// The one of a socket in this folder.
    pub(super) fn in_folder(folder: &str, port: u16) -> Self {
        Self::Unix(PathBuf::from(folder).join(format!(".s.PGSQL.{port}")))
    }

    /// The addresses that a host has at the moment, at least one, in the order in which to try them.
    pub(super) async fn resolve(name: &str, port: u16) -> io::Result<Vec<Self>> {
        let found = tokio::net::lookup_host((name, port)).await?;
        let addresses: Vec<_> = found.map(Self::Tcp).collect();
        if addresses.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
        }
        Ok(addresses)
    }

    /// The IP address, with its zone where it is of one network only; none for a file.
    pub(super) fn ip(&self) -> Option<String> {
        match self {
            Self::Tcp(SocketAddr::V6(address)) if address.scope_id() != 0 => {
                Some(format!("{}%{}", address.ip(), address.scope_id()))
            }
            Self::Tcp(address) => Some(address.ip().to_string()),
            Self::Unix(_) => None,
        }
    }

    /// Opens a socket; `keep_alive` says whether a silent peer is probed.
    pub(super) async fn open(&self, keep_alive: bool) -> io::Result<Socket> {
        match self {
            Self::Tcp(address) => {
                let stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                if keep_alive {
                    probe_when_silent(&stream)?;
                }
                Ok(Box::new(stream))
            }
            #[cfg(unix)]
            Self::Unix(file) => Ok(Box::new(tokio::net::UnixStream::connect(file).await?)),
            #[cfg(not(unix))]
            Self::Unix(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "{address}"),
            Self::Unix(file) => write!(f, "{}", file.display()),
        }
    }
}

fn probe_when_silent(stream: &TcpStream) -> io::Result<()> {
    let socket = SockRef::from(stream);
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED_LIMIT))?;
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE_IDLE)
        .with_interval(KEEPALIVE_INTERVAL);
    #[cfg(not(windows))]
    let keepalive = keepalive.with_retries(KEEPALIVE_RETRIES);
    socket.set_tcp_keepalive(&keepalive)
}
