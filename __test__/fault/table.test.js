"use strict";

// The table of the attachments: missing, forbidden, dropped, emptied, or not what it should be.

const assert = require("node:assert/strict");
const { randomBytes } = require("node:crypto");
const { describe, it } = require("node:test");

const { clusterFor, untilAcquainted } = require("../support/cluster.js");
const { Reports } = require("../support/faults.js");
const { useDatabase } = require("../support/postgres.js");
const { TestServer } = require("../support/server.js");
const { collect, once, until } = require("../support/wait.js");

describe("the attachment table", () => {
  const database = useDatabase();

  /** @param {string} table */
  async function tableExists(table) {
    const [row] = await database.query("SELECT to_regclass($1) AS found", [
      table,
    ]);
    return row.found !== null;
  }

  /**
   * @param {import("node:test").TestContext} t
   * @param {string} tableName
   * @param {import("../support/adapter.js").AdapterOptions} [options]
   */
  async function startTwo(t, tableName, options) {
    const reports = new Reports();
    const cluster = await clusterFor(t, database, {
      servers: 2,
      options: {
        tableName,
        errorHandler: reports.errorHandler,
        ...options,
      },
    });
    return { cluster, reports };
  }

  /**
   * @param {import("../support/cluster.js").Cluster} cluster
   * @param {Buffer} bytes
   */
  async function assertArrives(cluster, bytes) {
    const arrival = once(cluster.client(1), "bytes");
    cluster.io(0).emit("bytes", bytes);
    assert.deepEqual(await arrival, [bytes]);
  }

  it("is created when it is missing, by servers that start at the same moment", async (t) => {
    const reports = new Reports();
    const cluster = await clusterFor(t, database, {
      servers: 6,
      clientsPerServer: 0,
      options: { tableName: "raced_for", errorHandler: reports.errorHandler },
    });
    cluster.clients.push(
      await cluster.server(0).connect(),
      await cluster.server(1).connect(),
    );

    await assertArrives(cluster, Buffer.from("first"));
    assert.deepEqual(reports.codes, []);
    assert.ok(await tableExists("raced_for"));
  });

  it("is made again when it was dropped, and nothing is lost", async (t) => {
    const { cluster, reports } = await startTwo(t, "dropped");
    await assertArrives(cluster, Buffer.from("before"));
    const values = collect(cluster.client(1), "in order");

    await database.query("DROP TABLE dropped");
    cluster.io(0).emit("in order", "text");
    cluster.io(0).emit("in order", Buffer.from("binary"));
    cluster.io(0).emit("in order", "x".repeat(9000));

    assert.deepEqual(await values.count(3), [
      "text",
      Buffer.from("binary"),
      "x".repeat(9000),
    ]);
    assert.deepEqual(reports.codes, []);
    assert.ok(await tableExists("dropped"));
  });

  it("whose row is gone before it is read: the message is skipped, and reported", async (t) => {
    await database.query(`
      CREATE TABLE emptied (id bigserial UNIQUE, created_at timestamptz DEFAULT NOW(), payload bytea);
      CREATE FUNCTION discard() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
      CREATE TRIGGER discard BEFORE INSERT ON emptied FOR EACH ROW EXECUTE FUNCTION discard();
    `);
    const { cluster, reports } = await startTwo(t, "emptied");
    const values = collect(cluster.client(1), "value");

    cluster.io(0).emit("value", "before");
    cluster.io(0).emit("value", Buffer.from("lost"));
    cluster.io(0).emit("value", "after");

    assert.deepEqual(await values.count(2), ["before", "after"]);
    assert.deepEqual(reports.codes, ["ERR_ATTACHMENT"]);
    assert.match(reports.text, /cleanupInterval/);

    await database.query("DROP TRIGGER discard ON emptied");
    await assertArrives(cluster, Buffer.from("kept"));
  });

  it("that refuses rows: the messages are reported, others go on", async (t) => {
    await database.query(`
      CREATE TABLE refusing (id bigserial UNIQUE, created_at timestamptz DEFAULT NOW(),
        payload bytea CHECK (length(payload) < 1000))
    `);
    const { cluster, reports } = await startTwo(t, "refusing");
    const values = collect(cluster.client(1), "value");

    // enough for a batch: those beside the refused ones must not suffer
    for (let number = 0; number < 30; number += 1) {
      const length = number % 3 === 0 ? 2000 : 3;
      cluster.io(0).emit("value", number, Buffer.alloc(length, "hunter2"));
    }
    cluster.io(0).emit("value", 30, "end");
    await until(() => values.values.at(-1)?.[0] === 30);

    assert.deepEqual(
      values.values.map(([number]) => number),
      Array.from({ length: 31 }, (_, number) => number).filter(
        (number) => number % 3 !== 0 || number === 30,
      ),
    );
    assert.deepEqual(
      reports.codes,
      Array.from({ length: 10 }, () => "ERR_PUBLISH"),
    );
    assert.equal(reports.errors[0]?.cause?.code, "23514");
    assert.ok(!reports.text.includes("hunter2"));
  });

  it("without a sequence is refused with the SQL of a sound one", async (t) => {
    await database.query(
      "CREATE TABLE plain (id bigint UNIQUE, created_at timestamptz DEFAULT NOW(), payload bytea)",
    );
    const { reports } = await startTwo(t, "plain");

    const error = await reports.first("ERR_TABLE");
    assert.match(error.message, /CREATE TABLE .* bigserial/);
  });

  it("of another schema, with a name that needs quoting", async (t) => {
    await database.query(`CREATE SCHEMA "It's a ""schema"""`);
    const { cluster, reports } = await startTwo(
      t,
      `"It's a ""schema"""."Table; --"`,
    );

    await assertArrives(cluster, Buffer.from("quoted"));
    assert.deepEqual(reports.codes, []);
  });

  it("is emptied of old rows, and only of these", async (t) => {
    const { cluster, reports } = await startTwo(t, "cleaned", {
      cleanupInterval: 2_000,
    });
    await database.query(
      `INSERT INTO cleaned (created_at, payload) SELECT now() - interval '1 hour', 'x' FROM generate_series(1, 3000)`,
    );
    await database.query(
      `INSERT INTO cleaned (created_at, payload) VALUES (now() + interval '1 hour', 'y')`,
    );
    /** @returns {Promise<string[]>} */
    const left = async () =>
      (
        await database.query(
          "SELECT convert_from(payload, 'UTF8') AS text FROM cleaned",
        )
      ).map(({ text }) => text);

    await until(async () => (await left()).length === 1);
    assert.deepEqual(await left(), ["y"]);
    await assertArrives(cluster, Buffer.from("z"));
    assert.deepEqual(reports.codes, []);
  });

  it("that cannot be created: the error holds the SQL, text goes on; once it is run, all works", async (t) => {
    const role = `restricted_${randomBytes(4).toString("hex")}`;
    const tableName = "not_mine";
    await database.query(`
      CREATE ROLE ${role} LOGIN PASSWORD 'pass';
      REVOKE CREATE ON SCHEMA public FROM PUBLIC;
    `);
    const reports = new Reports();
    const connectionString = Object.assign(new URL(database.connectionString), {
      username: role,
      password: "pass",
    }).href;
    const servers = [0, 1].map(
      () =>
        new TestServer({
          connectionString,
          options: { tableName, errorHandler: reports.errorHandler },
        }),
    );
    t.after(async () => {
      await Promise.all(servers.map((server) => server.close()));
      await database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    });
    const [first, second] = /** @type {[TestServer, TestServer]} */ (servers);
    await second.listen();
    await untilAcquainted(servers);
    const client = await second.connect();

    const error = await reports.first("ERR_TABLE");
    assert.match(error.message, /not_mine/);
    assert.equal(error.cause?.code, "42501");
    const [sql] = /CREATE TABLE .*?bytea\)/.exec(error.message) ?? [""];
    assert.notEqual(sql, "");

    const arrival = once(client, "text");
    first.io.emit("text", "works");
    assert.deepEqual(await arrival, ["works"]);

    reports.clear();
    const values = collect(client, "value");
    // enough for a batch
    for (let number = 0; number < 10; number += 1) {
      first.io.emit("value", Buffer.from("lost"));
      first.io.emit("value", number);
    }
    assert.deepEqual(await values.count(10), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert.deepEqual(
      reports.codes,
      Array.from({ length: 10 }, () => "ERR_TABLE"),
    );
    for (const refusal of reports.errors) {
      assert.ok(refusal.message.includes(sql), refusal.message);
    }

    reports.clear();
    await database.query(`
      ${sql};
      GRANT ALL ON ${tableName} TO ${role};
      GRANT ALL ON SEQUENCE ${tableName}_id_seq TO ${role};
    `);
    first.io.emit("value", Buffer.from("works"));
    assert.deepEqual((await values.count(11))[10], Buffer.from("works"));
    assert.deepEqual(reports.codes, []);
  });
});
