//! Which chains of certificates are trusted.

use rustls::crypto::ring::default_provider;
use rustls::CertificateError;
use rustls_pki_types::{ServerName, UnixTime};
use x509_cert::der::asn1::Ia5String;
use x509_cert::der::flagset::FlagSet;
use x509_cert::der::oid::db::rfc5280::{ID_KP_CLIENT_AUTH, ID_KP_SERVER_AUTH};
use x509_cert::ext::pkix::constraints::name::GeneralSubtree;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{ExtendedKeyUsage, KeyUsage, KeyUsages, NameConstraints};

use super::super::server_verifier;
use super::super::test_certificates::{Template, DAY};
use super::{both_kinds, connect, trusting, wrong_name, TlsConfig, HOST};

#[test]
fn an_unknown_authority_is_refused() {
    let (root, other) = (
        Template::authority("CN=a").self_signed(),
        Template::authority("CN=a").self_signed(),
    );
    let server = Template::new("CN=db.example.com").issued_by(&root);
    assert!(connect(&trusting(&[&other]), &server).is_err());
    assert_eq!(
        connect(&trusting(&[]), &server),
        Err(CertificateError::UnknownIssuer)
    );
    assert_eq!(connect(&trusting(&[&root, &other]), &server), Ok(()));
}

#[test]
fn a_self_signed_certificate_is_its_own_authority() {
    let usual = Template::new("CN=db.example.com");
    let old = usual.clone().version_1();
    let authority = Template::authority("CN=db.example.com");
    for template in [usual, old, authority] {
        let server = template.clone().self_signed();
        assert_eq!(connect(&trusting(&[&server]), &server), Ok(()));
        assert!(connect(&trusting(&[&template.clone().self_signed()]), &server).is_err());
        let elsewhere = TlsConfig {
            servername: Some("elsewhere".into()),
            ..trusting(&[&server])
        };
        assert!(connect(&elsewhere, &server).is_err());
        let expired = template.expired().self_signed();
        assert_eq!(
            connect(&trusting(&[&expired]), &expired),
            Err(CertificateError::Expired)
        );
    }
}

#[test]
fn a_self_signed_certificate_without_the_right_to_issue_vouches_for_itself_only() {
    let server = Template::new("CN=a").self_signed();
    let signing = Template::new("CN=a")
        .with(true, &key_usage(KeyUsages::DigitalSignature))
        .self_signed();
    for issuer in [server, signing] {
        let issued = Template::new("CN=db.example.com").issued_by(&issuer);
        assert!(connect(&trusting(&[&issuer]), &issued).is_err());
        let issued = Template::new("CN=db.example.com").version_1().issued_by(&issuer);
        assert!(connect(&trusting(&[&issuer]), &issued).is_err());
    }
}

#[test]
fn old_certificates_are_verified_too() {
    let old_root = Template::new("CN=root").version_1().self_signed();
    let root = Template::authority("CN=root").self_signed();
    let rogue = Template::authority("CN=root").self_signed();
    for root in [old_root, root] {
        let tls = trusting(&[&root]);
        let template = Template::new("CN=db.example.com").version_1();
        assert_eq!(connect(&tls, &template.clone().issued_by(&root)), Ok(()));
        let forged = template.clone().issued_by(&rogue).sending(&[&rogue]);
        assert_eq!(connect(&tls, &forged), Err(CertificateError::UnknownIssuer));
        let expired = template.expired().issued_by(&root);
        assert_eq!(connect(&tls, &expired), Err(CertificateError::Expired));
        let other = Template::new("CN=other").version_1().issued_by(&root);
        assert_eq!(connect(&tls, &other), wrong_name(&["other"]));
    }
}

