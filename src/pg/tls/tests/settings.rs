//! What the settings do, and which are refused.

use std::sync::Arc;

use rustls::crypto::ring::default_provider;
use rustls::server::{ServerConfig, WebPkiClientVerifier};
use rustls::sign::SingleCertAndKey;
use rustls::RootCertStore;

use super::super::test_certificates::Template;
use super::super::{all_versions, connector, TlsConfig, TlsVersion};
use super::{server_config, shake_hands, trusting, unverified, HOST};

#[test]
fn only_the_wanted_versions_are_spoken() {
    let server = Template::new("CN=db.example.com").self_signed();
    let tls = TlsConfig {
        versions: vec![TlsVersion::V13],
        ..trusting(&[&server])
    };
    assert!(shake_hands(&tls, server_config(&server, &[TlsVersion::V12]), false).is_err());
    assert!(shake_hands(&tls, server_config(&server, &all_versions()), false).is_ok());
}

#[test]
fn the_name_is_announced_and_an_address_is_not() {
    let server = Template::new("CN=x").self_signed();
    for (name, announced) in [(HOST, Some(HOST)), ("10.0.0.1", None)] {
        let tls = TlsConfig {
            servername: Some(name.to_owned()),
            ..unverified()
        };
        let (_, connection) = shake_hands(&tls, server_config(&server, &all_versions()), false).unwrap();
        assert_eq!(connection.server_name(), announced);
    }
}

#[test]
fn direct_connections_announce_the_protocol() {
    let identity = Template::new("CN=x").self_signed();
    let mut server = server_config(&identity, &all_versions());
    server.alpn_protocols = vec![b"postgresql".to_vec()];
    let (client, _) = shake_hands(&unverified(), server, true).unwrap();
    assert_eq!(client.alpn_protocol(), Some(b"postgresql".as_slice()));
}

#[test]
fn a_client_shows_its_certificate() {
    let server = Template::new("CN=db.example.com").self_signed();
    let root = Template::authority("CN=clients").self_signed();
    let client = Template::new("CN=alice").issued_by(&root);
    let mut roots = RootCertStore::empty();
    roots.add(root.der.clone()).unwrap();
    let provider = Arc::new(default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), Arc::clone(&provider))
        .build()
        .unwrap();
    let config = || {
        ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(Arc::clone(&verifier))
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(server.certified_key())))
    };
    assert!(shake_hands(&trusting(&[&server]), config(), false).is_err());
    let tls = TlsConfig {
        cert: Some(client.pem()),
        key: Some(client.key_pem()),
        ..trusting(&[&server])
    };
    let (_, connection) = shake_hands(&tls, config(), false).unwrap();
    assert_eq!(connection.peer_certificates().unwrap(), [client.der]);
}

#[test]
fn a_client_certificate_may_be_of_version_1() {
    let client = Template::new("CN=alice").version_1().self_signed();
    let tls = TlsConfig {
        cert: Some(client.pem()),
        key: Some(client.key_pem()),
        ..unverified()
    };
    assert!(connector(&tls, false).is_ok());
}

#[test]
fn unusable_settings_are_refused() {
    let identity = Template::new("CN=x").self_signed();
    let other = Template::new("CN=x").self_signed();
    let refusal = |tls: TlsConfig| connector(&tls, false).err().unwrap().to_string();
    let with = |cert: String, key: String| TlsConfig {
        cert: Some(cert),
        key: Some(key),
        ..unverified()
    };
    let cases = [
        (
            TlsConfig {
                ca: None,
                ..trusting(&[])
            },
            "certification authorities",
        ),
        (
            TlsConfig {
                ca: Some(vec!["text".into()]),
                ..trusting(&[])
            },
            "\"ssl.ca\" is not a usable PEM text",
        ),
        (
            TlsConfig {
                servername: Some("a b".into()),
                ..unverified()
            },
            "\"a b\" is no host name",
        ),
        (
            with("text".into(), identity.key_pem()),
            "\"ssl.cert\" is not a usable PEM text",
        ),
        (
            with(identity.pem(), "text".into()),
            "\"ssl.key\" is not a usable PEM text",
        ),
        (
            with(identity.pem(), other.key_pem()),
            "the key is not the one of the certificate",
        ),
        (
            TlsConfig {
                versions: Vec::new(),
                ..unverified()
            },
            "TLS settings are unusable",
        ),
    ];
    for (tls, expected) in cases {
        let message = refusal(tls);
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn names_the_host_where_no_name_is_given() {
    let named = connector(&unverified(), false).unwrap();
    assert_eq!(named.servername.as_deref(), Some(HOST));
    let absolute = TlsConfig {
        servername: Some("db.example.com.".into()),
        ..unverified()
    };
    assert_eq!(
        connector(&absolute, false).unwrap().servername.as_deref(),
        Some(HOST)
    );
    let unnamed = TlsConfig {
        servername: None,
        ..unverified()
    };
    assert_eq!(connector(&unnamed, false).unwrap().servername, None);
}

#[test]
fn debug_output_holds_no_secret() {
    let identity = Template::new("CN=x").self_signed();
    let tls = TlsConfig {
        cert: Some(identity.pem()),
        key: Some(identity.key_pem()),
        ..unverified()
    };
    let shown = format!("{tls:?}");
    assert!(shown.contains("key: true") && !shown.contains("BEGIN"), "{shown}");
}
