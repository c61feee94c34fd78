//! Certificates for the tests.

use std::time::{Duration, SystemTime};

use base64::prelude::{Engine, BASE64_STANDARD};
use ring::rand::SystemRandom;
use ring::signature::{EcdsaKeyPair, KeyPair, ECDSA_P256_SHA256_ASN1_SIGNING};
use rustls::crypto::ring::default_provider;
use rustls::sign::CertifiedKey;
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use x509_cert::der::asn1::BitString;
use x509_cert::der::oid::db::rfc5912::{ECDSA_WITH_SHA_256, ID_EC_PUBLIC_KEY, SECP_256_R_1};
use x509_cert::der::{Any, Encode};
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::time::{Time, Validity};
use x509_cert::{TbsCertificate, Version};

use super::PrivateKey;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A certificate that is signed with its own key, and that key.
pub(super) struct Identity {
    pub(super) der: CertificateDer<'static>,
    key: PrivatePkcs8KeyDer<'static>,
}

impl Identity {
    /// One of version 3.
    pub(super) fn new() -> Self {
        Self::of_version(Version::V3)
    }

    /// One in the form from before there were extensions.
    pub(super) fn of_version_1() -> Self {
        Self::of_version(Version::V1)
    }

    fn of_version(version: Version) -> Self {
        let key = new_key();
        let pair = pair_of(&key);
        let der = certificate(version, &pair).to_der().unwrap().into();
        Self { der, key }
    }

    /// This certificate with the key of another one: what a man in the middle has.
    pub(super) fn with_key_of(&self, other: &Self) -> Self {
        Self {
            der: self.der.clone(),
            key: other.key.clone_key(),
        }
    }

    /// The certificate as a PEM text.
    pub(super) fn pem(&self) -> String {
        let content = BASE64_STANDARD.encode(&self.der);
        format!("-----BEGIN CERTIFICATE-----\n{content}\n-----END CERTIFICATE-----\n")
    }

    /// The key in the form in which the settings have it.
    pub(super) fn private_key(&self) -> PrivateKey {
        PrivateKey::new(self.key.secret_pkcs8_der().to_vec())
    }

    /// What a TLS server works with.
    pub(super) fn certified_key(&self) -> CertifiedKey {
        let key = default_provider()
            .key_provider
            .load_private_key(self.key.clone_key().into())
            .unwrap();
        CertifiedKey::new(vec![self.der.clone()], key)
    }
}

/// A certificate that says of itself to be signed with this algorithm.
pub(super) fn signed_with(algorithm: AlgorithmIdentifierOwned) -> Vec<u8> {
    let mut certificate = certificate(Version::V3, &pair_of(&new_key()));
    certificate.signature_algorithm = algorithm;
    certificate.to_der().unwrap()
}

fn certificate(version: Version, pair: &EcdsaKeyPair) -> x509_cert::Certificate {
    let now = SystemTime::now();
    let signature_algorithm = AlgorithmIdentifierOwned {
        oid: ECDSA_WITH_SHA_256,
        parameters: None,
    };
    let tbs_certificate = TbsCertificate {
        version,
        serial_number: SerialNumber::new(&[1]).unwrap(),
        signature: signature_algorithm.clone(),
        issuer: "CN=x".parse().unwrap(),
        validity: Validity {
            not_before: Time::try_from(now - DAY).unwrap(),
            not_after: Time::try_from(now + DAY).unwrap(),
        },
        subject: "CN=x".parse().unwrap(),
        subject_public_key_info: SubjectPublicKeyInfoOwned {
            algorithm: AlgorithmIdentifierOwned {
                oid: ID_EC_PUBLIC_KEY,
                parameters: Some(Any::encode_from(&SECP_256_R_1).unwrap()),
            },
            subject_public_key: BitString::from_bytes(pair.public_key().as_ref()).unwrap(),
        },
        issuer_unique_id: None,
        subject_unique_id: None,
        extensions: None,
    };
    let signed = tbs_certificate.to_der().unwrap();
    let signature = pair.sign(&SystemRandom::new(), &signed).unwrap();
    x509_cert::Certificate {
        tbs_certificate,
        signature_algorithm,
        signature: BitString::from_bytes(signature.as_ref()).unwrap(),
    }
}

fn new_key() -> PrivatePkcs8KeyDer<'static> {
    let rng = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &rng).unwrap();
    PrivatePkcs8KeyDer::from(document.as_ref().to_vec())
}

fn pair_of(key: &PrivatePkcs8KeyDer<'_>) -> EcdsaKeyPair {
    let rng = SystemRandom::new();
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, key.secret_pkcs8_der(), &rng).unwrap()
}
