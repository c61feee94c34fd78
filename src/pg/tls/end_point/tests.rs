use der::{Any, Encode};
use spki::AlgorithmIdentifierOwned;

use super::super::test_certificates::signed_with;
use super::*;

fn algorithm(oid: &str) -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned {
        oid: oid.parse().unwrap(),
        parameters: None,
    }
}

/// RSASSA-PSS with this hash, or without parameters.
fn pss(hash: Option<&str>) -> AlgorithmIdentifierOwned {
    let parameters = hash.map(|hash| {
        let explicit = der::asn1::ContextSpecific {
            tag_number: der::TagNumber::N0,
            tag_mode: der::TagMode::Explicit,
            value: algorithm(hash),
        };
        let salt_length = der::asn1::ContextSpecific {
            tag_number: der::TagNumber::N2,
            tag_mode: der::TagMode::Explicit,
            value: 32_u8,
        };
        let content = [explicit.to_der().unwrap(), salt_length.to_der().unwrap()].concat();
        Any::new(der::Tag::Sequence, content).unwrap()
    });
    AlgorithmIdentifierOwned {
        parameters,
        ..algorithm("1.2.840.113549.1.1.10")
    }
}

/// The length of the hash of a certificate that is signed in this way, in bits.
fn bits(algorithm: AlgorithmIdentifierOwned) -> Option<usize> {
    end_point(&signed_with(algorithm)).map(|hash| hash.len() * 8)
}

#[test]
fn the_hash_is_the_one_of_the_signature() {
    for (oid, expected) in [
        ("1.2.840.113549.1.1.11", 256),
        ("1.2.840.113549.1.1.12", 384),
        ("1.2.840.113549.1.1.13", 512),
        ("1.2.840.10045.4.3.2", 256),
        ("1.2.840.10045.4.3.3", 384),
        ("1.2.840.10045.4.3.4", 512),
        ("1.3.101.112", 512),
    ] {
        assert_eq!(bits(algorithm(oid)), Some(expected), "{oid}");
    }
    for (hash, expected) in [
        ("2.16.840.1.101.3.4.2.1", 256),
        ("2.16.840.1.101.3.4.2.2", 384),
        ("2.16.840.1.101.3.4.2.3", 512),
    ] {
        assert_eq!(bits(pss(Some(hash))), Some(expected), "{hash}");
    }
}

#[test]
fn hashes_that_are_broken_give_way_to_sha_256() {
    for oid in [
        "1.2.840.113549.1.1.4",
        "1.2.840.113549.1.1.5",
        "1.2.840.10045.4.1",
    ] {
        assert_eq!(bits(algorithm(oid)), Some(256), "{oid}");
    }
    for hash in ["1.2.840.113549.2.5", "1.3.14.3.2.26"] {
        assert_eq!(bits(pss(Some(hash))), Some(256), "{hash}");
    }
}

#[test]
fn there_is_none_where_pg_gives_up() {
    // SHA-224 in three forms, SHA-512/256, Ed448, something unknown
    for oid in [
        "1.2.840.113549.1.1.14",
        "1.2.840.10045.4.3.1",
        "1.2.840.113549.1.1.16",
        "1.3.101.113",
        "1.2.3.4",
    ] {
        assert_eq!(bits(algorithm(oid)), None, "{oid}");
    }
    assert_eq!(bits(pss(Some("2.16.840.1.101.3.4.2.4"))), None);
    assert_eq!(bits(pss(None)), None);
    assert_eq!(end_point(b"no certificate"), None);
}
