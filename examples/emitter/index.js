"use strict";

// A job that cron could start: it looks something up, tells the clients of the cluster, and ends.
//   DATABASE_URL=postgres://… node index.js [room]

const { Emitter } = require("@socket.io/postgres-adapter-rs");
const { Client } = require("pg");

const DATABASE_SIZE = "SELECT pg_database_size(current_database()) AS bytes";

/** @param {string} connectionString */
async function readDatabaseSize(connectionString) {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    const { rows } = await client.query(DATABASE_SIZE);
    return Number(rows[0].bytes);
  } finally {
    await client.end();
  }
}

async function main() {
  const connectionString = process.env.DATABASE_URL;
  if (!connectionString) {
    throw new Error(
      "Set DATABASE_URL to the PostgreSQL database that joins your servers.",
    );
  }
  const bytes = await readDatabaseSize(connectionString);
  const room = process.argv[2];

  const emitter = new Emitter(connectionString, {
    errorHandler(error) {
      console.error(error.code, error.message);
      process.exitCode = 1;
    },
  });
  const target = room ? emitter.to(room) : emitter;
  target.emit("report", { bytes, at: new Date() });
  await emitter.close(); // resolves when the event is on its way
  console.log(`Told ${room ?? "everybody"}: the database has ${bytes} bytes.`);
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
