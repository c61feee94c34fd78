"use strict";

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");

const {
  expectedToFailOnReference,
  prepareTable,
} = require("../support/adapter.js");
const { clusterFor } = require("../support/cluster.js");
const { useDatabase } = require("../support/postgres.js");
const { collect, once, until } = require("../support/wait.js");

describe("options", () => {
  const database = useDatabase();

  /**
   * @param {import("../support/cluster.js").Cluster} cluster
   * @param {unknown} value
   */
  async function assertArrives(cluster, value) {
    const arrivals = cluster.clients.map((client) => once(client, "value"));
    cluster.io(0).emit("value", value);
    for (const [received] of await Promise.all(arrivals)) {
      assert.deepEqual(received, value);
    }
  }

  /** @param {string} table as SQL spells it */
  async function rowCount(table) {
    const [row] = await database.query(
      `SELECT count(*)::int AS count FROM ${table}`,
    );
    return row.count;
  }

  describe("channelPrefix", () => {
    it("keeps clusters in one database apart", async (t) => {
      const [one, two] = await Promise.all(
        ["one", "two"].map((channelPrefix) =>
          clusterFor(t, database, { servers: 2, options: { channelPrefix } }),
        ),
      );
      assert.ok(one && two);
      const strays = two.clients.map((c) => collect(c, "value").values);

      await assertArrives(one, "x");
      await assertArrives(one, Buffer.from("x"));
      await two.fence();

      assert.deepEqual(strays, [[], []]);
      assert.equal(await two.server(0).adapter().serverCount(), 2);
    });

    for (const channelPrefix of ["With Capitals", "žluť", "it's", "a#b"]) {
      it(`may be ${channelPrefix}`, async (t) => {
        const options = { channelPrefix };
        const cluster = await clusterFor(t, database, { servers: 2, options });

        await assertArrives(cluster, "x");
      });
    }
  });

  describe("tableName", () => {
    /**
     * @param {string} name
     * @param {string} [spelled] how SQL spells it, when that is not the same
     * @returns {(t: import("node:test").TestContext) => Promise<void>}
     */
    const usesTable =
      (name, spelled = name) =>
      async (t) => {
        await database.query("CREATE SCHEMA IF NOT EXISTS my_schema");
        await database.query('CREATE SCHEMA IF NOT EXISTS "My Schema"');
        await prepareTable(database, spelled);
        const options = { tableName: name };
        const cluster = await clusterFor(t, database, { servers: 2, options });

        await assertArrives(cluster, Buffer.from("binary"));

        assert.equal(await rowCount(spelled), 1);
      };

    for (const name of [
      "plain",
      "Capitals",
      "my_schema.attachments",
      '"My Schema"."My Table"',
      '"with ""quotes"""',
      '"žluť"',
    ]) {
      it(`may be ${name}`, usesTable(name));
    }

    it(
      "may be a name that SQL would want quoted",
      expectedToFailOnReference(
        "the name goes into the SQL as it is",
        usesTable("my-table", '"my-table"'),
      ),
    );

    it(
      "names a table that need not exist",
      expectedToFailOnReference("it does not create its table", async (t) => {
        const tableName = "made_when_missing";
        const options = { tableName };
        const cluster = await clusterFor(t, database, { servers: 2, options });

        await assertArrives(cluster, Buffer.from("binary"));

        assert.equal(await rowCount(tableName), 1);
      }),
    );
  });

  describe("payloadThreshold", () => {
    /**
     * @param {import("node:test").TestContext} t
     * @param {string} tableName
     * @param {number} [payloadThreshold] bytes
     */
    async function clusterWith(t, tableName, payloadThreshold) {
      await prepareTable(database, tableName);
      const options =
        payloadThreshold === undefined
          ? { tableName }
          : { tableName, payloadThreshold };
      return clusterFor(t, database, { servers: 2, options });
    }

    it("sends what is larger through the table", async (t) => {
      const cluster = await clusterWith(t, "low_threshold", 1_000);

      await assertArrives(cluster, "x".repeat(500));
      assert.equal(await rowCount("low_threshold"), 0);

      await assertArrives(cluster, "x".repeat(1_000));
      assert.equal(await rowCount("low_threshold"), 1);
    });

    it("counts bytes, not characters", async (t) => {
      const cluster = await clusterWith(t, "bytes_threshold", 1_000);

      await assertArrives(cluster, "ž".repeat(500));

      assert.equal(await rowCount("bytes_threshold"), 1);
    });

    it("is nearly what a notification can hold by default", async (t) => {
      const cluster = await clusterWith(t, "default_threshold");

      await assertArrives(cluster, "x".repeat(7_500));
      assert.equal(await rowCount("default_threshold"), 0);

      await assertArrives(cluster, "x".repeat(8_000));
      assert.equal(await rowCount("default_threshold"), 1);
    });
  });

  it("cleanupInterval removes what is older", async (t) => {
    const tableName = "cleaned";
    await prepareTable(database, tableName);
    const options = { tableName, cleanupInterval: 2_000 };
    const cluster = await clusterFor(t, database, { servers: 2, options });
    await database.query(
      `INSERT INTO ${tableName} (payload, created_at)
        VALUES ('old', now() - interval '1 minute'), ('new', now() + interval '1 minute')`,
    );
    await assertArrives(cluster, Buffer.from("binary"));

    await until(async () => (await rowCount(tableName)) === 1);

    const [row] = await database.query(`SELECT payload FROM ${tableName}`);
    assert.equal(String(row.payload), "new");
  });

  it("errorHandler is told of what cannot be read", async (t) => {
    /** @type {unknown[]} */
    const errors = [];
    const cluster = await clusterFor(t, database, {
      servers: 1,
      options: {
        channelPrefix: "told",
        errorHandler: (err) => errors.push(err),
      },
    });

    // a server that is alone may not listen yet
    await until(async () => {
      await database.query("SELECT pg_notify('told#/', '{not json')");
      return errors.length > 0;
    });

    assert.ok(errors[0] instanceof Error);
    assert.equal(await cluster.server(0).adapter().serverCount(), 1);
  });

  it(
    "uid names the server in the cluster",
    expectedToFailOnReference("it has no such option", async (t) => {
      const cluster = await clusterFor(t, database, {
        servers: 3,
        optionsOf: (index) => ({ uid: `server-${index}` }),
      });

      assert.equal(cluster.server(0).adapter().uid, "server-0");
      assert.deepEqual(
        [...cluster.server(0).adapter().nodesMap.keys()].sort(),
        ["server-1", "server-2"],
      );
    }),
  );
});
