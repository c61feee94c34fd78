//! Does the other end hold the key of the certificate that it shows? This is checked for every connection, whatever the
//! settings say about certificates: without it, a certificate and its hash are only a copy of something public.

use const_oid::db::rfc5912::ID_RSASSA_PSS;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::{CertificateError, DigitallySignedStruct, Error, PeerMisbehaved, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, SignatureVerificationAlgorithm, UnixTime};

use super::certificate::{Certificate, PublicKey};
use super::p521;

/// The longest chain that a server may send. OpenSSL follows no longer one, and needs the JavaScript thread for some
/// 60 ms where there are hundreds of certificates that fit together in many ways.
const MAX_CERTIFICATES: usize = 100;

/// The schemes for RSA keys that are marked as being for RSASSA-PSS only, in the order of [`PSS_KEY_EQUIVALENTS`]. The
/// TLS library has no names for them.
const PSS_KEY_SCHEMES: [SignatureScheme; 3] = [
    SignatureScheme::Unknown(0x0809),
    SignatureScheme::Unknown(0x080a),
    SignatureScheme::Unknown(0x080b),
];

/// The schemes with the same computation for other RSA keys.
const PSS_KEY_EQUIVALENTS: [SignatureScheme; 3] = [
    SignatureScheme::RSA_PSS_SHA256,
    SignatureScheme::RSA_PSS_SHA384,
    SignatureScheme::RSA_PSS_SHA512,
];

/// Verifies the handshake, and leaves the certificate to whoever asks for it afterwards.
#[derive(Debug)]
pub(super) struct HandshakeVerifier {
    algorithms: WebPkiSupportedAlgorithms,
}

impl HandshakeVerifier {
    pub(super) fn new(algorithms: WebPkiSupportedAlgorithms) -> Self {
        Self { algorithms }
    }

    /// Checks that `signed` is the signature of `message` by the key of `certificate`. In TLS 1.2 a scheme does not
    /// name the curve, so `most_algorithms` of them may be meant; in TLS 1.3 it is the first.
    fn verify(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
        most_algorithms: usize,
    ) -> Result<HandshakeSignatureValid, Error> {
        let certificate = Certificate::parse(certificate).map_err(|_| CertificateError::BadEncoding)?;
        let key = certificate.public_key;
        let algorithms = self.algorithms_for(&key, signed.scheme, most_algorithms)?;
        let is_valid = algorithms.iter().any(|algorithm| {
            algorithm
                .verify_signature(key.key, message, signed.signature())
                .is_ok()
        });
        if is_valid {
            return Ok(HandshakeSignatureValid::assertion());
        }
        Err(CertificateError::BadSignature.into())
    }

    /// The first algorithms of a scheme, without those for other keys than this one.
    fn algorithms_for(
        &self,
        key: &PublicKey<'_>,
        scheme: SignatureScheme,
        most: usize,
    ) -> Result<Vec<&'static dyn SignatureVerificationAlgorithm>, Error> {
        let pss = PSS_KEY_SCHEMES.iter().position(|each| *each == scheme);
        let known = pss.map_or(scheme, |index| PSS_KEY_EQUIVALENTS[index]);
        let id = key.algorithm_id().map_err(|_| CertificateError::BadEncoding)?;
        let fits = |algorithm: &&dyn SignatureVerificationAlgorithm| match pss {
            Some(_) => key.algorithm() == ID_RSASSA_PSS,
            None => algorithm.public_key_alg_id().as_ref() == id,
        };
        let mut algorithms = self.algorithms_of(known);
        if algorithms.is_empty() {
            return Err(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into());
        }
        algorithms.truncate(most);
        algorithms.retain(fits);
        Ok(algorithms)
    }

    /// What a scheme can stand for.
    fn algorithms_of(&self, scheme: SignatureScheme) -> Vec<&'static dyn SignatureVerificationAlgorithm> {
        let mapping = self.algorithms.mapping.iter();
        let known = mapping.filter(|(each, _)| *each == scheme);
        known
            .flat_map(|(_, algorithms)| algorithms.iter().copied())
            .chain(p521::algorithm_of(scheme))
            .collect()
    }
}

impl ServerCertVerifier for HandshakeVerifier {
    /// Hardly anything is decided here, since the verdict is that of `pg` and takes a while: it is asked for after the
    /// handshake, before the first byte of ours is sent.
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let count = intermediates.len() + 1;
        if count > MAX_CERTIFICATES {
            let reason = format!("the server sent {count} certificates, more than {MAX_CERTIFICATES}");
            return Err(Error::General(reason));
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verify(message, cert, signed, usize::MAX)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if TLS12_ONLY.contains(&signed.scheme) {
            return Err(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into());
        }
        self.verify(message, cert, signed, 1)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let mut schemes = self.algorithms.supported_schemes();
        schemes.push(p521::SCHEME);
        schemes.extend(PSS_KEY_SCHEMES);
        schemes
    }
}

/// Schemes that TLS 1.3 has abolished for handshakes (RFC 8446, section 4.2.3).
const TLS12_ONLY: [SignatureScheme; 3] = [
    SignatureScheme::RSA_PKCS1_SHA256,
    SignatureScheme::RSA_PKCS1_SHA384,
    SignatureScheme::RSA_PKCS1_SHA512,
];
