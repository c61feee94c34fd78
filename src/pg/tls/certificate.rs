//! The two parts of a certificate that matter once somebody else has judged it: its key, and the algorithm that it was
//! signed with.
//!
//! Not read by a library for certificates: those refuse some that OpenSSL, and hence `pg`, takes (version 1, odd serial
//! numbers, odd dates), and everything else in a certificate is the business of `pg`.

use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Decode, Encode, Header, Reader, SliceReader, Tag, TagNumber};
use spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};

/// The tag of the version, which certificates of version 1 lack.
const VERSION: Tag = Tag::ContextSpecific {
    constructed: true,
    number: TagNumber::N0,
};

/// Fields between the version and the key: serial number, signature, issuer, validity, subject.
const FIELDS_BEFORE_KEY: usize = 5;

/// What is read of a certificate.
pub(super) struct Certificate<'a> {
    /// The key of whoever shows the certificate.
    pub(super) public_key: PublicKey<'a>,
    /// What the issuer signed the certificate with.
    pub(super) signature_algorithm: AlgorithmIdentifierRef<'a>,
}

/// A public key.
pub(super) struct PublicKey<'a> {
    /// All of it, as a `SubjectPublicKeyInfo`.
    pub(super) info: SubjectPublicKeyInfoRef<'a>,
    /// The key itself, in the form of its algorithm.
    pub(super) key: &'a [u8],
}

impl<'a> Certificate<'a> {
    /// Reads the DER form of a certificate.
    pub(super) fn parse(der: &'a [u8]) -> der::Result<Self> {
        let content = AnyRef::from_der(der)?;
        content.sequence(|reader| {
            let to_be_signed = AnyRef::decode(reader)?;
            let signature_algorithm = AlgorithmIdentifierRef::decode(reader)?;
            let _signature = AnyRef::decode(reader)?;
            Ok(Self {
                public_key: public_key_in(to_be_signed)?,
                signature_algorithm,
            })
        })
    }
}

fn public_key_in(to_be_signed: AnyRef<'_>) -> der::Result<PublicKey<'_>> {
    let mut reader = SliceReader::new(to_be_signed.value())?;
    if reader.peek_header()?.tag == VERSION {
        skip(&mut reader)?;
    }
    for _ in 0..FIELDS_BEFORE_KEY {
        skip(&mut reader)?;
    }
    let info = SubjectPublicKeyInfoRef::decode(&mut reader)?;
    let key = info.subject_public_key.as_bytes();
    Ok(PublicKey {
        info,
        key: key.ok_or_else(|| Tag::BitString.value_error())?,
    })
}

fn skip<'a>(reader: &mut impl Reader<'a>) -> der::Result<()> {
    let header = Header::decode(reader)?;
    reader.read_slice(header.length).map(drop)
}

impl PublicKey<'_> {
    /// The algorithm of the key and its parameters, in DER, without the header: the form in which the TLS library names
    /// algorithms.
    pub(super) fn algorithm_id(&self) -> der::Result<Vec<u8>> {
        let whole = self.info.algorithm.to_der()?;
        Ok(AnyRef::from_der(&whole)?.value().to_vec())
    }

    /// What the key is for.
    pub(super) fn algorithm(&self) -> ObjectIdentifier {
        self.info.algorithm.oid
    }
}
