//! An X.509 certificate of any version, and the questions that the verification asks of it.

use std::net::IpAddr;

use rustls::CertificateError;
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm, SubjectPublicKeyInfoDer, UnixTime};
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::der::asn1::{Ia5StringRef, PrintableStringRef, Utf8StringRef};
use x509_cert::der::oid::db::rfc4519::COMMON_NAME;
use x509_cert::der::oid::db::rfc5280::ID_KP_SERVER_AUTH;
use x509_cert::der::oid::db::rfc5912::{
    ID_CE_BASIC_CONSTRAINTS, ID_CE_EXT_KEY_USAGE, ID_CE_KEY_USAGE, ID_CE_SUBJECT_ALT_NAME,
};
use x509_cert::der::oid::AssociatedOid;
use x509_cert::der::{Decode, Encode};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAltName};
use x509_cert::ext::Extension;
use x509_cert::Version;

/// The extensions whose meaning is applied where this module, not `webpki`, checks a certificate.
const UNDERSTOOD_EXTENSIONS: [x509_cert::der::oid::ObjectIdentifier; 4] = [
    ID_CE_BASIC_CONSTRAINTS,
    ID_CE_EXT_KEY_USAGE,
    ID_CE_KEY_USAGE,
    ID_CE_SUBJECT_ALT_NAME,
];

/// A parsed certificate.
pub(super) struct Certificate {
    inner: x509_cert::Certificate,
    basic_constraints: Option<BasicConstraints>,
    key_usage: Option<KeyUsage>,
    extended_key_usage: Option<ExtendedKeyUsage>,
    alternative_names: Option<SubjectAltName>,
}

/// The names that a certificate is for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct PresentedNames {
    pub(super) dns: Vec<String>,
    pub(super) ip: Vec<IpAddr>,
    pub(super) common: Vec<String>,
}

impl Certificate {
    pub(super) fn parse(der: &CertificateDer<'_>) -> Result<Self, CertificateError> {
        let inner = x509_cert::Certificate::from_der(der).map_err(|_| CertificateError::BadEncoding)?;
        let extensions = extensions_of(&inner);
        Ok(Self {
            basic_constraints: extension(extensions)?,
            key_usage: extension(extensions)?,
            extended_key_usage: extension(extensions)?,
            alternative_names: extension(extensions)?,
            inner,
        })
    }

    /// Whether subject and issuer are the same.
    pub(super) fn is_self_issued(&self) -> bool {
        self.inner.tbs_certificate.subject == self.inner.tbs_certificate.issuer
    }

    /// Whether `issuer` is the one that this certificate names as its issuer.
    pub(super) fn names_as_issuer(&self, issuer: &Self) -> bool {
        self.inner.tbs_certificate.issuer == issuer.inner.tbs_certificate.subject
    }

    pub(super) fn is_version_3(&self) -> bool {
        self.inner.tbs_certificate.version == Version::V3
    }

    /// Whether it says of itself that it is an authority.
    pub(super) fn claims_authority(&self) -> bool {
        self.basic_constraints
            .as_ref()
            .is_some_and(|constraints| constraints.ca)
    }

    /// Whether it may have issued a certificate with `below` intermediate ones between the two and the
    /// server's (the rule of OpenSSL: certificates from before version 3 can only be roots).
    pub(super) fn may_issue(&self, below: usize) -> bool {
        if self
            .key_usage
            .as_ref()
            .is_some_and(|usage| !usage.key_cert_sign())
        {
            return false;
        }
        match &self.basic_constraints {
            Some(constraints) => {
                constraints.ca
                    && constraints
                        .path_len_constraint
                        .is_none_or(|limit| below <= usize::from(limit))
            }
            None if self.is_version_3() => self.key_usage.is_some(),
            None => self.is_self_issued(),
        }
    }

    /// Whether its purposes, if it states any, include TLS servers.
    pub(super) fn is_for_tls_servers(&self) -> bool {
        let purposes = self.extended_key_usage.as_ref();
        purposes.is_none_or(|purposes| purposes.0.contains(&ID_KP_SERVER_AUTH))
    }

    /// Whether it may be the certificate of a TLS server itself.
    pub(super) fn may_serve_tls(&self) -> bool {
        let key_allowed =
            |usage: &KeyUsage| usage.digital_signature() || usage.key_encipherment() || usage.key_agreement();
        self.is_for_tls_servers() && self.key_usage.as_ref().is_none_or(key_allowed)
    }

    /// Whether it has a critical extension that this module does not apply.
    pub(super) fn has_unknown_critical_extension(&self) -> bool {
        extensions_of(&self.inner)
            .iter()
            .any(|extension| extension.critical && !UNDERSTOOD_EXTENSIONS.contains(&extension.extn_id))
    }

