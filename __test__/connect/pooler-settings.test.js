"use strict";

// What a pooler refuses, and what a small one has to give.

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");

const { clusterFor, untilAcquainted } = require("../support/cluster.js");
const { Reports } = require("../support/faults.js");
const { findPgBouncer, usePooler } = require("../support/pgbouncer.js");
const { useDatabase } = require("../support/postgres.js");
const { TestServer } = require("../support/server.js");
const { once } = require("../support/wait.js");

const skip = findPgBouncer() ? false : "left out: no pgbouncer is installed";

describe("a pooler in session mode", { skip }, () => {
  const database = useDatabase();
  const pooled = usePooler(database, { pool_mode: "session" });

  it("that takes no time limits is used without: statements have their own", async (t) => {
    const reports = new Reports();
    const cluster = await clusterFor(t, pooled(), {
      servers: 2,
      // the pool itself could not connect: pg insists
      pool: { statement_timeout: 5000, lock_timeout: 1000 },
      options: { errorHandler: reports.errorHandler },
    });
    const arrival = once(cluster.client(1), "news");
    cluster.io(0).emit("news", 1);
    assert.deepEqual(await arrival, [1]);
    assert.deepEqual(reports.errors, []);
  });

  const refusals = {
    "server options, which are not dropped in silence": {
      pool: { options: "-c search_path=chat" },
      message: /"options".*ignore_startup_parameters/,
    },
    "a wrong password": {
      pool: { password: "hunter2" },
      message: /@127\.0\.0\.1:\d+\/test_.*authentication failed/,
    },
  };
  for (const [name, { pool, message }] of Object.entries(refusals)) {
    it(`refuses ${name}: the message says so`, async (t) => {
      const reports = new Reports();
      const { hostname, port, username, password, pathname } = new URL(
        pooled().connectionString,
      );
      const server = new TestServer({
        connectionString: "",
        pool: {
          host: hostname,
          port: Number(port),
          user: username,
          password,
          database: pathname.slice(1),
          ...pool,
        },
        options: { errorHandler: reports.errorHandler },
      });
      t.after(() => server.close());
      await server.listen();
      const error = await reports.first("ERR_CONNECTION");
      assert.match(error.message, message);
      assert.equal(error.cause?.code, "08P01");
      assert.ok(!reports.text.includes("hunter2"), reports.text);
    });
  }
});

describe("a pooler in session mode with two sessions", { skip }, () => {
  const database = useDatabase();
  const pooled = usePooler(database, {
    pool_mode: "session",
    default_pool_size: 2,
  });

  it("has enough for a server", async (t) => {
    const reports = new Reports();
    const cluster = await clusterFor(t, pooled(), {
      servers: 1,
      options: { errorHandler: reports.errorHandler },
    });
    const hearing = new TestServer(database);
    t.after(() => hearing.close());
    await hearing.listen();
    await untilAcquainted([...cluster.servers, hearing]);
    assert.deepEqual(reports.errors, []);
  });
});
