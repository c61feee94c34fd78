//! Whole handshakes between the client of this module and servers that hold their key, or do not.

use rustls::crypto::ring::default_provider;
use rustls::server::{ResolvesServerCert, ServerConfig, WebPkiClientVerifier};
use rustls::{CertificateError, ClientConnection, Error, HandshakeKind, RootCertStore, ServerConnection};

use super::test_certificates::Identity;
use super::*;

const HOST: &str = "db.example.com";
const BOTH: [TlsVersion; 2] = [TlsVersion::V12, TlsVersion::V13];

fn settings() -> TlsConfig {
    TlsConfig {
        cert: None,
        versions: BOTH.to_vec(),
        servername: None,
        application_protocols: Vec::new(),
    }
}

fn connector(tls: &TlsConfig) -> TlsConnector {
    TlsConnector::new(tls, None, false).unwrap()
}

fn server_config(identity: &Identity, versions: &[TlsVersion]) -> ServerConfig {
    let tls = TlsConfig {
        versions: versions.to_vec(),
        ..settings()
    };
    let resolver: Arc<dyn ResolvesServerCert> = Arc::new(SingleCertAndKey::from(identity.certified_key()));
    ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&supported_versions(&tls))
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(resolver)
}

/// Runs a handshake with the server at `host`; the connections are those at its end.
fn shake_hands(
    client: &TlsConnector,
    host: &str,
    server: &Arc<ServerConfig>,
) -> Result<(ClientConnection, ServerConnection), Error> {
    let name = client.announced_name(host);
    let mut client = ClientConnection::new(Arc::clone(&client.config), name).unwrap();
    let mut server = ServerConnection::new(Arc::clone(server)).unwrap();
    while client.is_handshaking() || server.is_handshaking() {
        let mut bytes = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut bytes).unwrap();
        }
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            server.read_tls(&mut rest).unwrap();
            server.process_new_packets()?;
        }
        let mut bytes = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut bytes).unwrap();
        }
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            client.read_tls(&mut rest).unwrap();
            client.process_new_packets()?;
        }
    }
    Ok((client, server))
}

#[test]
fn a_server_must_hold_the_key_of_the_certificate_that_it_shows() {
    for real in [Identity::new(), Identity::of_version_1()] {
        let impostor = real.with_key_of(&Identity::new());
        for version in BOTH {
            let shown = |identity| {
                let server = Arc::new(server_config(identity, &[version]));
                shake_hands(&connector(&settings()), HOST, &server)
            };
            assert!(shown(&real).is_ok(), "{version:?}");
            assert_eq!(
                shown(&impostor).err(),
                Some(Error::InvalidCertificate(CertificateError::BadSignature)),
                "{version:?}"
            );
        }
    }
}

#[test]
fn a_chain_has_a_hundred_certificates_at_most() {
    let identity = Identity::new();
    for (count, accepted) in [(100, true), (101, false)] {
        let mut certified = identity.certified_key();
        certified.cert = vec![identity.der.clone(); count];
        let resolver: Arc<dyn ResolvesServerCert> = Arc::new(SingleCertAndKey::from(certified));
        let server = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(resolver);
        let done = shake_hands(&connector(&settings()), HOST, &Arc::new(server));
        assert_eq!(done.is_ok(), accepted, "{count}");
    }
}

#[test]
fn no_session_is_resumed() {
    let identity = Identity::new();
    for version in BOTH {
        let server = Arc::new(server_config(&identity, &[version]));
        let client = connector(&settings());
        for _ in 0..3 {
            let (connection, _) = shake_hands(&client, HOST, &server).unwrap();
            assert_eq!(connection.handshake_kind(), Some(HandshakeKind::Full));
        }
    }
}

#[test]
fn only_the_wanted_versions_are_spoken() {
    let identity = Identity::new();
    let tls = TlsConfig {
        versions: vec![TlsVersion::V13],
        ..settings()
    };
    let with = |versions: &[TlsVersion]| {
        shake_hands(
            &connector(&tls),
            HOST,
            &Arc::new(server_config(&identity, versions)),
        )
    };
    assert!(with(&[TlsVersion::V12]).is_err());
    assert!(with(&BOTH).is_ok());
}

