//! TLS as `pg` does it: what Node.js accepts from a server is accepted here, and nothing more.

mod certificate;
mod identity;
#[cfg(test)]
mod test_certificates;
#[cfg(test)]
mod tests;
mod trust;
mod verifier;

use std::fmt;
use std::sync::Arc;

use rustls::client::danger::ServerCertVerifier;
use rustls::client::ResolvesClientCert;
use rustls::crypto::{ring, CryptoProvider};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, SupportedProtocolVersion};
use rustls_pki_types::pem::{Error as PemError, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use serde::Deserialize;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres_rustls::MakeRustlsConnect;

use self::certificate::Certificate;
use self::trust::TrustStore;
use self::verifier::{AcceptAny, Verifier};
use super::config::ConfigError;

/// The name that direct TLS connections to PostgreSQL must announce (ALPN).
const ALPN_POSTGRESQL: &[u8] = b"postgresql";

/// The TLS settings of a connection.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TlsConfig {
    /// The trusted certificates, as PEM texts; needed when [`verify`](Self::verify) is set.
    pub ca: Option<Vec<String>>,
    /// The client's certificate and the ones that complete its chain, as one PEM text.
    pub cert: Option<String>,
    /// The client's private key, as an unencrypted PEM text.
    pub key: Option<String>,
    /// Whether the server must prove who it is.
    pub verify: bool,
    /// Whether the certificate must be for the host's name; without, any name that a trusted authority
    /// certified will do (`sslmode=verify-ca`).
    #[serde(default = "yes")]
    pub verify_name: bool,
    /// Whether a trusted certificate ends a chain even if it is not self-signed
    /// (`allowPartialTrustChain` of Node.js).
    #[serde(default)]
    pub partial_chain: bool,
    /// The versions of TLS that may be negotiated.
    #[serde(default = "all_versions")]
    pub versions: Vec<TlsVersion>,
    /// The name to verify against; `None`: the name of the host that is connected to.
    pub servername: Option<String>,
}

fn yes() -> bool {
    true
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

fn all_versions() -> Vec<TlsVersion> {
    vec![TlsVersion::V12, TlsVersion::V13]
}

impl fmt::Debug for TlsConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsConfig")
            .field("ca", &self.ca.as_ref().map(Vec::len))
            .field("cert", &self.cert.is_some())
            .field("key", &self.key.is_some())
            .field("verify", &self.verify)
            .field("verify_name", &self.verify_name)
            .field("partial_chain", &self.partial_chain)
            .field("versions", &self.versions)
            .field("servername", &self.servername)
            .finish()
    }
}

/// Makes the TLS sessions of `tokio_postgres` connections. Cheap to clone.
#[derive(Clone)]
pub struct TlsConnector {
    inner: MakeRustlsConnect,
    servername: Option<Arc<str>>,
}

impl<S> MakeTlsConnect<S> for TlsConnector
where
    MakeRustlsConnect: MakeTlsConnect<S>,
{
    type Stream = <MakeRustlsConnect as MakeTlsConnect<S>>::Stream;
    type TlsConnect = <MakeRustlsConnect as MakeTlsConnect<S>>::TlsConnect;
    type Error = <MakeRustlsConnect as MakeTlsConnect<S>>::Error;

    fn make_tls_connect(&mut self, domain: &str) -> Result<Self::TlsConnect, Self::Error> {
        self.inner
            .make_tls_connect(self.servername.as_deref().unwrap_or(domain))
    }
}

/// Prepares the TLS sessions for these settings; `direct` when the handshake comes first on the connection.
///
/// # Errors
/// [`ConfigError`] when a PEM text, the client's certificate or the name to verify against is unusable.
pub fn connector(tls: &TlsConfig, direct: bool) -> Result<TlsConnector, ConfigError> {
    let config = client_config(tls, direct)?;
    let servername = tls.servername.as_deref().map(checked_server_name).transpose()?;
    Ok(TlsConnector {
        inner: MakeRustlsConnect::new(config),
        servername,
    })
}

