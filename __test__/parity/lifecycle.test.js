"use strict";

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");

const {
  expectedToFailOnReference,
  forgivingOptions,
  prepareTable,
} = require("../support/adapter.js");
const { startChild } = require("../support/child.js");
const {
  clusterFor,
  startCluster,
  untilAcquainted,
} = require("../support/cluster.js");
const { useDatabase } = require("../support/postgres.js");
const { TestServer } = require("../support/server.js");
const { collect, once, until, within } = require("../support/wait.js");

/**
 * Sends from the first server and back, small and binary.
 * @param {import("../support/cluster.js").Cluster} cluster
 */
async function assertTalks(cluster) {
  for (const value of ["small", Buffer.from("binary"), "x".repeat(20_000)]) {
    for (const { io } of cluster.servers) {
      const arrivals = cluster.clients.map((client) => once(client, "talk"));
      io.emit("talk", value);
      for (const [received] of await Promise.all(arrivals)) {
        assert.deepEqual(received, value);
      }
    }
  }
}

describe("lifecycle", () => {
  const database = useDatabase();

  it("init() may be called again", async (t) => {
    const cluster = await clusterFor(t, database);
    const { adapter } = cluster.io(0).of("/");
    const values = cluster.clients.map((c) => collect(c, "news").values);

    await adapter.init();
    await adapter.init();
    cluster.io(1).emit("news", 1);
    await cluster.fence(1);

    assert.deepEqual(values, [[1], [1], [1]]);
    assert.equal(await adapter.serverCount(), 3);
  });

  it("two servers may share one pool", async (t) => {
    const cluster = await startCluster(database, { servers: 1 });
    const { pool } = cluster.server(0);
    const sharing = new TestServer({
      connectionString: database.connectionString,
      sharedPool: pool,
    });
    t.after(async () => {
      await sharing.close();
      await cluster.close();
    });
    await sharing.listen();
    await sharing.untilListening();
    cluster.servers.push(sharing);
    await untilAcquainted(cluster.servers);
    cluster.clients.push(await sharing.connect());

    await assertTalks(cluster);
  });

  it("a server that closed may be followed by another", async (t) => {
    const cluster = await clusterFor(t, database, {
      servers: 2,
      options: forgivingOptions,
    });
    for (let round = 0; round < 3; round += 1) {
      await cluster.server(1).close();
      cluster.servers.pop();
      cluster.clients.pop();
      await untilAcquainted(cluster.servers);
      const server = await cluster.addServer();
      cluster.clients.push(await server.connect());
      await assertTalks(cluster);
    }
  });

  it("close() of the server says good-bye in every namespace", async (t) => {
    const cluster = await clusterFor(t, database, {
      namespaces: ["/a", "/b"],
      options: forgivingOptions,
    });

    await cluster.server(2).close();
    cluster.servers.pop();

    for (const namespace of ["/", "/a", "/b"]) {
      await until(async () => {
        const counts = await Promise.all(
          cluster.servers.map((server) =>
            server.adapter(namespace).serverCount(),
          ),
        );
        return String(counts) === "2,2";
      });
    }
  });

  it(
    "the pool is read, never used up",
    expectedToFailOnReference("it works with the pool", async (t) => {
      const cluster = await clusterFor(t, database, { servers: 2 });

      await assertTalks(cluster);

      for (const { pool } of cluster.servers) {
        assert.equal(pool.totalCount, 0);
      }
    }),
  );
});

/**
 * @param {number} count
 * @param {...import("../support/child.js").ChildServer} children
 */
async function untilChildrenCount(count, ...children) {
  for (const child of children) {
    await until(async () => (await child.call("serverCount")) === count);
  }
}

describe("a process", () => {
  const database = useDatabase();

  /**
   * @param {import("node:test").TestContext} t
   * @param {Partial<import("../support/child.js").ChildOptions>} [options]
   */
  async function childFor(t, options) {
    await prepareTable(database);
    return startChild(t, {
      connectionString: database.connectionString,
      ...options,
    });
  }

  it("ends by itself once its server is closed", async (t) => {
    const child = await childFor(t);
    await child.call("listening");
    await until(async () => (await database.sessionCount()) > 0);

    await child.call("leave");

    assert.deepEqual(await within(child.exited, "the process ended"), {
      code: 0,
      signal: null,
    });
    assert.equal(child.stderr, "");
    await database.untilUnused();
  });

  it(
    "ends by itself even if its server is closed at once",
    expectedToFailOnReference(
      "a connection that is still being set up is never given back",
      async (t) => {
        const child = await childFor(t);

        await within(child.call("leave"), "the server closed");

        assert.deepEqual(await within(child.exited, "the process ended"), {
          code: 0,
          signal: null,
        });
        await database.untilUnused();
      },
    ),
  );

  it(
    "needs no more than one connection of its pool",
    expectedToFailOnReference(
      "the one that listens is never given back, no message can leave",
      async (t) => {
        const pool = { max: 1 };
        const child = await childFor(t, { pool });
        const other = await childFor(t, { pool });

        await untilChildrenCount(2, child, other);
        assert.deepEqual(await child.call("ask"), [`answer of ${other.pid}`]);
      },
    ),
  );

  it(
    "survives what it cannot read, without an error handler",
    expectedToFailOnReference(
      "it calls the handler that is undefined",
      async (t) => {
        const options = { channelPrefix: "noise" };
        const child = await childFor(t, {
          options,
          undefinedOptions: ["errorHandler"],
        });
        await child.call("listening");
        const witness = await childFor(t, { options });
        await untilChildrenCount(2, child, witness);

        for (const noise of ["{", "null", "[]", '{"type":3}', "\u0001"]) {
          await database.query("SELECT pg_notify($1, $2)", ["noise#/", noise]);
        }

        assert.deepEqual(await child.call("ask"), [`answer of ${witness.pid}`]);
        const newcomer = await childFor(t, { options });
        await untilChildrenCount(3, child, witness, newcomer);
      },
    ),
  );
});
