-- The table in a schema of its own, for createAdapter(pool, { tableName: "socket_io.attachments" }).
-- In place of `app` write the role that your servers connect as.

BEGIN;

CREATE SCHEMA IF NOT EXISTS socket_io;

CREATE TABLE IF NOT EXISTS socket_io.attachments (
  id         bigserial UNIQUE,
  created_at timestamptz DEFAULT now(),
  payload    bytea
);

-- All that the servers need: LISTEN and NOTIFY are open to every role.
GRANT USAGE ON SCHEMA socket_io TO app;
GRANT SELECT, INSERT, DELETE ON socket_io.attachments TO app;
GRANT USAGE ON SEQUENCE socket_io.attachments_id_seq TO app;

COMMIT;
