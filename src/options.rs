//! The options of an engine, as the JavaScript shim hands them over after its own checks.

use std::time::Duration;

use serde::Deserialize;

use crate::error::{Error, ErrorKind, Result};

/// Messages of this many bytes or more travel through the attachment table.
pub const DEFAULT_PAYLOAD_THRESHOLD: usize = 8000;
/// A heartbeat is sent after this much silence, in milliseconds.
pub const DEFAULT_HEARTBEAT_INTERVAL_MS: u64 = 5_000;
/// A peer that was silent for this long is gone, in milliseconds.
pub const DEFAULT_HEARTBEAT_TIMEOUT_MS: u64 = 10_000;
/// Attachments older than this are removed, and this often, in milliseconds.
pub const DEFAULT_CLEANUP_INTERVAL_MS: u64 = 30_000;

/// A larger attachment is neither sent nor read, in bytes.
pub const DEFAULT_MAX_ATTACHMENT_SIZE: usize = 64 * 1024 * 1024;
/// So much is kept while the server is away, in bytes.
pub const DEFAULT_MAX_BUFFER_SIZE: usize = 64 * 1024 * 1024;
/// What waited for so long for a server that is away is dropped, in milliseconds: a restart, and the failover of most
/// services, are over by then; and who waited for more would get old news in a flood.
pub const DEFAULT_MAX_BUFFER_AGE_MS: u64 = 120_000;

fn default_payload_threshold() -> usize {
    DEFAULT_PAYLOAD_THRESHOLD
}
fn default_heartbeat_interval() -> u64 {
    DEFAULT_HEARTBEAT_INTERVAL_MS
}
fn default_heartbeat_timeout() -> u64 {
    DEFAULT_HEARTBEAT_TIMEOUT_MS
}
fn default_cleanup_interval() -> u64 {
    DEFAULT_CLEANUP_INTERVAL_MS
}

fn default_max_attachment_size() -> usize {
    DEFAULT_MAX_ATTACHMENT_SIZE
}
fn default_max_buffer_size() -> usize {
    DEFAULT_MAX_BUFFER_SIZE
}
fn default_max_buffer_age() -> u64 {
    DEFAULT_MAX_BUFFER_AGE_MS
}

/// What an engine is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A member of the cluster.
    #[default]
    Server,
    /// Something outside the cluster that publishes and hears nothing.
    Emitter,
    /// The primary of a Node.js cluster: passes on what its workers and the other servers say, and is no member
    /// itself. Its uid is the `nodeId` of what it publishes.
    Primary,
}

/// What is kept of the messages that are published while the server is away. Past either bound the oldest are dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Buffer {
    /// How much, in bytes; with 0 nothing.
    pub max_bytes: usize,
    /// For how long; with zero not at all.
    pub max_age: Duration,
}

/// What an engine is told about itself and its cluster.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Options {
    /// What the engine is for.
    #[serde(default)]
    pub role: Role,
    /// The id of this node; not empty.
    pub uid: String,
    /// What the name of each channel begins with.
    pub channel_prefix: String,
    /// The attachment table, as the user wrote it.
    pub table_name: String,
    /// In bytes; see [`DEFAULT_PAYLOAD_THRESHOLD`].
    #[serde(default = "default_payload_threshold")]
    pub payload_threshold: usize,
    /// In bytes; see [`DEFAULT_MAX_ATTACHMENT_SIZE`].
    #[serde(default = "default_max_attachment_size")]
    pub max_attachment_size: usize,
    #[serde(default = "default_heartbeat_interval")]
    heartbeat_interval: u64,
    #[serde(default = "default_heartbeat_timeout")]
    heartbeat_timeout: u64,
    #[serde(default = "default_cleanup_interval")]
    cleanup_interval: u64,
    #[serde(default = "default_max_buffer_size")]
    max_buffer_size: usize,
    #[serde(default = "default_max_buffer_age")]
    max_buffer_age: u64,
    /// What a binary part is called inside JSON text: a random string that never leaves the process.
    pub marker: String,
    /// What the id of each request of this node begins with: random, new in each life of the node.
    pub request_prefix: String,
    /// Whether somebody reads the debug lines.
    #[serde(default)]
    pub debug: bool,
}

impl Options {
    /// Reads the options from the JSON text that the shim writes.
    ///
    /// # Errors
    /// [`ErrorKind::Options`] when a field is missing or of the wrong type, or the uid or marker is empty.
    pub fn from_json(text: &str) -> Result<Self> {
        let options: Self = serde_json::from_str(text)
            .map_err(|error| Error::new(ErrorKind::Options, "unusable options").with_source(error))?;
        if options.uid.is_empty() || options.marker.is_empty() || options.request_prefix.is_empty() {
            return Err(Error::new(
                ErrorKind::Options,
                "uid, marker and requestPrefix must not be empty",
            ));
        }
        Ok(options)
    }

    /// The incarnation of this server: no other one makes requests under the same prefix.
    #[must_use]
    pub fn incarnation(&self) -> &str {
        &self.request_prefix
    }

    /// After how much silence a heartbeat is sent.
    #[must_use]
    pub fn heartbeat_interval(&self) -> Duration {
        Duration::from_millis(self.heartbeat_interval.max(1))
    }

    /// After how much silence a peer is gone.
    #[must_use]
    pub fn heartbeat_timeout(&self) -> Duration {
        Duration::from_millis(self.heartbeat_timeout.max(1))
    }

    /// The age at which an attachment is removed, and how often that is done.
    #[must_use]
    pub fn cleanup_interval(&self) -> Duration {
        Duration::from_millis(self.cleanup_interval.max(1))
    }

    /// What is kept for a server that is away.
    #[must_use]
    pub fn buffer(&self) -> Buffer {
        Buffer {
            max_bytes: self.max_buffer_size,
            max_age: Duration::from_millis(self.max_buffer_age),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_in_the_defaults() {
        let options = Options::from_json(
            r#"{"uid":"a","channelPrefix":"p","tableName":"t","marker":"m","requestPrefix":"r"}"#,
        )
        .unwrap();
        assert_eq!(options.payload_threshold, 8000);
        assert_eq!(options.max_attachment_size, 64 * 1024 * 1024);
        assert_eq!(options.heartbeat_interval(), Duration::from_secs(5));
        assert_eq!(options.heartbeat_timeout(), Duration::from_secs(10));
        assert_eq!(options.cleanup_interval(), Duration::from_secs(30));
        assert_eq!(
            options.buffer(),
            Buffer {
                max_bytes: 64 * 1024 * 1024,
                max_age: Duration::from_secs(120)
            }
        );
    }

    #[test]
    fn names_what_is_wrong() {
        let error = Options::from_json(r#"{"uid":1}"#).unwrap_err();
        assert_eq!(error.code(), "ERR_OPTIONS");
        assert!(error.to_string().contains("expected a string"), "{error}");
    }
}