fn client_config(tls: &TlsConfig, direct: bool) -> Result<ClientConfig, ConfigError> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&supported_versions(tls))?
        .dangerous()
        .with_custom_certificate_verifier(server_verifier(tls, &provider)?);
    let mut config = match client_certificate(tls, &provider)? {
        Some(resolver) => builder.with_client_cert_resolver(resolver),
        None => builder.with_no_client_auth(),
    };
    if direct {
        config.alpn_protocols = vec![ALPN_POSTGRESQL.to_vec()];
    }
    Ok(config)
}

fn supported_versions(tls: &TlsConfig) -> Vec<&'static SupportedProtocolVersion> {
    let known = tls.versions.iter().map(|version| match version {
        TlsVersion::V12 => &TLS12,
        TlsVersion::V13 => &TLS13,
    });
    known.collect()
}

/// The name as the TLS library takes it: a name in the form that ends with a dot is the same host.
fn checked_server_name(name: &str) -> Result<Arc<str>, ConfigError> {
    let name = name.strip_suffix('.').unwrap_or(name);
    ServerName::try_from(name).map_err(|_| ConfigError::ServerName(name.to_owned()))?;
    Ok(Arc::from(name))
}

fn server_verifier(
    tls: &TlsConfig,
    provider: &CryptoProvider,
) -> Result<Arc<dyn ServerCertVerifier>, ConfigError> {
    if !tls.verify {
        return Ok(Arc::new(AcceptAny));
    }
    let texts = tls.ca.as_deref().ok_or(ConfigError::NoAuthorities)?;
    let mut trusted = Vec::new();
    for text in texts {
        trusted.extend(certificates_of("ssl.ca", text)?);
    }
    let algorithms = provider.signature_verification_algorithms;
    let store = TrustStore::new(trusted, tls.partial_chain, algorithms.all);
    Ok(Arc::new(Verifier::new(store, tls.verify_name, algorithms)))
}

fn certificates_of(field: &'static str, pem: &str) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    let parsed: Result<Vec<_>, PemError> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    match parsed {
        Ok(certificates) if certificates.is_empty() => Err(ConfigError::Pem {
            field,
            reason: "it holds no certificate".to_owned(),
        }),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(ConfigError::Pem {
            field,
            reason: error.to_string(),
        }),
    }
}

fn client_certificate(
    tls: &TlsConfig,
    provider: &CryptoProvider,
) -> Result<Option<Arc<dyn ResolvesClientCert>>, ConfigError> {
    let (Some(cert), Some(key)) = (&tls.cert, &tls.key) else {
        return Ok(None);
    };
    let chain = certificates_of("ssl.cert", cert)?;
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|error| ConfigError::Pem {
        field: "ssl.key",
        reason: describe_key_error(&error),
    })?;
    let unusable = |error: rustls::Error| ConfigError::ClientCertificate(error.to_string());
    let key = provider.key_provider.load_private_key(key).map_err(unusable)?;
    // Not `CertifiedKey::from_der`: its check refuses certificates of version 1, which servers accept.
    let own_key = chain
        .first()
        .and_then(|leaf| Certificate::parse(leaf).ok()?.public_key().ok());
    if let (Some(certified), Some(own)) = (own_key, key.public_key()) {
        if certified != own {
            let reason = "the key is not the one of the certificate";
            return Err(ConfigError::ClientCertificate(reason.to_owned()));
        }
    }
    Ok(Some(Arc::new(SingleCertAndKey::from(CertifiedKey::new(
        chain, key,
    )))))
}

/// What is wrong with a key, in words that quote nothing of it.
fn describe_key_error(error: &PemError) -> String {
    match error {
        PemError::NoItemsFound => "it holds no unencrypted private key".to_owned(),
        _ => "it is malformed".to_owned(),
    }
}
