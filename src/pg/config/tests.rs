//! From the settings that JavaScript sends to those of the driver.

use serde_json::{json, Value};

use super::*;

fn config_with(changes: Value) -> ConnectionConfig {
    let mut settings = json!({
        "hosts": [{ "host": "db.example.com", "port": 5433 }],
        "user": "alice", "database": "app", "applicationName": null, "options": null,
        "connectTimeoutMs": null, "statementTimeoutMs": null, "lockTimeoutMs": null,
        "idleInTransactionTimeoutMs": null, "keepAlive": true, "sslNegotiation": "postgres",
        "channelBinding": false, "scramMaxIterations": 100_000, "tls": null,
    });
    let Value::Object(changes) = changes else {
        panic!("changes are an object")
    };
    settings.as_object_mut().unwrap().extend(changes);
    serde_json::from_value(settings).unwrap()
}

fn tls() -> Value {
    json!({
        "cert": null, "servername": null, "applicationProtocols": [], "versions": ["TLSv1.2", "TLSv1.3"],
    })
}

#[test]
fn a_plain_configuration() {
    let config = config_with(json!({})).to_tokio(Some("secret"));
    assert_eq!(config.get_user(), Some("alice"));
    assert_eq!(config.get_dbname(), Some("app"));
    assert_eq!(config.get_password(), Some(b"secret".as_slice()));
    assert_eq!(config.get_application_name(), Some("socket.io-postgres-adapter"));
    assert_eq!(config.get_options(), None);
    assert_eq!(config.get_channel_binding(), ChannelBinding::Disable);
}

#[test]
fn no_password_is_sent_when_there_is_none() {
    assert_eq!(config_with(json!({})).to_tokio(None).get_password(), None);
}

#[test]
fn a_given_application_name_is_kept() {
    let config = config_with(json!({ "applicationName": "chat" })).to_tokio(None);
    assert_eq!(config.get_application_name(), Some("chat"));
}

#[test]
fn time_limits_follow_the_options_of_the_user() {
    let config = config_with(json!({
        "options": "-c search_path=chat", "statementTimeoutMs": 1000, "lockTimeoutMs": 2000,
        "idleInTransactionTimeoutMs": 3000, "connectTimeoutMs": 1500,
    }));
    assert_eq!(config.connect_timeout(), Some(Duration::from_millis(1500)));
    assert_eq!(
        config.to_tokio(None).get_options(),
        Some(
            "-c search_path=chat -c statement_timeout=1000 -c lock_timeout=2000 \
             -c idle_in_transaction_session_timeout=3000"
        )
    );
}

#[test]
fn a_connect_timeout_of_zero_is_none() {
    assert_eq!(
        config_with(json!({ "connectTimeoutMs": 0 })).connect_timeout(),
        None
    );
}

#[test]
fn a_login_is_bound_to_the_channel_where_that_is_configured() {
    let changes = json!({ "tls": tls(), "sslNegotiation": "direct", "channelBinding": true });
    let config = config_with(changes);
    assert!(config.is_direct_tls());
    assert_eq!(
        config.to_tokio(None).get_channel_binding(),
        ChannelBinding::Prefer
    );
}

#[cfg(unix)]
#[test]
fn a_socket_folder() {
    let config = config_with(json!({ "hosts": [{ "host": "/run/postgresql", "port": 5432 }] }));
    assert!(config.hosts[0].is_socket_folder());
    assert!(config.check().is_ok());
    assert_eq!(config.describe(), "alice@/run/postgresql:5432/app");
}

#[test]
fn several_servers_are_described_in_their_order() {
    let hosts = json!({ "hosts": [{ "host": "a", "port": 1 }, { "host": "::1", "port": 2 }] });
    let config = config_with(hosts);
    assert_eq!(config.describe(), "alice@a:1,[::1]:2/app");
}

#[test]
fn unusable_settings_are_refused() {
    let refused = |changes| config_with(changes).check().unwrap_err();
    assert!(matches!(
        refused(json!({ "hosts": [{ "host": "", "port": 1 }] })),
        ConfigError::NoHost
    ));
    assert!(matches!(refused(json!({ "user": "" })), ConfigError::NoUser));
}
