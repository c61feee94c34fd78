//! Certificates for the tests, of every kind that servers have and attackers try.

use std::time::{Duration, SystemTime};

use base64::prelude::{Engine, BASE64_STANDARD};
use ring::rand::SystemRandom;
use ring::signature::{EcdsaKeyPair, KeyPair, ECDSA_P256_SHA256_ASN1_SIGNING};
use rustls::crypto::ring::default_provider;
use rustls::sign::CertifiedKey;
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use x509_cert::der::asn1::{BitString, Ia5String, OctetString};
use x509_cert::der::oid::db::rfc5912::{ECDSA_WITH_SHA_256, ID_EC_PUBLIC_KEY, SECP_256_R_1};
use x509_cert::der::oid::AssociatedOid;
use x509_cert::der::{Any, Encode};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{BasicConstraints, SubjectAltName};
use x509_cert::ext::Extension;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::time::{Time, Validity};
use x509_cert::{TbsCertificate, Version};

pub(super) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A certificate, its key, and the ones that a server sends with it.
pub(super) struct Identity {
    pub(super) der: CertificateDer<'static>,
    pub(super) sent: Vec<CertificateDer<'static>>,
    pub(super) key: PrivatePkcs8KeyDer<'static>,
    subject: String,
}

impl Identity {
    /// The certificate as a PEM text.
    pub(super) fn pem(&self) -> String {
        pem("CERTIFICATE", &self.der)
    }

    pub(super) fn key_pem(&self) -> String {
        pem("PRIVATE KEY", self.key.secret_pkcs8_der())
    }

    /// The same, with `others` sent along.
    pub(super) fn sending(mut self, others: &[&Identity]) -> Self {
        self.sent = others.iter().map(|other| other.der.clone()).collect();
        self
    }

    /// What a TLS server or client works with.
    pub(super) fn certified_key(&self) -> CertifiedKey {
        let key = default_provider()
            .key_provider
            .load_private_key(self.key.clone_key().into())
            .unwrap();
        let chain = std::iter::once(&self.der).chain(&self.sent).cloned().collect();
        CertifiedKey::new(chain, key)
    }

    fn pair(&self) -> EcdsaKeyPair {
        let rng = SystemRandom::new();
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, self.key.secret_pkcs8_der(), &rng).unwrap()
    }
}

/// A certificate to be made: of version 3, without extensions, valid from yesterday until tomorrow.
#[derive(Clone)]
pub(super) struct Template {
    subject: String,
    version: Version,
    extensions: Vec<Extension>,
    from: SystemTime,
    to: SystemTime,
}

impl Template {
    /// For a subject such as `CN=db.example.com`.
    pub(super) fn new(subject: &str) -> Self {
        let now = SystemTime::now();
        Self {
            subject: subject.to_owned(),
            version: Version::V3,
            extensions: Vec::new(),
            from: now - DAY,
            to: now + DAY,
        }
    }

    pub(super) fn authority(subject: &str) -> Self {
        Self::new(subject).authority_over(None)
    }

    /// Makes it an authority, with at most so many others between it and a server's certificate.
    pub(super) fn authority_over(self, path_len_constraint: Option<u8>) -> Self {
        self.with(
            true,
            &BasicConstraints {
                ca: true,
                path_len_constraint,
            },
        )
    }

    /// Of version 1, which knows no extensions.
    pub(super) fn version_1(mut self) -> Self {
        self.version = Version::V1;
        self
    }

    pub(super) fn for_name(self, name: &str) -> Self {
        self.with(
            false,
            &SubjectAltName(vec![GeneralName::DnsName(Ia5String::new(name).unwrap())]),
        )
    }

    pub(super) fn for_address(self, octets: &[u8]) -> Self {
        self.with(
            false,
            &SubjectAltName(vec![GeneralName::IpAddress(OctetString::new(octets).unwrap())]),
        )
    }

    pub(super) fn expired(mut self) -> Self {
        self.to = self.from + Duration::from_secs(1);
        self
    }

    pub(super) fn with<E: AssociatedOid + Encode>(mut self, critical: bool, extension: &E) -> Self {
        let extn_value = OctetString::new(extension.to_der().unwrap()).unwrap();
        self.extensions.push(Extension {
            extn_id: E::OID,
            critical,
            extn_value,
        });
        self
    }

    pub(super) fn with_unknown_critical_extension(mut self) -> Self {
        let extn_id = "1.2.3.4.5".parse().unwrap();
        let extn_value = OctetString::new([5, 0]).unwrap();
        self.extensions.push(Extension {
            extn_id,
            critical: true,
            extn_value,
        });
        self
    }

    pub(super) fn self_signed(self) -> Identity {
        let key = new_key();
        let issuer = Identity {
            der: Vec::new().into(),
            sent: Vec::new(),
            subject: self.subject.clone(),
            key,
        };
        let der = self.signed(&issuer, &issuer.pair());
        Identity { der, ..issuer }
    }

    pub(super) fn issued_by(self, issuer: &Identity) -> Identity {
        let key = new_key();
        let subject = self.subject.clone();
        let mut identity = Identity {
            der: Vec::new().into(),
            sent: Vec::new(),
            subject,
            key,
        };
        identity.der = self.signed(issuer, &identity.pair());
        identity
    }

    fn signed(self, issuer: &Identity, subject_pair: &EcdsaKeyPair) -> CertificateDer<'static> {
        let signature_algorithm = AlgorithmIdentifierOwned {
            oid: ECDSA_WITH_SHA_256,
            parameters: None,
        };
        let curve = Some(Any::encode_from(&SECP_256_R_1).unwrap());
        let tbs_certificate = TbsCertificate {
            version: self.version,
            serial_number: SerialNumber::new(&[1]).unwrap(),
            signature: signature_algorithm.clone(),
            issuer: issuer.subject.parse().unwrap(),
            validity: Validity {
                not_before: time(self.from),
                not_after: time(self.to),
            },
            subject: self.subject.parse().unwrap(),
            subject_public_key_info: SubjectPublicKeyInfoOwned {
                algorithm: AlgorithmIdentifierOwned {
                    oid: ID_EC_PUBLIC_KEY,
                    parameters: curve,
                },
                subject_public_key: BitString::from_bytes(subject_pair.public_key().as_ref()).unwrap(),
            },
            issuer_unique_id: None,
            subject_unique_id: None,
            extensions: Some(self.extensions).filter(|extensions| !extensions.is_empty()),
        };
        let signed = tbs_certificate.to_der().unwrap();
        let signature = issuer.pair().sign(&SystemRandom::new(), &signed).unwrap();
        let signature = BitString::from_bytes(signature.as_ref()).unwrap();
        let certificate = x509_cert::Certificate {
            tbs_certificate,
            signature_algorithm,
            signature,
        };
        certificate.to_der().unwrap().into()
    }
}

fn new_key() -> PrivatePkcs8KeyDer<'static> {
    let rng = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &rng).unwrap();
    PrivatePkcs8KeyDer::from(document.as_ref().to_vec())
}

fn time(moment: SystemTime) -> Time {
    Time::try_from(moment).unwrap()
}

fn pem(label: &str, der: &[u8]) -> String {
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        BASE64_STANDARD.encode(der)
    )
}
