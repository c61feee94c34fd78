//! Whether a certificate is for a host: the rules of Node.js (`tls.checkServerIdentity`), which `pg` goes by.

use rustls::CertificateError;
use rustls_pki_types::ServerName;

use super::certificate::PresentedNames;

/// Checks that one of the `names` is the one of `host`.
///
/// An address must be listed as an address. A name must match a DNS name or, where the certificate lists no
/// DNS name at all, a common name: PostgreSQL's own documentation makes such certificates.
pub(super) fn check_name(host: &ServerName<'_>, names: &PresentedNames) -> Result<(), CertificateError> {
    let (matches, presented) = match host {
        ServerName::IpAddress(address) => {
            let address = std::net::IpAddr::from(*address);
            (
                names.ip.contains(&address),
                names.ip.iter().map(ToString::to_string).collect(),
            )
        }
        ServerName::DnsName(name) => {
            let patterns = if names.dns.is_empty() {
                &names.common
            } else {
                &names.dns
            };
            (
                patterns.iter().any(|pattern| is_match(name.as_ref(), pattern)),
                patterns.clone(),
            )
        }
        _ => (false, Vec::new()),
    };
    if matches {
        return Ok(());
    }
    Err(CertificateError::NotValidForNameContext {
        expected: host.to_owned(),
        presented,
    })
}

/// Whether `pattern`, which may have one `*` in its first label, stands for `host`.
fn is_match(host: &str, pattern: &str) -> bool {
    let (host, pattern) = (normalized(host), normalized(pattern));
    let printable = pattern.bytes().all(|byte| matches!(byte, 0x21..=0x7f));
    if pattern.is_empty() || !printable || pattern.split('.').any(str::is_empty) {
        return false;
    }
    let (host_first, host_rest) = host.split_once('.').unwrap_or((&host, ""));
    let (first, rest) = pattern.split_once('.').unwrap_or((&pattern, ""));
    if host_rest != rest {
        return false;
    }
    // A label in Punycode is matched as it stands; so is one without an asterisk.
    let Some((prefix, suffix)) = first.split_once('*').filter(|_| !first.contains("xn--")) else {
        return host_first == first;
    };
    // `*.com` would stand for half the world.
    let broad_enough = rest.contains('.') && !suffix.contains('*');
    broad_enough
        && host_first.len() >= prefix.len() + suffix.len()
        && host_first.starts_with(prefix)
        && host_first.ends_with(suffix)
}

/// Lower case, without the dot that ends an absolute name.
fn normalized(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(dns: &[&str], ip: &[&str], common: &[&str]) -> PresentedNames {
        let owned = |list: &[&str]| list.iter().map(ToString::to_string).collect();
        PresentedNames {
            dns: owned(dns),
            ip: ip.iter().map(|address| address.parse().unwrap()).collect(),
            common: owned(common),
        }
    }

    fn accepts(host: &str, names: &PresentedNames) -> bool {
        check_name(&ServerName::try_from(host).unwrap(), names).is_ok()
    }

    #[test]
    fn names_match_without_regard_to_case_and_final_dot() {
        for (host, pattern) in [
            ("db.example.com", "DB.example.COM"),
            ("DB", "db."),
            ("my_db", "my_db"),
        ] {
            assert!(is_match(host, pattern), "{host} {pattern}");
        }
        assert!(!is_match("db.example.com", "example.com"));
        assert!(!is_match("example.com", "db.example.com"));
    }

    #[test]
    fn an_asterisk_stands_for_a_part_of_the_first_label() {
        for pattern in [
            "*.example.com",
            "d*.example.com",
            "*1.example.com",
            "d*1.example.com",
        ] {
            assert!(is_match("db1.example.com", pattern), "{pattern}");
        }
        for pattern in [
            "*.com",
            "*",
            "db1.*.com",
            "**.example.com",
            "*.*.com",
            "*db1x.example.com",
        ] {
            assert!(!is_match("db1.example.com", pattern), "{pattern}");
        }
        assert!(!is_match("a.b.example.com", "*.example.com"));
        assert!(!is_match("xn--abc.example.com", "xn--*.example.com"));
    }

    #[test]
    fn odd_patterns_match_nothing() {
        for pattern in ["", ".", "db..com", "d b", "dä"] {
            assert!(!is_match("db", pattern), "{pattern:?}");
            assert!(!is_match(pattern, pattern), "{pattern:?}");
        }
    }

    #[test]
    fn the_common_name_counts_only_without_dns_names() {
        assert!(accepts("db", &names(&[], &[], &["other", "db"])));
        assert!(accepts("db", &names(&[], &["10.0.0.1"], &["db"])));
        assert!(!accepts("db", &names(&["other"], &[], &["db"])));
        assert!(!accepts("db", &names(&[], &[], &[])));
    }

    #[test]
    fn an_address_must_be_listed_as_an_address() {
        assert!(accepts("10.0.0.1", &names(&[], &["10.0.0.2", "10.0.0.1"], &[])));
        assert!(accepts("::1", &names(&[], &["0:0:0:0:0:0:0:1"], &[])));
        assert!(!accepts("10.0.0.1", &names(&["10.0.0.1"], &[], &["10.0.0.1"])));
    }

    #[test]
    fn the_error_names_both_sides() {
        let host = ServerName::try_from("db").unwrap();
        let error = check_name(&host, &names(&["a", "b"], &[], &["c"])).unwrap_err();
        let expected = CertificateError::NotValidForNameContext {
            expected: host.to_owned(),
            presented: vec!["a".to_owned(), "b".to_owned()],
        };
        assert_eq!(error, expected);
    }
}