#[test]
fn a_certificate_that_could_be_an_authority_can_be_a_server() {
    let root = Template::authority("CN=root").self_signed();
    let server = Template::authority("CN=db.example.com").issued_by(&root);
    assert_eq!(connect(&trusting(&[&root]), &server), Ok(()));
    let unknown = Template::authority("CN=db.example.com")
        .with_unknown_critical_extension()
        .issued_by(&root);
    assert_eq!(
        connect(&trusting(&[&root]), &unknown),
        Err(CertificateError::UnhandledCriticalExtension)
    );
}

#[test]
fn intermediate_authorities_are_followed() {
    let root = Template::authority("CN=root").self_signed();
    let upper = Template::authority("CN=upper").issued_by(&root);
    let lower = Template::authority("CN=lower").issued_by(&upper);
    for template in both_kinds() {
        let server = template.issued_by(&lower);
        assert_eq!(
            connect(&trusting(&[&root]), &server),
            Err(CertificateError::UnknownIssuer)
        );
        let server = server.sending(&[&upper]);
        assert_eq!(
            connect(&trusting(&[&root]), &server),
            Err(CertificateError::UnknownIssuer)
        );
        assert_eq!(connect(&trusting(&[&root, &lower]), &server), Ok(()));
        let server = server.sending(&[&lower, &upper]);
        assert_eq!(connect(&trusting(&[&root]), &server), Ok(()));
    }
}

#[test]
fn a_trusted_intermediate_authority_ends_a_chain_only_on_request() {
    let root = Template::authority("CN=root").self_signed();
    let intermediate = Template::authority("CN=intermediate").issued_by(&root);
    for template in both_kinds() {
        let server = template.issued_by(&intermediate);
        let tls = trusting(&[&intermediate]);
        assert_eq!(connect(&tls, &server), Err(CertificateError::UnknownIssuer));
        assert_eq!(
            connect(
                &TlsConfig {
                    partial_chain: true,
                    ..tls
                },
                &server
            ),
            Ok(())
        );
    }
}

#[test]
fn unfit_intermediates_are_refused() {
    let root = Template::authority("CN=root").self_signed();
    let unfit = [
        Template::new("CN=i"),
        Template::new("CN=i").version_1(),
        Template::authority("CN=i").expired(),
        Template::authority("CN=i").with(true, &key_usage(KeyUsages::DigitalSignature)),
        Template::authority("CN=i").with(false, &ExtendedKeyUsage(vec![ID_KP_CLIENT_AUTH])),
        Template::authority("CN=i").with_unknown_critical_extension(),
    ];
    for unfit in unfit {
        let intermediate = unfit.issued_by(&root);
        for template in both_kinds() {
            let server = template.issued_by(&intermediate).sending(&[&intermediate]);
            assert!(connect(&trusting(&[&root]), &server).is_err());
        }
    }
}

#[test]
fn the_allowed_length_of_the_chain_is_observed() {
    let root = Template::new("CN=root").authority_over(Some(1)).self_signed();
    let upper = Template::new("CN=upper").authority_over(Some(0)).issued_by(&root);
    let lower = Template::authority("CN=lower").issued_by(&upper);
    for template in both_kinds() {
        let server = template.clone().issued_by(&upper).sending(&[&upper]);
        assert_eq!(connect(&trusting(&[&root]), &server), Ok(()));
        let server = template.issued_by(&lower).sending(&[&lower, &upper]);
        assert!(connect(&trusting(&[&root]), &server).is_err());
    }
}

#[test]
fn the_length_that_a_root_allows_is_observed() {
    let root = Template::new("CN=root").authority_over(Some(0)).self_signed();
    let intermediate = Template::authority("CN=intermediate").issued_by(&root);
    for template in both_kinds() {
        assert_eq!(
            connect(&trusting(&[&root]), &template.clone().issued_by(&root)),
            Ok(())
        );
        let server = template.issued_by(&intermediate).sending(&[&intermediate]);
        assert!(connect(&trusting(&[&root]), &server).is_err());
    }
}

