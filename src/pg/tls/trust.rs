//! Whether a chain of certificates ends at a trusted one: `webpki`, and what it refuses but Node.js accepts.

use std::sync::Arc;

use rustls::{CertificateError, OtherError};
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, KeyUsage, VerifiedPath};

use super::certificate::Certificate;

/// The longest chain of intermediate certificates that is followed.
const MAX_INTERMEDIATES: usize = 6;
/// How many signatures are checked for one chain: hostile chains must not cost more.
const MAX_SIGNATURE_CHECKS: u32 = 100;

/// The certificates that are trusted.
pub(super) struct TrustStore {
    anchors: Vec<Anchor>,
    /// Trusted certificates that end no chain, but complete one, as with OpenSSL.
    intermediates: Vec<CertificateDer<'static>>,
    algorithms: &'static [&'static dyn SignatureVerificationAlgorithm],
}

struct Anchor {
    der: CertificateDer<'static>,
    certificate: Certificate,
    /// `None`: it may not issue certificates, and so is only good for itself.
    issuing: Option<TrustAnchor<'static>>,
}

impl TrustStore {
    /// A store of these certificates; those that cannot be read are left out, as they would be by OpenSSL. A
    /// certificate that is not self-signed ends a chain only with `partial_chain`.
    pub(super) fn new(
        trusted: Vec<CertificateDer<'static>>,
        partial_chain: bool,
        algorithms: &'static [&'static dyn SignatureVerificationAlgorithm],
    ) -> Self {
        let mut store = Self {
            anchors: Vec::new(),
            intermediates: Vec::new(),
            algorithms,
        };
        for der in trusted {
            let Ok(certificate) = Certificate::parse(&der) else {
                continue;
            };
            if !partial_chain && !certificate.is_self_issued() {
                store.intermediates.push(der);
                continue;
            }
            let anchor = webpki::anchor_from_trusted_cert(&der)
                .map(|anchor| anchor.to_owned())
                .ok();
            let issuing = anchor.filter(|_| certificate.may_issue(0));
            store.anchors.push(Anchor {
                der,
                certificate,
                issuing,
            });
        }
        store
    }

    /// Checks that the server's certificate is valid `now`, for a TLS server, and that a trusted one vouches
    /// for it.
    pub(super) fn check(
        &self,
        der: &CertificateDer<'_>,
        sent: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<Certificate, CertificateError> {
        let certificate = Certificate::parse(der)?;
        certificate.check_dates(now)?;
        if !certificate.may_serve_tls() {
            return Err(CertificateError::InvalidPurpose);
        }
        if self.anchors.iter().any(|anchor| anchor.der == *der) {
            refuse_unknown_extensions(&certificate)?;
        } else if certificate.is_version_3() && !certificate.claims_authority() {
            self.check_path(der, &certificate, sent, now)?;
        } else {
            self.check_unusual_path(&certificate, sent, now)?;
        }
        Ok(certificate)
    }

    fn check_path(
        &self,
        der: &CertificateDer<'_>,
        certificate: &Certificate,
        sent: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), CertificateError> {
        let leaf = EndEntityCert::try_from(der).map_err(certificate_error)?;
        let anchors: Vec<_> = self
            .issuers(now)
            .filter_map(|anchor| anchor.issuing.clone())
            .collect();
        let intermediates: Vec<_> = sent.iter().chain(&self.intermediates).cloned().collect();
        let usage = KeyUsage::server_auth();
        let names_are_checked = !certificate.names().dns.is_empty();
        let check = |path: &VerifiedPath<'_>| self.check_authorities(path, names_are_checked);
        leaf.verify_for_usage(
            self.algorithms,
            &anchors,
            &intermediates,
            now,
            usage,
            None,
            Some(&check),
        )
        .map(|_| ())
        .map_err(certificate_error)
    }

    /// What `webpki` leaves out: the usage of the authorities' keys, the length of chain that a root allows,
    /// and, where a common name stands in for the DNS names, the limits on names, which it applies to the
    /// latter only.
    fn check_authorities(
        &self,
        path: &VerifiedPath<'_>,
        names_are_checked: bool,
    ) -> Result<(), webpki::Error> {
        let mut length = 0;
        let mut limits_names = path.anchor().name_constraints.is_some();
        for authority in path.intermediate_certificates() {
            let authority = Certificate::parse(&authority.der()).map_err(|_| webpki::Error::BadDer)?;
            if !authority.may_issue(length) {
                return Err(webpki::Error::EndEntityUsedAsCa);
            }
            limits_names |= authority.has_name_constraints();
            length += 1;
        }
        if limits_names && !names_are_checked {
            return Err(webpki::Error::NameConstraintViolation);
        }
        let is_root = |anchor: &Anchor| anchor.issuing.as_ref() == Some(path.anchor());
        let allows_length = |anchor: &Anchor| anchor.certificate.may_issue(length);
        if self
            .anchors
            .iter()
            .any(|anchor| is_root(anchor) && allows_length(anchor))
        {
            Ok(())
        } else {
            Err(webpki::Error::PathLenConstraintViolated)
        }
    }

    /// `webpki` takes no server certificates of version 1 (as `openssl x509 -req` made them for decades) and
    /// none that is an authority's; OpenSSL does. The same checks for those.
    fn check_unusual_path(
        &self,
        certificate: &Certificate,
        sent: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), CertificateError> {
        refuse_unknown_extensions(certificate)?;
        let all = sent.iter().chain(&self.intermediates);
        let usable = |candidate: &Certificate| {
            candidate.is_version_3()
                && candidate.claims_authority()
                && candidate.is_for_tls_servers()
                && !candidate.has_unknown_critical_extension()
                && !candidate.has_name_constraints()
                && candidate.check_dates(now).is_ok()
        };
        let candidates: Vec<_> = all
            .filter_map(|der| Certificate::parse(der).ok())
            .filter(usable)
            .collect();
        let mut search = Search {
            store: self,
            candidates: &candidates,
            now,
            checks_left: MAX_SIGNATURE_CHECKS,
        };
        if search.reaches_anchor(certificate, 0) {
            Ok(())
        } else {
            Err(CertificateError::UnknownIssuer)
        }
    }

    fn issuers(&self, now: UnixTime) -> impl Iterator<Item = &Anchor> {
        self.anchors
            .iter()
            .filter(move |anchor| anchor.issuing.is_some() && anchor.certificate.check_dates(now).is_ok())
    }
}

