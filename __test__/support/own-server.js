"use strict";

// A PostgreSQL of a test's own, with rules of its own about who may come in.

const fs = require("node:fs/promises");
const path = require("node:path");

const { Client } = require("pg");

const { startPostgres } = require("../../scripts/embedded-postgres.js");
const { until } = require("./wait.js");

/** @typedef {import("../../scripts/embedded-postgres.js").EmbeddedPostgres} EmbeddedPostgres */

/**
 * Writes a file into the data folder of a server, for the user that it runs as.
 * @param {EmbeddedPostgres} postgres
 * @param {string} name
 * @param {string} content
 */
async function writeData(postgres, name, content) {
  const folder = path.join(postgres.folder, "data");
  const file = path.join(folder, name);
  await fs.writeFile(file, content, { mode: 0o600 });
  const { uid, gid } = await fs.stat(folder);
  await fs.chown(file, uid, gid);
}

/**
 * @param {EmbeddedPostgres} postgres
 * @param {string[]} statements
 */
async function execute(postgres, statements) {
  const client = new Client({ connectionString: postgres.connectionString });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

/**
 * @param {object} wishes
 * @param {Record<string, string>} [wishes.settings] of the server
 * @param {string} wishes.rules those of pg_hba.conf, before one that lets the owner in
 * @param {string[]} wishes.statements such as `CREATE ROLE`
 * @returns {Promise<EmbeddedPostgres>}
 */
async function startOwnServer({ settings, rules, statements }) {
  const postgres = await startPostgres({ settings });
  try {
    await execute(postgres, statements);
    const owner = "host all postgres all scram-sha-256";
    await writeData(postgres, "pg_hba.conf", `${rules}\n${owner}\n`);
    await execute(postgres, ["SELECT pg_reload_conf()"]);
    await until(() => hasRules(postgres, rules), { message: "the new rules" });
    return postgres;
  } catch (err) {
    await postgres.dispose();
    throw err;
  }
}

/**
 * The server reads the file when its postmaster gets round to it: connections of a new kind show that it has.
 * @param {EmbeddedPostgres} postgres
 * @param {string} rules
 */
async function hasRules(postgres, rules) {
  const trusted = /^host\s+all\s+(\w+)\s+all\s+trust/m.exec(rules)?.[1];
  if (!trusted) return true;
  const { host, port } = postgres;
  const client = new Client({
    host,
    port,
    user: trusted,
    database: "postgres",
  });
  client.on("error", () => {});
  const isIn = client.connect().then(
    () => true,
    () => false,
  );
  return isIn.finally(() => client.end().catch(() => {}));
}

module.exports = { execute, startOwnServer, writeData };
