//! What a login is bound to: the hash of the server's certificate, `tls-server-end-point` of RFC 5929.

use const_oid::db::rfc5912::{
    ECDSA_WITH_SHA_256, ECDSA_WITH_SHA_384, ECDSA_WITH_SHA_512, ID_RSASSA_PSS, ID_SHA_1, ID_SHA_256,
    ID_SHA_384, ID_SHA_512, SHA_1_WITH_RSA_ENCRYPTION, SHA_256_WITH_RSA_ENCRYPTION,
    SHA_384_WITH_RSA_ENCRYPTION, SHA_512_WITH_RSA_ENCRYPTION,
};
use const_oid::db::rfc8410::ID_ED_25519;
use der::asn1::ObjectIdentifier;
use sha2::{Digest, Sha256, Sha384, Sha512};
use spki::AlgorithmIdentifierRef;

use super::certificate::Certificate;

/// Algorithms that are not in the library's list.
const MD5: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.2.5");
const MD5_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.4");
const ECDSA_WITH_SHA_1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.1");

/// The hash of a certificate, by the algorithm that its signature names; `None` where that names none.
///
/// The table is the one of `pg`: an algorithm for which `pg` gives up, such as SHA-224, has no hash here either.
#[must_use]
pub fn end_point(der: &[u8]) -> Option<Vec<u8>> {
    let certificate = Certificate::parse(der).ok()?;
    let hash = match hash_of(certificate.signature_algorithm)? {
        Hash::Sha256 => Sha256::digest(der).to_vec(),
        Hash::Sha384 => Sha384::digest(der).to_vec(),
        Hash::Sha512 => Sha512::digest(der).to_vec(),
    };
    Some(hash)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

fn hash_of(signature: AlgorithmIdentifierRef<'_>) -> Option<Hash> {
    match signature.oid {
        // MD5 and SHA-1 are too weak to bind anything: RFC 5929 puts SHA-256 in their place.
        MD5_WITH_RSA
        | SHA_1_WITH_RSA_ENCRYPTION
        | ECDSA_WITH_SHA_1
        | SHA_256_WITH_RSA_ENCRYPTION
        | ECDSA_WITH_SHA_256 => Some(Hash::Sha256),
        SHA_384_WITH_RSA_ENCRYPTION | ECDSA_WITH_SHA_384 => Some(Hash::Sha384),
        SHA_512_WITH_RSA_ENCRYPTION | ECDSA_WITH_SHA_512 | ID_ED_25519 => Some(Hash::Sha512),
        ID_RSASSA_PSS => match hash_parameter(signature)? {
            MD5 | ID_SHA_1 | ID_SHA_256 => Some(Hash::Sha256),
            ID_SHA_384 => Some(Hash::Sha384),
            ID_SHA_512 => Some(Hash::Sha512),
            _ => None,
        },
        _ => None,
    }
}

/// The hash that the parameters of RSASSA-PSS name (RFC 4055). Without one it is SHA-1, which `pg` does not know.
fn hash_parameter(signature: AlgorithmIdentifierRef<'_>) -> Option<ObjectIdentifier> {
    let parameters = signature.parameters?;
    let hash = parameters
        .sequence(|reader| {
            let hash = der::asn1::ContextSpecific::<AlgorithmIdentifierRef<'_>>::decode_explicit(
                reader,
                der::TagNumber::N0,
            )?;
            // The other parameters do not matter here.
            let rest = der::Reader::remaining_len(reader);
            der::Reader::read_slice(reader, rest)?;
            Ok(hash)
        })
        .ok()??;
    Some(hash.value.oid)
}

#[cfg(test)]
mod tests;