    /// Whether it limits the names that it may issue certificates for.
    pub(super) fn has_name_constraints(&self) -> bool {
        extensions_of(&self.inner)
            .iter()
            .any(|extension| extension.extn_id == x509_cert::ext::pkix::NameConstraints::OID)
    }

    /// Checks that `now` lies between the two dates.
    pub(super) fn check_dates(&self, now: UnixTime) -> Result<(), CertificateError> {
        let validity = &self.inner.tbs_certificate.validity;
        if now.as_secs() < validity.not_before.to_unix_duration().as_secs() {
            Err(CertificateError::NotValidYet)
        } else if now.as_secs() > validity.not_after.to_unix_duration().as_secs() {
            Err(CertificateError::Expired)
        } else {
            Ok(())
        }
    }

    /// The public key with its algorithm.
    pub(super) fn public_key(&self) -> Result<SubjectPublicKeyInfoDer<'static>, CertificateError> {
        let der = self.inner.tbs_certificate.subject_public_key_info.to_der();
        der.map(SubjectPublicKeyInfoDer::from)
            .map_err(|_| CertificateError::BadEncoding)
    }

    /// Whether the key of `issuer` signed this certificate, by one of these algorithms.
    pub(super) fn is_signed_by(
        &self,
        issuer: &Self,
        algorithms: &[&dyn SignatureVerificationAlgorithm],
    ) -> bool {
        let (Ok(key), Ok(signed), Some(signature), Ok(parameters)) = (
            issuer.public_key(),
            self.inner.tbs_certificate.to_der(),
            self.inner.signature.as_bytes(),
            self.inner.signature_algorithm.to_der(),
        ) else {
            return false;
        };
        let Ok(key) = webpki::RawPublicKeyEntity::try_from(&key) else {
            return false;
        };
        algorithms
            .iter()
            .filter(|algorithm| is_sequence_of(&parameters, algorithm.signature_alg_id().as_ref()))
            .any(|algorithm| key.verify_signature(*algorithm, &signed, signature).is_ok())
    }

    /// The names that the certificate is for; the common names count only where there is no DNS name.
    pub(super) fn names(&self) -> PresentedNames {
        let mut names = PresentedNames::default();
        for name in self.alternative_names.iter().flat_map(|names| &names.0) {
            match name {
                GeneralName::DnsName(name) => names.dns.push(name.to_string()),
                GeneralName::IpAddress(address) => names.ip.extend(ip_address(address.as_bytes())),
                _ => {}
            }
        }
        let attributes = self
            .inner
            .tbs_certificate
            .subject
            .0
            .iter()
            .flat_map(|part| part.0.iter());
        names.common = attributes
            .filter(|attribute| attribute.oid == COMMON_NAME)
            .filter_map(text_of)
            .collect();
        names
    }
}

fn extensions_of(certificate: &x509_cert::Certificate) -> &[Extension] {
    let extensions = certificate.tbs_certificate.extensions.as_deref();
    extensions.unwrap_or_default()
}

fn extension<'a, T: AssociatedOid + Decode<'a>>(
    extensions: &'a [Extension],
) -> Result<Option<T>, CertificateError> {
    let found = extensions.iter().find(|extension| extension.extn_id == T::OID);
    let parsed = found
        .map(|extension| T::from_der(extension.extn_value.as_bytes()))
        .transpose();
    parsed.map_err(|_| CertificateError::BadEncoding)
}

/// Whether `der` is a SEQUENCE of exactly these contents. Those of an algorithm are shorter than 128 bytes:
/// the length is one byte.
fn is_sequence_of(der: &[u8], contents: &[u8]) -> bool {
    der.strip_prefix(&[0x30])
        .and_then(<[u8]>::split_first)
        .is_some_and(|(length, rest)| usize::from(*length) == rest.len() && rest == contents)
}

fn ip_address(octets: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(octets).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(octets).map(IpAddr::from))
        .ok()
}

fn text_of(attribute: &AttributeTypeAndValue) -> Option<String> {
    let value = &attribute.value;
    let utf8 = value
        .decode_as::<Utf8StringRef<'_>>()
        .map(|text| text.to_string());
    let printable = || {
        value
            .decode_as::<PrintableStringRef<'_>>()
            .map(|text| text.to_string())
    };
    let ascii = || value.decode_as::<Ia5StringRef<'_>>().map(|text| text.to_string());
    utf8.or_else(|_| printable()).or_else(|_| ascii()).ok()
}
