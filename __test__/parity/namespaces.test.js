"use strict";

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");

const { expectedToFailOnReference } = require("../support/adapter.js");
const {
  clusterFor,
  untilAcquainted,
  useCluster,
} = require("../support/cluster.js");
const { useDatabase } = require("../support/postgres.js");
const { collect, once, until } = require("../support/wait.js");
const { WireTap } = require("../support/wire-tap.js");

/** Beyond the 63 bytes that the name of a channel may have. */
const LONG_NAME = `/${"long-".repeat(20)}`;

/**
 * A client of each server in a namespace.
 * @param {import("../support/cluster.js").Cluster} cluster
 * @param {string} namespace
 */
const connectAll = (cluster, namespace) =>
  Promise.all(cluster.servers.map((server) => server.connect(namespace)));

/**
 * Sends from the first server to all clients of a namespace.
 * @param {import("../support/cluster.js").Cluster} cluster
 * @param {string} namespace
 */
async function assertBroadcasts(cluster, namespace) {
  const clients = await connectAll(cluster, namespace);
  const arrivals = clients.map((client) => once(client, "hello"));

  cluster.io(0).of(namespace).emit("hello", namespace);

  for (const args of await Promise.all(arrivals)) {
    assert.deepEqual(args, [namespace]);
  }
  clients.forEach((client) => client.disconnect());
}

describe("namespaces", () => {
  const cluster = useCluster(useDatabase(), {
    namespaces: ["/a", "/b", "/A", /^\/dynamic-\d+$/],
  });

  it("are kept apart", async () => {
    const [inA, inB] = await Promise.all([
      connectAll(cluster, "/a"),
      connectAll(cluster, "/b"),
    ]);
    const arrivals = inA.map((client) => once(client, "message"));
    const strays = [...inB, ...cluster.clients].map(
      (client) => collect(client, "message").values,
    );

    cluster.io(1).of("/a").emit("message", 1);

    await Promise.all(arrivals);
    await cluster.fence(1);
    assert.ok(strays.every((values) => values.length === 0));
    [...inA, ...inB].forEach((client) => client.disconnect());
  });

  it("that differ in case are kept apart", async () => {
    const [lower, upper] = await Promise.all([
      connectAll(cluster, "/a"),
      connectAll(cluster, "/A"),
    ]);
    const arrivals = upper.map((client) => once(client, "message"));
    const strays = lower.map((client) => collect(client, "message").values);

    cluster.io(0).of("/A").emit("message", 1);

    await Promise.all(arrivals);
    await cluster.fence();
    assert.ok(strays.every((values) => values.length === 0));
    [...lower, ...upper].forEach((client) => client.disconnect());
  });

  it("have rooms of their own", async () => {
    const clients = await connectAll(cluster, "/b");
    clients.forEach((client, index) => {
      cluster.server(index).socketOf(client, "/b").join("room");
      cluster.socket(index).join("room");
    });
    const arrivals = clients.map((client) => once(client, "message"));
    const strays = cluster.clients.map((c) => collect(c, "message").values);

    cluster.io(2).of("/b").to("room").emit("message", 1);

    await Promise.all(arrivals);
    await cluster.fence(2);
    assert.ok(strays.every((values) => values.length === 0));
    clients.forEach((client) => client.disconnect());
  });

  it("may be made by the clients that name them", async () => {
    const name = "/dynamic-1";
    const clients = await connectAll(cluster, name);
    await untilAcquainted(cluster.servers, { namespace: name });
    const arrivals = clients.map((client) => once(client, "message"));

    cluster.io(0).of(name).emit("message", 1);

    await Promise.all(arrivals);
    clients.forEach((client) => client.disconnect());
  });

  it("of one pattern are reached together through their parent", async () => {
    const parent = cluster.io(0).of(/^\/family-\d+$/);
    cluster.io(1).of(/^\/family-\d+$/);
    cluster.io(2).of(/^\/family-\d+$/);
    const clients = [
      ...(await connectAll(cluster, "/family-1")),
      ...(await connectAll(cluster, "/family-2")),
    ];
    await untilAcquainted(cluster.servers, { namespace: "/family-1" });
    await untilAcquainted(cluster.servers, { namespace: "/family-2" });
    const arrivals = clients.map((client) => once(client, "message"));

    parent.emit("message", 1);

    await Promise.all(arrivals);
    clients.forEach((client) => client.disconnect());
  });
});

