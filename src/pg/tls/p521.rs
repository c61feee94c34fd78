//! ECDSA on the curve P-521, which the TLS library lacks and `pg` has. In TLS 1.2 any hash can go with it.

use p521::ecdsa::signature::hazmat::PrehashVerifier;
use p521::ecdsa::{DerSignature, Signature, VerifyingKey};
use rustls::SignatureScheme;
use rustls_pki_types::{alg_id, AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm};
use sha2::{Digest, Sha256, Sha384, Sha512};

/// The scheme with this curve, which is also the one for TLS 1.3.
pub(super) const SCHEME: SignatureScheme = SignatureScheme::ECDSA_NISTP521_SHA512;

/// The algorithm that an ECDSA scheme stands for with a key on this curve.
pub(super) fn algorithm_of(scheme: SignatureScheme) -> Option<&'static dyn SignatureVerificationAlgorithm> {
    match scheme {
        SignatureScheme::ECDSA_NISTP256_SHA256 => Some(&EcdsaP521::Sha256),
        SignatureScheme::ECDSA_NISTP384_SHA384 => Some(&EcdsaP521::Sha384),
        SCHEME => Some(&EcdsaP521::Sha512),
        _ => None,
    }
}

/// The algorithm, with the hash of the message.
#[derive(Debug)]
enum EcdsaP521 {
    Sha256,
    Sha384,
    Sha512,
}

/// The length of the longest hash, to which the others are filled up: the library refuses short ones.
const HASH_BYTES: usize = 64;

impl EcdsaP521 {
    /// The hash of a message as a number of constant length, zeros first.
    fn hash(&self, message: &[u8]) -> [u8; HASH_BYTES] {
        let mut number = [0; HASH_BYTES];
        let mut put = |hash: &[u8]| number[HASH_BYTES - hash.len()..].copy_from_slice(hash);
        match self {
            Self::Sha256 => put(&Sha256::digest(message)),
            Self::Sha384 => put(&Sha384::digest(message)),
            Self::Sha512 => put(&Sha512::digest(message)),
        }
        number
    }
}

impl SignatureVerificationAlgorithm for EcdsaP521 {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        let key = VerifyingKey::from_sec1_bytes(public_key).map_err(|_| InvalidSignature)?;
        let signature = DerSignature::try_from(signature).map_err(|_| InvalidSignature)?;
        let signature = Signature::try_from(signature).map_err(|_| InvalidSignature)?;
        key.verify_prehash(&self.hash(message), &signature)
            .map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_P521
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        match self {
            Self::Sha256 => alg_id::ECDSA_SHA256,
            Self::Sha384 => alg_id::ECDSA_SHA384,
            Self::Sha512 => alg_id::ECDSA_SHA512,
        }
    }
}
