//! Whole handshakes between the client of this module and servers with certificates of every kind.

use std::sync::Arc;

use rustls::crypto::ring::default_provider;
use rustls::server::{ResolvesServerCert, ServerConfig};
use rustls::sign::SingleCertAndKey;
use rustls::{CertificateError, ClientConnection, Error, ServerConnection};
use rustls_pki_types::ServerName;

use super::test_certificates::{Identity, Template};
use super::*;

mod chains;
mod settings;

const HOST: &str = "db.example.com";

fn trusting(authorities: &[&Identity]) -> TlsConfig {
    TlsConfig {
        ca: Some(authorities.iter().map(|authority| authority.pem()).collect()),
        cert: None,
        key: None,
        verify: true,
        verify_name: true,
        partial_chain: false,
        versions: all_versions(),
        servername: Some(HOST.to_owned()),
    }
}

fn unverified() -> TlsConfig {
    TlsConfig {
        ca: None,
        verify: false,
        ..trusting(&[])
    }
}

fn server_config(identity: &Identity, versions: &[TlsVersion]) -> ServerConfig {
    let tls = TlsConfig {
        versions: versions.to_vec(),
        ..unverified()
    };
    let resolver: Arc<dyn ResolvesServerCert> = Arc::new(SingleCertAndKey::from(identity.certified_key()));
    ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&supported_versions(&tls))
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(resolver)
}

/// Runs a handshake; the connections are those at its end.
fn shake_hands(
    tls: &TlsConfig,
    server: ServerConfig,
    direct: bool,
) -> Result<(ClientConnection, ServerConnection), Error> {
    let name = ServerName::try_from(tls.servername.clone().unwrap()).unwrap();
    let mut client = ClientConnection::new(Arc::new(client_config(tls, direct).unwrap()), name).unwrap();
    let mut server = ServerConnection::new(Arc::new(server)).unwrap();
    while client.is_handshaking() || server.is_handshaking() {
        let mut bytes = Vec::new();
        client.write_tls(&mut bytes).unwrap();
        server.read_tls(&mut bytes.as_slice()).unwrap();
        server.process_new_packets()?;
        let mut bytes = Vec::new();
        server.write_tls(&mut bytes).unwrap();
        client.read_tls(&mut bytes.as_slice()).unwrap();
        client.process_new_packets()?;
    }
    Ok((client, server))
}

/// The outcome of a handshake, the same in both versions of TLS.
fn connect(tls: &TlsConfig, identity: &Identity) -> Result<(), CertificateError> {
    let [older, newer] = [TlsVersion::V12, TlsVersion::V13].map(|version| {
        match shake_hands(tls, server_config(identity, &[version]), false) {
            Ok(_) => Ok(()),
            Err(Error::InvalidCertificate(error)) => Err(error),
            Err(error) => panic!("unexpected: {error}"),
        }
    });
    // By their texts: two errors of another library are never equal.
    assert_eq!(format!("{older:?}"), format!("{newer:?}"));
    newer
}

fn wrong_name(presented: &[&str]) -> Result<(), CertificateError> {
    Err(CertificateError::NotValidForNameContext {
        expected: ServerName::try_from(HOST).unwrap(),
        presented: presented.iter().map(ToString::to_string).collect(),
    })
}

/// Server certificates that `webpki` verifies, and such that this crate verifies.
fn both_kinds() -> [Template; 2] {
    [
        Template::new("CN=db.example.com"),
        Template::new("CN=db.example.com").version_1(),
    ]
}

#[test]
fn a_certificate_of_a_trusted_authority_is_for_its_names_only() {
    let root = Template::authority("CN=root").self_signed();
    let tls = trusting(&[&root]);
    assert_eq!(
        connect(&tls, &Template::new("CN=x").for_name(HOST).issued_by(&root)),
        Ok(())
    );
    assert_eq!(
        connect(
            &tls,
            &Template::new("CN=x").for_name("*.example.com").issued_by(&root)
        ),
        Ok(())
    );
    let other = Template::new("CN=db.example.com")
        .for_name("other")
        .issued_by(&root);
    assert_eq!(connect(&tls, &other), wrong_name(&["other"]));
    assert_eq!(
        connect(
            &TlsConfig {
                verify_name: false,
                ..tls
            },
            &other
        ),
        Ok(())
    );
}

#[test]
fn a_common_name_will_do_where_there_is_no_other() {
    let root = Template::authority("CN=root").self_signed();
    assert_eq!(
        connect(
            &trusting(&[&root]),
            &Template::new("CN=db.example.com").issued_by(&root)
        ),
        Ok(())
    );
    let other = Template::new("CN=other,O=db.example.com").issued_by(&root);
    assert_eq!(connect(&trusting(&[&root]), &other), wrong_name(&["other"]));
}

#[test]
fn an_address_is_verified_as_an_address() {
    let root = Template::authority("CN=root").self_signed();
    let server = Template::new("CN=x")
        .for_address(&[127, 0, 0, 1])
        .issued_by(&root);
    let mut tls = trusting(&[&root]);
    tls.servername = Some("127.0.0.1".to_owned());
    assert_eq!(connect(&tls, &server), Ok(()));
    tls.servername = Some("127.0.0.2".to_owned());
    assert!(connect(&tls, &server).is_err());
}

#[test]
fn without_verification_every_server_will_do() {
    let template = Template::new("CN=other").expired();
    assert_eq!(connect(&unverified(), &template.clone().self_signed()), Ok(()));
    assert_eq!(
        connect(&unverified(), &template.version_1().self_signed()),
        Ok(())
    );
}

#[test]
fn a_server_must_hold_the_key_of_its_certificate() {
    let root = Template::authority("CN=root").self_signed();
    for template in both_kinds() {
        let mut impostor = template.issued_by(&root);
        impostor.key = Template::new("CN=x").self_signed().key;
        assert_eq!(
            connect(&trusting(&[&root]), &impostor),
            Err(CertificateError::BadSignature)
        );
    }
}