describe("namespaces with names of any kind", () => {
  const database = useDatabase();

  for (const name of [
    "/with space",
    "/žluťoučký-日本語-👍",
    "/it's",
    "/$1%s\\n",
  ]) {
    it(`reach every server: ${name}`, async (t) => {
      const cluster = await clusterFor(t, database, { namespaces: [name] });
      await assertBroadcasts(cluster, name);
    });
  }

  it(
    "reach every server: quotation marks",
    expectedToFailOnReference(
      "the name of the channel is not quoted",
      async (t) => {
        const name = '/say "hello"';
        const cluster = await clusterFor(t, database);
        cluster.servers.forEach(({ io }) => io.of(name));
        await untilAcquainted(cluster.servers, { namespace: name });
        await assertBroadcasts(cluster, name);
      },
    ),
  );

  it(
    "reach every server: longer than the name of a channel may be",
    expectedToFailOnReference(
      "PostgreSQL refuses names of channels over 63 bytes",
      async (t) => {
        const cluster = await clusterFor(t, database, {
          namespaces: [LONG_NAME],
        });
        await assertBroadcasts(cluster, LONG_NAME);
      },
    ),
  );

  it(
    "are kept apart where only the end of a long name differs",
    expectedToFailOnReference(
      "PostgreSQL refuses names of channels over 63 bytes",
      async (t) => {
        const names = [`${LONG_NAME}-1`, `${LONG_NAME}-2`];
        const cluster = await clusterFor(t, database, { namespaces: names });
        const [first, second] = await Promise.all([
          connectAll(cluster, names[0] ?? ""),
          connectAll(cluster, names[1] ?? ""),
        ]);
        const arrivals = first.map((client) => once(client, "message"));
        const strays = second.map((c) => collect(c, "message").values);

        cluster
          .io(0)
          .of(names[0] ?? "")
          .emit("message", 1);

        await Promise.all(arrivals);
        await cluster.fence();
        assert.ok(strays.every((values) => values.length === 0));
      },
    ),
  );
});

describe("namespaces and connections", () => {
  const database = useDatabase();

  it(
    "share the connections of their server",
    expectedToFailOnReference(
      "each message may open one more connection of the pool",
      async (t) => {
        const cluster = await clusterFor(t, database, { servers: 2 });
        const before = await database.sessionCount();

        for (let i = 0; i < 20; i += 1) {
          cluster.servers.forEach(({ io }) => io.of(`/shared-${i}`));
        }
        for (let i = 0; i < 20; i += 1) {
          await untilAcquainted(cluster.servers, { namespace: `/shared-${i}` });
        }

        assert.equal(await database.sessionCount(), before);
      },
    ),
  );

  it(
    "that became empty are no longer listened to",
    expectedToFailOnReference("it never says UNLISTEN", async (t) => {
      const tap = new WireTap(database.connectionString);
      t.after(() => tap.close());
      const cluster = await clusterFor(t, database, {
        servers: 1,
        namespaces: [/^\/visit-\d+$/],
        io: { cleanupEmptyChildNamespaces: true },
        options: { channelPrefix: "tapped" },
        pool: { connectionString: await tap.open() },
      });
      const say = (/** @type {string} */ nsp, /** @type {string} */ text) =>
        database.query("SELECT pg_notify($1, $2)", [
          `tapped#${nsp}`,
          JSON.stringify({ type: 2, uid: "outsider", nsp, text }),
        ]);
      /** @param {string} text */
      const untilHeard = (text) =>
        until(() => tap.heard(text), { message: text });
      const server = cluster.server(0);
      const client = await server.connect("/visit-1");
      await until(async () => {
        await say("/visit-1", "while it is open");
        return tap.heard("while it is open");
      });

      client.disconnect();
      await until(() => !server.io._nsps.has("/visit-1"));
      let round = 0;
      // the database heeds UNLISTEN some time later; a notification of the main namespace shows that it had its chance
      await until(async () => {
        round += 1;
        await say("/visit-1", `after it closed ${round};`);
        await say("/", `fence ${round};`);
        await untilHeard(`fence ${round};`);
        return !tap.heard(`after it closed ${round};`);
      });
    }),
  );
});