#[test]
fn a_name_is_announced_and_an_address_is_not() {
    let server = Arc::new(server_config(&Identity::new(), &BOTH));
    let cases = [
        (HOST, None, Some(HOST)),
        ("db.example.com.", None, Some(HOST)),
        (HOST, Some("other"), Some(HOST)),
        ("10.0.0.1", None, None),
        ("::1", Some("other"), Some("other")),
        ("10.0.0.1", Some("10.0.0.2"), None),
        ("a b", None, None),
        ("127.1", None, None),
        ("/run/postgresql", None, None),
    ];
    for (host, servername, announced) in cases {
        let tls = TlsConfig {
            servername: servername.map(str::to_owned),
            ..settings()
        };
        let (_, connection) = shake_hands(&connector(&tls), host, &server).unwrap();
        assert_eq!(connection.server_name(), announced, "{host}");
    }
}

#[test]
fn direct_connections_announce_the_protocol_and_others_what_is_configured() {
    let mut server = server_config(&Identity::new(), &BOTH);
    server.alpn_protocols = vec![b"other".to_vec(), b"postgresql".to_vec()];
    let server = Arc::new(server);
    let tls = TlsConfig {
        application_protocols: vec!["other".to_owned()],
        ..settings()
    };
    for (direct, announced) in [(true, b"postgresql".as_slice()), (false, b"other")] {
        let client = TlsConnector::new(&tls, None, direct).unwrap();
        let (client, _) = shake_hands(&client, HOST, &server).unwrap();
        assert_eq!(client.alpn_protocol(), Some(announced));
    }
}

/// A server that asks for a certificate, and accepts this one.
fn server_for(client: &Identity) -> Arc<ServerConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(client.der.clone()).unwrap();
    let provider = Arc::new(default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), Arc::clone(&provider))
        .allow_unauthenticated()
        .build()
        .unwrap();
    let resolver: Arc<dyn ResolvesServerCert> =
        Arc::new(SingleCertAndKey::from(Identity::new().certified_key()));
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(resolver);
    Arc::new(config)
}

fn with_certificate(identity: &Identity) -> TlsConfig {
    TlsConfig {
        cert: Some(identity.pem()),
        ..settings()
    }
}

#[test]
fn a_client_shows_its_certificate_where_it_has_the_key() {
    let client = Identity::new();
    let tls = with_certificate(&client);
    let without_key = TlsConnector::new(&tls, None, false).unwrap();
    let (_, connection) = shake_hands(&without_key, HOST, &server_for(&client)).unwrap();
    assert_eq!(connection.peer_certificates(), None);
    let key = client.private_key();
    assert!(TlsConnector::new(&tls, Some(&key), false).is_ok());
    let of_version_1 = Identity::of_version_1();
    let key = of_version_1.private_key();
    assert!(TlsConnector::new(&with_certificate(&of_version_1), Some(&key), false).is_ok());
}

#[test]
fn unusable_settings_are_refused() {
    let identity = Identity::new();
    let refusal = |tls: &TlsConfig, key: PrivateKey| {
        let refused = TlsConnector::new(tls, Some(&key), false);
        refused.err().unwrap().to_string()
    };
    let foreign = refusal(&with_certificate(&identity), Identity::new().private_key());
    assert!(
        foreign.contains("the key is not the one of the certificate"),
        "{foreign}"
    );
    let garbage = refusal(&with_certificate(&identity), PrivateKey::new(b"text".to_vec()));
    assert!(garbage.contains("the client certificate"), "{garbage}");
    let tls = TlsConfig {
        cert: Some("text".into()),
        ..settings()
    };
    let empty = refusal(&tls, identity.private_key());
    assert!(empty.contains("the client certificate"), "{empty}");
    let tls = TlsConfig {
        versions: Vec::new(),
        ..settings()
    };
    let none = refusal(&tls, identity.private_key());
    assert!(none.contains("TLS settings are unusable"), "{none}");
}
