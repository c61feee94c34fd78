"use strict";

// The PostgreSQL server that both PostgreSQL adapters use, as a default installation would run it.

const { Client } = require("pg");
const { startPostgres } = require("../../scripts/embedded-postgres");
const { serverMicroseconds } = require("./processor-time");

/** What the tests switch off is on here; room for the connection pools of nine servers. */
const SETTINGS = {
  fsync: "on",
  full_page_writes: "on",
  shared_buffers: "128MB",
  max_connections: "250",
};

const CREATE_TABLE = `CREATE TABLE IF NOT EXISTS socket_io_attachments (
  id bigserial UNIQUE, created_at timestamptz DEFAULT NOW(), payload bytea)`;

async function startDatabase() {
  const server = await startPostgres({ settings: SETTINGS });
  const client = new Client({ connectionString: server.connectionString });
  client.on("error", () => {}); // it ends with the server
  try {
    await client.connect();
    await client.query(CREATE_TABLE);
    const { rows } = await client.query("SHOW server_version");
    return {
      name: "PostgreSQL",
      version: String(rows[0].server_version),
      address: server.connectionString,
      microseconds: () => serverMicroseconds(server.pid()),
      /** Nothing of the run before burdens the next one. */
      async clean() {
        await client.query("TRUNCATE socket_io_attachments");
        await client.query("CHECKPOINT");
      },
      async close() {
        await client.end().catch(() => {});
        await server.dispose();
      },
    };
  } catch (err) {
    await server.dispose();
    throw err;
  }
}

module.exports = { startDatabase };
