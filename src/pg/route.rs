//! One way to a server: a host, one of its addresses, and how the connection is secured there.

use std::sync::Arc;

use super::config::{ConnectionConfig, HostConfig};
use super::inbound_filter::InboundFilter;
use super::session::{request_tls, Session};
use super::socket::{Address, Socket};
use super::tls::verdict::{fingerprint, Fingerprint, Question, Verdicts};
use super::tls::{end_point, TlsConnector};

/// Why no connection could be opened; told together with where that was.
pub(super) type OpenError = Box<dyn std::error::Error + Send + Sync>;

/// What secures the connections of an endpoint.
pub(super) struct Security {
    pub(super) connector: TlsConnector,
    pub(super) verdicts: Verdicts,
}

/// A way to a server. Cheap to clone.
#[derive(Clone)]
pub(super) struct Route {
    pub(super) config: Arc<ConnectionConfig>,
    pub(super) security: Option<Arc<Security>>,
    pub(super) host: HostConfig,
    pub(super) address: Address,
    /// The certificate of an open session to this address: whoever shows it again, and has its key, is the same server.
    pub(super) known: Option<Fingerprint>,
}

impl Route {
    /// Opens a connection, secured as the settings ask for. Nothing of ours has been sent over it yet.
    pub(super) async fn open(&self) -> Result<Session, OpenError> {
        let socket = self.address.open(self.config.keep_alive).await?;
        let filter = InboundFilter::new(self.config.scram_max_iterations);
        match &self.security {
            None => Ok(Session::new(socket, filter, None)),
            Some(security) => self.secure(security, socket, filter).await,
        }
    }

    async fn secure(
        &self,
        security: &Security,
        mut socket: Socket,
        filter: InboundFilter,
    ) -> Result<Session, OpenError> {
        if !self.config.is_direct_tls() {
            request_tls(&mut socket).await?;
        }
        let stream = security.connector.shake_hands(&self.host.host, socket).await?;
        let (_, connection) = stream.get_ref();
        let certificate = connection.peer_certificates().and_then(<[_]>::first);
        let certificate = certificate.ok_or("the server showed no certificate")?.clone();
        let shown = fingerprint(&certificate);
        if self.known != Some(shown) {
            security.verdicts.check(&self.question(), shown).await?;
        }
        let end_point = end_point(&certificate);
        if self.config.channel_binding && end_point.is_none() {
            // Without one the driver would say that it knows of no binding, and so tell the server that nobody can have
            // tampered with the list of its mechanisms.
            return Err(
                "channel binding is on (\"enableChannelBinding\"), and there is none for the signature algorithm of \
                 the server's certificate"
                    .into(),
            );
        }
        Ok(Session::new(Box::new(stream), filter, end_point).showing(shown))
    }

    fn question(&self) -> Question {
        Question {
            host: self.host.host.clone(),
            port: self.host.port,
            address: self.address.ip(),
            timeout_ms: u64::try_from(self.config.host_limit().as_millis()).unwrap_or(u64::MAX),
        }
    }
}
