//! Every SQL statement of the crate. Names are quoted by `identifier`, values are parameters.

use postgres_protocol::escape::{escape_identifier, escape_literal};

use super::identifier::TableName;
use crate::wire::payload::ATTACHMENT_HEADER_END;

/// Notifies one channel: parameters are channel and payload.
///
/// A notification is not durable, so its transaction does not wait for the disk. The setting is made inside
/// the statement, hence it works behind a pooler that keeps no session state.
pub const NOTIFY_ONE: &str = "SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, $2)";

/// Notifies many channels: parameters are an array of channels and one of payloads. `count()` keeps the
/// answer at one row.
pub const NOTIFY_MANY: &str = "SELECT count(set_config('synchronous_commit', 'off', true)), \
     count(pg_notify(channel, payload)) \
     FROM unnest($1::text[], $2::text[]) AS message (channel, payload)";

/// Asks for a sign of life.
pub const PROBE: &str = "SELECT 1";

/// Which process serves the connection.
pub const PROCESS_ID: &str = "SELECT pg_backend_pid()";

/// Whether the server is a standby.
pub const IS_STANDBY: &str = "SELECT pg_is_in_recovery()";

/// Whether the session can only read.
pub const IS_READ_ONLY: &str = "SHOW transaction_read_only";

/// How full the queue of the notifications is.
pub const QUEUE_USAGE: &str = "SELECT pg_notification_queue_usage()";

/// What the session listens on.
pub const LISTENING_CHANNELS: &str = "SELECT pg_listening_channels()";

/// Whether a table exists; the parameter is its quoted name.
pub const TABLE_EXISTS: &str = "SELECT to_regclass($1) IS NOT NULL";

/// Whether the id column of a table draws from a sequence; the parameter is its quoted name.
pub const TABLE_HAS_SEQUENCE: &str = "SELECT pg_get_serial_sequence($1, 'id') IS NOT NULL";

/// How many attachments one clean-up statement removes: few enough not to hold up a batch.
const PRUNE_LIMIT: u32 = 1000;

/// The statements that name the attachment table.
#[derive(Debug, Clone)]
pub struct TableStatements {
    /// Creates the table.
    pub create: String,
    /// Stores attachments and notifies: parameters are channels, payloads or header starts, and attachments
    /// (NULL for a message without one).
    pub notify_with_attachments: String,
    /// Reads attachments in the order of the array of ids: their length, and their content if that is no more than
    /// the second parameter, and all before it and itself no more than the third. What is not read never leaves the
    /// server.
    pub fetch: String,
    /// Removes attachments older than so many milliseconds.
    pub prune: String,
    /// The quoted name of the table.
    pub table: String,
}

impl TableStatements {
    /// Writes the statements for a table.
    #[must_use]
    pub fn new(name: &TableName) -> Self {
        let table = name.quoted();
        Self {
            create: format!(
                "CREATE TABLE IF NOT EXISTS {table} (id bigserial UNIQUE, \
                 created_at timestamptz DEFAULT NOW(), payload bytea)"
            ),
            notify_with_attachments: notify_with_attachments(&table),
            fetch: format!(
                "SELECT length, CASE WHEN length <= $2::bigint AND (position = 1 OR \
                   sum(CASE WHEN length <= $2::bigint THEN length END) OVER (ORDER BY position) <= $3::bigint\
                 ) THEN payload END AS content \
                 FROM (SELECT position, payload, octet_length(payload) AS length \
                   FROM unnest($1::bigint[]) WITH ORDINALITY AS wanted (wanted_id, position) \
                   LEFT JOIN {table} AS stored ON stored.id = wanted_id) AS found \
                 ORDER BY position"
            ),
            prune: prune(&table),
            table,
        }
    }
}

/// Row locks are taken in the order in which the rows lie in the table, also by the JavaScript adapter: several nodes that
/// clean at once wait for each other, and never in a circle. `FOR UPDATE SKIP LOCKED` would need the privilege `UPDATE`.
fn prune(table: &str) -> String {
    // Said twice, as a place alone would not name one row in a table that is partitioned.
    let is_old = "created_at < now() - $1::bigint * interval '1 millisecond'";
    format!(
        "DELETE FROM {table} WHERE {is_old} AND ctid = ANY (ARRAY(\
           SELECT ctid FROM {table} WHERE {is_old} ORDER BY id LIMIT {PRUNE_LIMIT}))"
    )
}

/// What a relation is called that is not there: its name is the error, should the id column have no sequence.
const NO_SEQUENCE: &str = "\"the id column has no sequence\"";

/// One statement, hence one transaction and one round trip: the ids are drawn while the messages are read, so
/// that the notifications can name rows that are inserted in the same breath.
fn notify_with_attachments(table: &str) -> String {
    let sequence = format!(
        "COALESCE(pg_get_serial_sequence({}, 'id'), '{NO_SEQUENCE}')",
        // it takes the quoted name as a text
        escape_literal(table)
    );
    format!(
        "WITH message AS MATERIALIZED (\
           SELECT channel, head, body, CASE WHEN body IS NOT NULL THEN nextval({sequence}) END AS id \
           FROM unnest($1::text[], $2::text[], $3::bytea[]) AS m (channel, head, body)\
         ), stored AS (\
           INSERT INTO {table} (id, payload) OVERRIDING SYSTEM VALUE \
           SELECT id, body FROM message WHERE body IS NOT NULL\
         ) \
         SELECT count(set_config('synchronous_commit', 'off', true)), \
           count(pg_notify(channel, CASE WHEN id IS NULL THEN head ELSE head || id::text || '{ATTACHMENT_HEADER_END}' END)) \
         FROM message"
    )
}

/// `LISTEN` for several channels in one round trip. `LISTEN` takes no parameters, hence the quoting.
#[must_use]
pub fn listen(channels: &[String]) -> String {
    for_each_channel("LISTEN", channels)
}

/// `UNLISTEN` for several channels in one round trip.
#[must_use]
pub fn unlisten(channels: &[String]) -> String {
    for_each_channel("UNLISTEN", channels)
}

fn for_each_channel(command: &str, channels: &[String]) -> String {
    let statements: Vec<String> = channels
        .iter()
        .map(|channel| format!("{command} {}", escape_identifier(channel)))
        .collect();
    statements.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_quoted() {
        let channels = ["socket.io#/".to_owned(), "a\"; DROP TABLE x; --".to_owned()];
        assert_eq!(
            listen(&channels),
            "LISTEN \"socket.io#/\"; LISTEN \"a\"\"; DROP TABLE x; --\""
        );
        assert_eq!(unlisten(&channels[..1]), "UNLISTEN \"socket.io#/\"");
    }

    #[test]
    fn the_table_is_quoted_as_a_name_and_as_text() {
        let name = TableName {
            schema: Some("o'dd".into()),
            name: "ta\"ble\\".into(),
        };
        let statements = TableStatements::new(&name);
        assert!(
            statements.create.contains(r#""o'dd"."ta""ble\""#),
            "{}",
            statements.create
        );
        assert!(
            statements
                .notify_with_attachments
                .contains(r#"pg_get_serial_sequence( E'"o''dd"."ta""ble\\"', 'id')"#),
            "{}",
            statements.notify_with_attachments
        );
    }
}
