-- The table where createAdapter() looks for it by default: in the first schema of the search path, `public` as a rule.
-- In place of `app` write the role that your servers connect as.

BEGIN;

CREATE TABLE IF NOT EXISTS socket_io_attachments (
  id         bigserial UNIQUE,
  created_at timestamptz DEFAULT now(),
  payload    bytea
);

-- All that the servers need: LISTEN and NOTIFY are open to every role.
GRANT SELECT, INSERT, DELETE ON socket_io_attachments TO app;
GRANT USAGE ON SEQUENCE socket_io_attachments_id_seq TO app;

COMMIT;
