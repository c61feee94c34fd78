//! The TLS handshake, and no more: whether the server may be trusted is the verdict of `pg`, which is asked for before
//! the first byte is sent through TLS.

mod certificate;
mod end_point;
mod handshake_signature;
mod p521;
#[cfg(test)]
mod test_certificates;
#[cfg(test)]
mod tests;
pub mod verdict;

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use rustls::client::{ResolvesClientCert, Resumption};
use rustls::crypto::ring;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, SupportedProtocolVersion};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use serde::Deserialize;
use tokio_rustls::client::TlsStream;

use self::certificate::Certificate;
pub use self::end_point::end_point;
use self::handshake_signature::HandshakeVerifier;
use super::config::ConfigError;
use super::socket::Socket;

/// The name that direct TLS connections to PostgreSQL must announce (ALPN).
const ALPN_POSTGRESQL: &str = "postgresql";

/// The TLS settings of a connection that concern the session itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TlsConfig {
    /// The client's certificate and the ones that complete its chain, as one PEM text.
    pub cert: Option<String>,
    /// The versions of TLS that may be negotiated.
    pub versions: Vec<TlsVersion>,
    /// The name to announce to a server whose host is an IP address.
    pub servername: Option<String>,
    /// The application protocols to announce where the handshake does not come first (ALPN).
    pub application_protocols: Vec<String>,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub enum TlsVersion {
    /// TLS 1.2.
    #[serde(rename = "TLSv1.2")]
    V12,
    /// TLS 1.3.
    #[serde(rename = "TLSv1.3")]
    V13,
}

/// The client's private key in the DER form of PKCS #8, wiped from memory when it is let go of.
pub struct PrivateKey(zeroize::Zeroizing<Vec<u8>>);

impl PrivateKey {
    /// Takes the key over.
    #[must_use]
    pub fn new(pkcs8: Vec<u8>) -> Self {
        Self(zeroize::Zeroizing::new(pkcs8))
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(…)")
    }
}

/// Makes TLS sessions with the settings of one endpoint.
pub(super) struct TlsConnector {
    config: Arc<ClientConfig>,
    servername: Option<String>,
}

impl TlsConnector {
    /// Prepares the sessions; `direct` when the handshake comes first on the connection.
    ///
    /// # Errors
    /// [`ConfigError`] when the client's certificate or key is unusable.
    pub(super) fn new(tls: &TlsConfig, key: Option<&PrivateKey>, direct: bool) -> Result<Self, ConfigError> {
        Ok(Self {
            config: Arc::new(client_config(tls, key, direct)?),
            servername: tls.servername.clone(),
        })
    }

    /// Shakes hands with the server at `host`. Its certificate is still to be judged.
    pub(super) async fn shake_hands(&self, host: &str, socket: Socket) -> io::Result<TlsStream<Socket>> {
        let connector = tokio_rustls::TlsConnector::from(Arc::clone(&self.config));
        let shaken = connector.connect(self.announced_name(host), socket).await;
        shaken.map_err(in_our_words)
    }

    /// The name to announce to the server (SNI), as `pg` does: the host's or, where that is an address, the one in the
    /// settings. An address is announced to nobody; neither is what the TLS library does not take for a name.
    fn announced_name(&self, host: &str) -> ServerName<'static> {
        let name = if host.parse::<IpAddr>().is_ok() {
            self.servername.as_deref()
        } else {
            Some(host)
        };
        let name = name.map(|name| name.strip_suffix('.').unwrap_or(name).to_owned());
        name.and_then(|name| ServerName::try_from(name).ok())
            .unwrap_or(ServerName::IpAddress(Ipv4Addr::UNSPECIFIED.into()))
    }
}

/// The TLS library calls an error of ours an unexpected one.
fn in_our_words(error: io::Error) -> io::Error {
    match error.get_ref().and_then(|inner| inner.downcast_ref()) {
        Some(rustls::Error::General(reason)) => io::Error::new(error.kind(), reason.clone()),
        _ => error,
    }
}

fn client_config(
    tls: &TlsConfig,
    key: Option<&PrivateKey>,
    direct: bool,
) -> Result<ClientConfig, ConfigError> {
    let provider = Arc::new(ring::default_provider());
    let verifier = HandshakeVerifier::new(provider.signature_verification_algorithms);
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&supported_versions(tls))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match client_certificate(tls, key)? {
        Some(resolver) => builder.with_client_cert_resolver(resolver),
        None => builder.with_no_client_auth(),
    };
    // In a resumed session the server proves nothing anew.
    config.resumption = Resumption::disabled();
    config.alpn_protocols = if direct {
        vec![ALPN_POSTGRESQL.into()]
    } else {
        tls.application_protocols
            .iter()
            .map(|name| name.clone().into_bytes())
            .collect()
    };
    Ok(config)
}

fn supported_versions(tls: &TlsConfig) -> Vec<&'static SupportedProtocolVersion> {
    let known = tls.versions.iter().map(|version| match version {
        TlsVersion::V12 => &TLS12,
        TlsVersion::V13 => &TLS13,
    });
    known.collect()
}

fn client_certificate(
    tls: &TlsConfig,
    key: Option<&PrivateKey>,
) -> Result<Option<Arc<dyn ResolvesClientCert>>, ConfigError> {
    let (Some(cert), Some(PrivateKey(key))) = (&tls.cert, key) else {
        return Ok(None);
    };
    let unusable = |reason: String| ConfigError::ClientCertificate(reason);
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(cert.as_bytes()).collect();
    let chain = chain.map_err(|error| unusable(error.to_string()))?;
    let key = any_supported_type(&PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.as_slice())))
        .map_err(|error| unusable(error.to_string()))?;
    // Not `CertifiedKey::from_der`: its check refuses certificates of version 1, which servers accept.
    let certified = chain.first().and_then(|leaf| public_key_of(leaf));
    let own = key.public_key().map(|own| own.as_ref().to_vec());
    if certified.is_none() || (own.is_some() && own != certified) {
        return Err(unusable("the key is not the one of the certificate".to_owned()));
    }
    Ok(Some(Arc::new(SingleCertAndKey::from(CertifiedKey::new(
        chain, key,
    )))))
}

/// The public key of a certificate, in DER.
fn public_key_of(certificate: &[u8]) -> Option<Vec<u8>> {
    let certificate = Certificate::parse(certificate).ok()?;
    der::Encode::to_der(&certificate.public_key.info).ok()
}
