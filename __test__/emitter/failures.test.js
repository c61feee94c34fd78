"use strict";

// What cannot be sent is told to `errorHandler`, and to nobody else.

const assert = require("node:assert/strict");
const { randomBytes } = require("node:crypto");
const { describe, it } = require("node:test");

const { clusterFor } = require("../support/cluster.js");
const { Reports } = require("../support/faults.js");
const { useDatabase } = require("../support/postgres.js");
const { until } = require("../support/wait.js");
const { emitterFor } = require("./emitters.js");

/** @typedef {import("../support/postgres.js").TestDatabase} TestDatabase */

const PASSWORD = "correct-horse";

/**
 * @param {import("node:test").TestContext} t which removes it
 * @param {TestDatabase} database
 * @returns {Promise<{ role: string, connectionString: string }>} somebody who may do nothing but log in
 */
async function createRole(t, database) {
  const role = `emitter_${randomBytes(6).toString("hex")}`;
  await database.query(`
    CREATE ROLE ${role} LOGIN PASSWORD '${PASSWORD}';
    REVOKE CREATE ON SCHEMA public FROM PUBLIC;
  `);
  t.after(async () => {
    await database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  });
  const url = new URL(database.connectionString);
  url.username = role;
  url.password = PASSWORD;
  return { role, connectionString: url.href };
}

/**
 * Waits until the servers have made their table.
 *
 * @param {TestDatabase} database
 * @param {string} table
 */
async function untilTable(database, table) {
  await until(
    async () => {
      const sql = "SELECT to_regclass($1) IS NOT NULL AS found";
      return (await database.query(sql, [table]))[0].found;
    },
    { message: `the table ${table}` },
  );
}

/**
 * @param {import("../support/server.js").ClientSocket} client
 * @returns {any[][]} all events that reach it, with their arguments
 */
function hearEverything(client) {
  /** @type {any[][]} */
  const heard = [];
  client.onAny((...event) => heard.push(event));
  return heard;
}

describe("an emitter that fails", () => {
  const database = useDatabase();

  it("tells its errorHandler, in every namespace, and never the clients", async (t) => {
    const tableName = "not_for_everybody";
    const options = { tableName };
    const cluster = await clusterFor(t, database, {
      servers: 1,
      options: { ...options, channelPrefix: "failing" },
    });
    await untilTable(database, tableName);
    await database.query(`DROP TABLE ${tableName}`);
    const { role, connectionString } = await createRole(t, database);
    const reports = new Reports();
    const emitter = emitterFor(t, connectionString, "/", {
      ...options,
      channelPrefix: "failing",
      errorHandler: reports.errorHandler,
    });
    const heard = hearEverything(cluster.client(0));
    // the server may have its table before it listens
    const connections = () => cluster.server(0).adapter().stats().connections;
    await until(() => connections().listener.state === "connected");

    emitter.emit("binary", Buffer.of(1));
    await emitter.flush();
    // told before flush() resolves
    assert.ok(reports.codes.includes("ERR_TABLE"), reports.text);
    assert.match(reports.text, /CREATE TABLE IF NOT EXISTS/);
    assert.ok(!reports.text.includes(PASSWORD));

    reports.clear();
    emitter.of("/other").emit("binary", Buffer.of(1));
    await emitter.of("/other").flush();
    assert.ok(reports.codes.includes("ERR_TABLE"), reports.text);

    reports.clear();
    emitter.emit("small", 1);
    await until(() => heard.length > 0);
    assert.deepEqual(heard, [["small", 1]]);
    assert.deepEqual(reports.errors, []);

    await database.query(
      `CREATE TABLE ${tableName} (id bigserial UNIQUE, created_at timestamptz DEFAULT NOW(), payload bytea)`,
    );
    await database.query(
      `GRANT INSERT ON ${tableName} TO ${role}; GRANT USAGE ON SEQUENCE ${tableName}_id_seq TO ${role}`,
    );
    emitter.emit("binary", Buffer.of(2));
    await until(() => heard.length > 1);
    assert.deepEqual(heard.slice(1), [["binary", Buffer.of(2)]]);
    assert.deepEqual(reports.errors, []);
  });

  it("drops only what the database refuses", async (t) => {
    const cluster = await clusterFor(t, database, { servers: 1 });
    await untilTable(database, "socket_io_attachments");
    const { connectionString } = await createRole(t, database);
    const reports = new Reports();
    const heard = hearEverything(cluster.client(0));
    const emitter = emitterFor(t, connectionString, "/", {
      errorHandler: reports.errorHandler,
    });

    // the server may have its table before it listens
    await until(async () => {
      emitter.emit("is anybody there?");
      await emitter.flush();
      return heard.length > 0;
    });

    // the role has no right to the table of the servers
    for (let i = 0; i < 10; i += 1) emitter.emit("small", i);
    emitter.emit("binary", Buffer.of(1));
    for (let i = 10; i < 20; i += 1) emitter.emit("small", i);
    await emitter.flush();

    assert.deepEqual(reports.codes, ["ERR_PUBLISH"], reports.text);
    assert.equal(reports.errors[0]?.cause.code, "42501");
    const numbered = () => heard.filter(([name]) => name === "small");
    await until(() => numbered().length >= 20);
    assert.deepEqual(
      numbered(),
      Array.from({ length: 20 }, (_, i) => ["small", i]),
    );
  });

  it("survives an errorHandler that throws", async (t) => {
    const { connectionString } = await createRole(t, database);
    let calls = 0;
    const emitter = emitterFor(t, connectionString, "/", {
      tableName: "missing_table",
      errorHandler() {
        calls += 1;
        throw new Error("the handler is broken");
      },
    });

    emitter.emit("binary", Buffer.of(1));
    await emitter.flush();
    const callsBefore = calls;
    assert.ok(callsBefore > 0);
    emitter.emit("binary", Buffer.of(1));
    await emitter.close();

    // told before close() resolves
    assert.ok(calls > callsBefore);
  });
});
