"use strict";

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");

const { forgivingOptions } = require("../support/adapter.js");
const { startChild } = require("../support/child.js");
const { clusterFor, untilAcquainted } = require("../support/cluster.js");
const { useDatabase } = require("../support/postgres.js");
const { until } = require("../support/wait.js");

/** @param {import("../support/cluster.js").Cluster} cluster */
const counts = (cluster) =>
  Promise.all(cluster.servers.map((server) => server.adapter().serverCount()));

describe("serverCount()", () => {
  const database = useDatabase();

  it("is one alone", async (t) => {
    const cluster = await clusterFor(t, database, { servers: 1 });

    assert.deepEqual(await counts(cluster), [1]);
  });

  it("counts those who come and those who close", async (t) => {
    const cluster = await clusterFor(t, database, {
      servers: 2,
      options: forgivingOptions,
    });
    assert.deepEqual(await counts(cluster), [2, 2]);

    await cluster.addServer();
    assert.deepEqual(await counts(cluster), [3, 3, 3]);

    await cluster.server(2).close();
    cluster.servers.pop();
    await until(async () => String(await counts(cluster)) === "2,2");
  });

  it("counts in each namespace", async (t) => {
    const cluster = await clusterFor(t, database, {
      servers: 3,
      namespaces: ["/all"],
    });
    cluster.io(0).of("/some");
    cluster.io(1).of("/some");

    await untilAcquainted(cluster.servers.slice(0, 2), { namespace: "/some" });

    assert.equal(await cluster.server(0).adapter("/all").serverCount(), 3);
  });

  it("shows the others in the nodes map, by their ids", async (t) => {
    const cluster = await clusterFor(t, database, { servers: 3 });
    const adapters = cluster.servers.map((server) => server.adapter());

    for (const adapter of adapters) {
      const others = adapters.filter((other) => other !== adapter);
      assert.ok(adapter.nodesMap instanceof Map);
      assert.equal(adapter.nodesMap.size, 2);
      assert.deepEqual(
        [...adapter.nodesMap.keys()].sort(),
        others.map(({ uid }) => uid).sort(),
      );
    }
  });

  it("drops a server that was killed, after the heartbeat time-out", async (t) => {
    const options = { heartbeatInterval: 200, heartbeatTimeout: 4_000 };
    const cluster = await clusterFor(t, database, { servers: 2, options });
    const child = await startChild(t, {
      connectionString: database.connectionString,
      options,
    });
    await untilAcquainted(cluster.servers, { count: 3 });

    const killedAt = Date.now();
    await child.kill("SIGKILL");
    await until(async () => String(await counts(cluster)) === "2,2");

    const elapsed = Date.now() - killedAt;
    // it may have been silent for one interval when it was killed, for some on a busy machine
    assert.ok(elapsed >= 2_500, `dropped too early, after ${elapsed} ms`);
    assert.ok(elapsed < 20_000, `dropped too late, after ${elapsed} ms`);
  });

  it("keeps servers that have nothing to say", async (t) => {
    const options = { heartbeatInterval: 200, heartbeatTimeout: 3_000 };
    const cluster = await clusterFor(t, database, { servers: 3, options });
    const end = Date.now() + 7_500;

    await until(async () => {
      assert.deepEqual(await counts(cluster), [3, 3, 3]);
      return Date.now() > end;
    });
  });
});