#[test]
fn circles_of_authorities_end() {
    let root = Template::authority("CN=root").self_signed();
    let a = Template::authority("CN=a").issued_by(&root);
    let b = Template::authority("CN=b").issued_by(&a);
    let (a, b) = (Template::authority("CN=a").issued_by(&b), b);
    for template in both_kinds() {
        let server = template.issued_by(&a).sending(&[&a, &b]);
        assert!(connect(&trusting(&[&root]), &server).is_err());
    }
}

#[test]
fn limits_on_names_are_observed() {
    let subtree = GeneralSubtree {
        base: GeneralName::DnsName(Ia5String::new("example.com").unwrap()),
        minimum: 0,
        maximum: None,
    };
    let limit = NameConstraints {
        permitted_subtrees: Some(vec![subtree]),
        excluded_subtrees: None,
    };
    let free = Template::authority("CN=free").self_signed();
    let limited = Template::authority("CN=limited").with(true, &limit);
    let [root, intermediate] = [limited.clone().self_signed(), limited.issued_by(&free)];
    for (issuer, anchor) in [(&root, &root), (&intermediate, &free)] {
        let check = |template: Template| {
            connect(
                &trusting(&[anchor]),
                &template.issued_by(issuer).sending(&[issuer]),
            )
        };
        assert_eq!(check(Template::new("CN=x").for_name(HOST)), Ok(()));
        assert!(check(Template::new("CN=x").for_name("elsewhere.com")).is_err());
        // The limit cannot be applied to these, so that they are refused.
        for template in both_kinds() {
            assert!(check(template).is_err());
        }
    }
}

#[test]
fn an_expired_root_is_refused() {
    let root = Template::authority("CN=root").expired().self_signed();
    for template in both_kinds() {
        let server = template.issued_by(&root);
        assert_eq!(
            connect(&trusting(&[&root]), &server),
            Err(CertificateError::UnknownIssuer)
        );
    }
}

#[test]
fn the_purpose_must_allow_a_server() {
    let root = Template::authority("CN=root").self_signed();
    let usual = Template::new("CN=db.example.com");
    let fit = usual
        .clone()
        .with(true, &key_usage(KeyUsages::DigitalSignature))
        .with(
            false,
            &ExtendedKeyUsage(vec![ID_KP_CLIENT_AUTH, ID_KP_SERVER_AUTH]),
        );
    assert_eq!(connect(&trusting(&[&root]), &fit.issued_by(&root)), Ok(()));
    let unfit = [
        usual.clone().with(true, &key_usage(KeyUsages::KeyCertSign)),
        usual.with(false, &ExtendedKeyUsage(vec![ID_KP_CLIENT_AUTH])),
    ];
    for template in unfit {
        let issued = template.clone().issued_by(&root);
        assert_eq!(
            connect(&trusting(&[&root]), &issued),
            Err(CertificateError::InvalidPurpose)
        );
        let own = template.self_signed();
        assert_eq!(
            connect(&trusting(&[&own]), &own),
            Err(CertificateError::InvalidPurpose)
        );
    }
}

fn key_usage(usage: KeyUsages) -> KeyUsage {
    KeyUsage(FlagSet::from(usage))
}

#[test]
fn dates_are_checked_at_the_time_of_the_handshake() {
    let root = Template::authority("CN=root").self_signed();
    let server = Template::new("CN=db.example.com").issued_by(&root);
    let verifier = server_verifier(&trusting(&[&root]), &default_provider()).unwrap();
    let host = ServerName::try_from(HOST).unwrap();
    let now = UnixTime::now().as_secs();
    let two_days = 2 * DAY.as_secs();
    let at = |seconds| {
        let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
        verifier
            .verify_server_cert(&server.der, &[], &host, &[], now)
            .map(|_| ())
    };
    assert_eq!(at(now), Ok(()));
    assert_eq!(at(now - two_days), Err(CertificateError::NotValidYet.into()));
    assert_eq!(at(now + two_days), Err(CertificateError::Expired.into()));
}
