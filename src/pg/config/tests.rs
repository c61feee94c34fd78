//! From the settings that JavaScript sends to those of the driver.

use serde_json::{json, Value};
use tokio_postgres::config::Host;

use super::*;

fn config_with(changes: Value) -> ConnectionConfig {
    let mut settings = json!({
        "hosts": [{ "host": "db.example.com", "port": 5433 }],
        "user": "alice", "database": "app", "applicationName": null, "options": null,
        "connectTimeoutMs": null, "statementTimeoutMs": null, "lockTimeoutMs": null,
        "idleInTransactionTimeoutMs": null, "keepAlive": true, "sslNegotiation": "postgres",
        "channelBinding": false, "hasPassword": true, "tls": null,
    });
    let Value::Object(changes) = changes else {
        panic!("changes are an object")
    };
    settings.as_object_mut().unwrap().extend(changes);
    serde_json::from_value(settings).unwrap()
}

/// With the first host.
fn to_tokio(config: &ConnectionConfig, password: Option<&str>) -> tokio_postgres::Config {
    config.to_tokio(&config.hosts[0], password).unwrap()
}

fn tls() -> Value {
    json!({ "ca": null, "cert": null, "key": null, "verify": false, "servername": "db", "required": true })
}

#[test]
fn a_plain_configuration() {
    let config = to_tokio(&config_with(json!({})), Some("secret"));
    assert_eq!(config.get_hosts(), [Host::Tcp("db.example.com".into())]);
    assert_eq!(config.get_ports(), [5433]);
    assert_eq!(config.get_user(), Some("alice"));
    assert_eq!(config.get_dbname(), Some("app"));
    assert_eq!(config.get_password(), Some(b"secret".as_slice()));
    assert_eq!(config.get_application_name(), Some("socket.io-postgres-adapter"));
    assert_eq!(config.get_options(), None);
    assert_eq!(config.get_ssl_mode(), SslMode::Disable);
    assert_eq!(config.get_channel_binding(), ChannelBinding::Disable);
    assert_eq!(config.get_target_session_attrs(), TargetSessionAttrs::Any);
    assert_eq!(config.get_connect_timeout(), None);
}

#[test]
fn no_password_is_sent_when_there_is_none() {
    assert_eq!(to_tokio(&config_with(json!({})), None).get_password(), None);
}

#[test]
fn a_given_application_name_is_kept() {
    let config = to_tokio(&config_with(json!({ "applicationName": "chat" })), None);
    assert_eq!(config.get_application_name(), Some("chat"));
}

#[test]
fn time_limits_follow_the_options_of_the_user() {
    let config = config_with(json!({
        "options": "-c search_path=chat", "statementTimeoutMs": 1000, "lockTimeoutMs": 2000,
        "idleInTransactionTimeoutMs": 3000, "connectTimeoutMs": 1500,
    }));
    let config = to_tokio(&config, None);
    assert_eq!(
        config.get_options(),
        Some(
            "-c search_path=chat -c statement_timeout=1000 -c lock_timeout=2000 \
             -c idle_in_transaction_session_timeout=3000"
        )
    );
    assert_eq!(config.get_connect_timeout(), Some(&Duration::from_millis(1500)));
}

#[test]
fn a_connect_timeout_of_zero_is_none() {
    assert_eq!(
        config_with(json!({ "connectTimeoutMs": 0 })).connect_timeout(),
        None
    );
}

#[test]
fn a_silent_peer_is_probed() {
    let config = to_tokio(&config_with(json!({})), None);
    assert!(config.get_keepalives());
    assert_eq!(config.get_keepalives_idle(), KEEPALIVE_IDLE);
    assert_eq!(config.get_keepalives_interval(), Some(KEEPALIVE_INTERVAL));
    assert_eq!(config.get_keepalives_retries(), Some(KEEPALIVE_RETRIES));
    assert_eq!(config.get_tcp_user_timeout(), Some(&UNACKNOWLEDGED_LIMIT));
    let silent = config_with(json!({ "keepAlive": false }));
    assert!(!to_tokio(&silent, None).get_keepalives());
}

#[test]
fn tls_is_required_where_it_is_configured() {
    let changes = json!({ "tls": tls(), "sslNegotiation": "direct", "channelBinding": true });
    let config = config_with(changes);
    assert!(config.is_direct_tls());
    let config = to_tokio(&config, None);
    assert_eq!(config.get_ssl_mode(), SslMode::Require);
    assert_eq!(config.get_ssl_negotiation(), SslNegotiation::Direct);
    assert_eq!(config.get_channel_binding(), ChannelBinding::Prefer);
}

#[cfg(unix)]
#[test]
fn a_socket_folder() {
    let config = config_with(json!({ "hosts": [{ "host": "/run/postgresql", "port": 5432 }] }));
    assert_eq!(
        to_tokio(&config, None).get_hosts(),
        [Host::Unix("/run/postgresql".into())]
    );
    assert_eq!(config.describe(), "alice@/run/postgresql:5432/app");
}

#[test]
fn of_several_servers_the_writable_one_is_used() {
    let hosts = json!({ "hosts": [{ "host": "a", "port": 1 }, { "host": "::1", "port": 2 }] });
    let config = config_with(hosts);
    assert_eq!(config.describe(), "alice@a:1,[::1]:2/app");
    let config = config.to_tokio(&config.hosts[1], None).unwrap();
    assert_eq!(config.get_ports(), [2]);
    assert_eq!(config.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
}

#[test]
fn unusable_settings_are_refused() {
    let refused = |changes| {
        let config = config_with(changes);
        config.to_tokio(&config.hosts[0], None).unwrap_err()
    };
    assert!(matches!(
        refused(json!({ "hosts": [{ "host": "", "port": 1 }] })),
        ConfigError::NoHost
    ));
    assert!(matches!(refused(json!({ "user": "" })), ConfigError::NoUser));
}

#[test]
fn debug_output_holds_no_key() {
    let mut settings = tls();
    settings["key"] = "-----BEGIN PRIVATE KEY-----".into();
    let shown = format!("{:?}", config_with(json!({ "tls": settings })));
    assert!(shown.contains("alice") && !shown.contains("PRIVATE"), "{shown}");
}
