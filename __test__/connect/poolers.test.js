"use strict";

// Behind a real PgBouncer: publishing needs no session, listening needs one.

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");

const { Pool } = require("pg");

const { Emitter } = require("../../index.js");
const { clusterFor } = require("../support/cluster.js");
const { Reports, untilListening } = require("../support/faults.js");
const { findPgBouncer, usePooler } = require("../support/pgbouncer.js");
const { useDatabase } = require("../support/postgres.js");
const { TestServer } = require("../support/server.js");
const { once } = require("../support/wait.js");

const skip = findPgBouncer() ? false : "left out: no pgbouncer is installed";

/**
 * @param {import("node:test").TestContext} t which closes it
 * @param {{ connectionString: string }} database
 */
async function reportingServer(t, { connectionString }) {
  const reports = new Reports();
  const server = new TestServer({
    connectionString,
    options: { errorHandler: reports.errorHandler },
  });
  t.after(() => server.close());
  await server.listen();
  return { reports, server };
}

/** Small and in a notification, binary, and large and in the table. */
const CONTENTS = ["small", Buffer.from("binary"), "large".repeat(2000)];

/** @param {import("../support/cluster.js").Cluster} cluster */
async function assertEverybodyHears(cluster) {
  for (const content of CONTENTS) {
    const arrivals = cluster.clients.map((client) => once(client, "news"));
    cluster.io(0).emit("news", content);
    for (const arrival of arrivals) {
      assert.deepEqual(await arrival, [content]);
    }
  }
  cluster.servers.forEach(({ io }, index) => {
    io.on("who?", (reply) => reply(index));
  });
  const answers = await cluster.io(0).serverSideEmitWithAck("who?");
  assert.deepEqual(
    answers.sort(),
    cluster.servers.slice(1).map((_, index) => index + 1),
  );
}

for (const { mode, settings } of [
  { mode: "transaction", settings: {} },
  { mode: "transaction", settings: { server_round_robin: 1 } },
  { mode: "statement", settings: {} },
]) {
  const title = `a pooler in ${mode} mode ${JSON.stringify(settings)}`;
  describe(title, { skip }, () => {
    const database = useDatabase();
    const pooled = usePooler(database, { pool_mode: mode, ...settings });

    it("is recognised, whoever else uses it, and what to do is said", async (t) => {
      const others = Array.from({ length: 3 }, () =>
        reportingServer(t, pooled()),
      );
      const servers = [
        await reportingServer(t, pooled()),
        ...(await Promise.all(others)),
      ];
      for (const { reports } of servers) {
        const error = await reports.first("ERR_POOLER");
        assert.match(error.message, /listenPool/);
        const { hostname, port, pathname } = new URL(pooled().connectionString);
        assert.match(
          error.message,
          new RegExp(`@${hostname}:${port}${pathname}`),
        );
        assert.deepEqual(reports.codes, ["ERR_POOLER"]);
      }
    });

    it("takes what is published without being listened to", async (t) => {
      const { server } = await reportingServer(t, pooled());
      const hearing = new TestServer(database);
      t.after(() => hearing.close());
      await hearing.listen();
      const client = await hearing.connect();
      await untilListening(database, client);
      for (const content of CONTENTS) {
        const arrival = once(client, "news");
        server.io.emit("news", content);
        assert.deepEqual(await arrival, [content]);
      }
      const emitter = new Emitter(pooled().connectionString);
      const arrival = once(client, "headline");
      emitter.emit("headline", 1);
      assert.deepEqual(await arrival, [1]);
      await emitter.close();
    });

    it("is gone around by listenPool: a string, a configuration or a pool", async (t) => {
      const { connectionString } = database;
      const pool = new Pool({ connectionString });
      t.after(() => pool.end());
      const ways = [connectionString, { connectionString }, pool];
      const reports = new Reports();
      const cluster = await clusterFor(t, pooled(), {
        options: { errorHandler: reports.errorHandler },
        optionsOf: (index) => ({
          listenPool: ways[index],
          // among others, whoever it is, through the table
          payloadThreshold: index === 0 ? 100 : 8000,
        }),
      });
      await assertEverybodyHears(cluster);
      assert.deepEqual(reports.errors, []);
    });
  });
}

describe("a pooler in session mode", { skip }, () => {
  const database = useDatabase();
  const pooled = usePooler(database, { pool_mode: "session" });

  it("needs no option", async (t) => {
    const reports = new Reports();
    const cluster = await clusterFor(t, pooled(), {
      servers: 2,
      options: { errorHandler: reports.errorHandler },
    });
    await assertEverybodyHears(cluster);
    assert.deepEqual(reports.errors, []);
  });
});