/// The search for a trusted issuer of an unusual certificate.
struct Search<'a> {
    store: &'a TrustStore,
    candidates: &'a [Certificate],
    now: UnixTime,
    checks_left: u32,
}

impl Search<'_> {
    /// Whether `certificate`, with `below` intermediate ones between it and the server's, leads to an anchor.
    fn reaches_anchor(&mut self, certificate: &Certificate, below: usize) -> bool {
        let store = self.store;
        for anchor in store.issuers(self.now) {
            let issuer = &anchor.certificate;
            let applicable = !issuer.has_name_constraints() && !issuer.has_unknown_critical_extension();
            if applicable && self.has_issued(issuer, certificate, below) {
                return true;
            }
        }
        if below == MAX_INTERMEDIATES {
            return false;
        }
        let candidates = self.candidates;
        candidates.iter().any(|candidate| {
            self.has_issued(candidate, certificate, below) && self.reaches_anchor(candidate, below + 1)
        })
    }

    fn has_issued(&mut self, issuer: &Certificate, certificate: &Certificate, below: usize) -> bool {
        if !certificate.names_as_issuer(issuer) || !issuer.may_issue(below) || self.checks_left == 0 {
            return false;
        }
        self.checks_left -= 1;
        certificate.is_signed_by(issuer, self.store.algorithms)
    }
}

fn refuse_unknown_extensions(certificate: &Certificate) -> Result<(), CertificateError> {
    if certificate.has_unknown_critical_extension() {
        return Err(CertificateError::UnhandledCriticalExtension);
    }
    Ok(())
}

fn certificate_error(error: webpki::Error) -> CertificateError {
    match error {
        webpki::Error::CertExpired { .. } => CertificateError::Expired,
        webpki::Error::CertNotValidYet { .. } => CertificateError::NotValidYet,
        webpki::Error::UnknownIssuer => CertificateError::UnknownIssuer,
        webpki::Error::InvalidSignatureForPublicKey => CertificateError::BadSignature,
        webpki::Error::UnsupportedCriticalExtension => CertificateError::UnhandledCriticalExtension,
        other => CertificateError::Other(OtherError(Arc::new(other))),
    }
}
