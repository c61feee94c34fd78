"use strict";

// What stats() says is what happened.

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");

const { untilAcquainted } = require("../support/cluster.js");
const { Reports } = require("../support/faults.js");
const { useDatabase } = require("../support/postgres.js");
const { startProxy } = require("../support/proxy.js");
const { TestServer } = require("../support/server.js");
const { collect, once, until } = require("../support/wait.js");

/**
 * @param {TestServer} server
 * @param {string} [nsp]
 * @returns {import("../..").AdapterStats}
 */
const statsOf = (server, nsp = "/") =>
  /** @type {any} */ (server.adapter(nsp)).stats();

/** @param {import("../..").AdapterStats} stats */
function isAccountedFor({ received, delivered, filtered }) {
  const { noSocket, otherRooms, otherServer, membership } = filtered;
  const filteredMessages = noSocket + otherRooms + otherServer + membership;
  return received.messages === delivered + filteredMessages;
}

describe("stats()", () => {
  const database = useDatabase();

  /**
   * @param {import("node:test").TestContext} t
   * @param {import("../support/adapter.js").AdapterOptions} [options]
   */
  async function startTwo(t, options = {}) {
    const servers = [1, 2].map(
      () =>
        new TestServer({
          connectionString: database.connectionString,
          options: { errorHandler: () => {}, ...options },
        }),
    );
    t.after(() => Promise.all(servers.map((server) => server.close())));
    await Promise.all(servers.map((server) => server.listen()));
    await untilAcquainted(servers);
    const [near, far] = /** @type {[TestServer, TestServer]} */ (servers);
    return { near, far };
  }

  it("tells who and where", async (t) => {
    const { near, far } = await startTwo(t, {});
    near.io.of("/admin");
    const stats = statsOf(near);
    assert.equal(stats.uid, /** @type {any} */ (near.adapter()).uid);
    assert.equal(stats.nsp, "/");
    assert.equal(stats.peers, 1);
    assert.equal(statsOf(near, "/admin").nsp, "/admin");
    assert.equal(statsOf(near, "/admin").peers, 0);
    assert.notEqual(statsOf(far).uid, stats.uid);
    assert.equal(stats.lastError, null);
    for (const { state, duration, reconnects } of Object.values(
      stats.connections,
    )) {
      assert.equal(state, "connected");
      assert.ok(duration >= 0);
      assert.equal(reconnects, 0);
    }
  });

  it("counts messages where they are sent, filtered and delivered", async (t) => {
    const { near, far } = await startTwo(t);
    const client = await far.connect();
    const received = collect(client, "number");
    const before = { near: statsOf(near), far: statsOf(far) };
    for (let i = 0; i < 100; i++) {
      near.io.emit("number", i);
      near.io.to("elsewhere").emit("number", i);
    }
    await received.count(100);
    await until(
      () =>
        statsOf(far).filtered.otherRooms - before.far.filtered.otherRooms ===
        100,
    );
    // the sender may hear later than the receiver that all is committed
    await until(
      () =>
        statsOf(near).published.messages - before.near.published.messages >=
        200,
    );
    // a heartbeat may be on its way from one counter to the other
    await until(() => isAccountedFor(statsOf(far)));
    const after = { near: statsOf(near), far: statsOf(far) };
    assert.ok(after.near.published.batches > before.near.published.batches);
    assert.ok(
      after.near.published.batches - before.near.published.batches <= 200,
    );
    assert.ok(after.near.published.bytes > before.near.published.bytes);
    assert.ok(after.near.published.largestBatch >= 1);
    assert.equal(after.far.delivered - before.far.delivered, 100);
    assert.ok(after.far.received.bytes > before.far.received.bytes);
    assert.equal(typeof after.near.roundTripTime, "number");
  });

  it("counts what goes through the table", async (t) => {
    const { near, far } = await startTwo(t, { payloadThreshold: 100 });
    const client = await far.connect();
    near.io.emit("large", "x".repeat(1000));
    await once(client, "large");
    assert.equal(statsOf(far).attachments.read, 1);
    // the sender may hear later than the receiver that all is committed
    await until(() => statsOf(near).attachments.written === 1);
    assert.equal(statsOf(far).attachments.skipped, 0);
  });

  it("tells of an outage: state, what waits, what was dropped, the last error", async (t) => {
    const proxy = await startProxy(t, database.connectionString);
    const reports = new Reports();
    const server = new TestServer({
      connectionString: proxy.connectionString,
      options: { errorHandler: reports.errorHandler, maxBufferSize: 10_000 },
    });
    t.after(() => server.close());
    await server.listen();
    await until(
      () => statsOf(server).connections.publisher.state === "connected",
    );
    const start = Date.now();
    await proxy.cut();
    await until(() =>
      Object.values(statsOf(server).connections).every(
        ({ state }) => state === "connecting",
      ),
    );
    await until(() => statsOf(server).lastError !== null);
    const { lastError } = statsOf(server);
    assert.equal(lastError?.code, "ERR_CONNECTION");
    assert.ok(Number(lastError?.at) >= start);
    for (let i = 0; i < 20; i++) {
      server.io.emit("text", "x".repeat(1000));
    }
    await until(() => statsOf(server).buffer.messages < 20);
    assert.ok(statsOf(server).buffer.bytes <= 10_000);
    await proxy.open();
    const { buffer, connections } = await until(() => {
      const stats = statsOf(server);
      const { dropped, messages } = stats.buffer;
      return dropped > 0 && messages === 0 ? stats : undefined;
    });
    assert.ok(buffer.dropped > 0 && buffer.dropped < 20);
    assert.ok(connections.publisher.reconnects >= 1);
    assert.equal(buffer.bytes, 0);
  });

  it("works after the server was closed", async (t) => {
    const { near } = await startTwo(t);
    const adapter = /** @type {any} */ (near.adapter("/"));
    await near.close();
    const stats = adapter.stats();
    assert.equal(stats.connections.listener.state, "closed");
    assert.equal(stats.connections.publisher.state, "closed");
    assert.ok(stats.published.messages > 0);
  });
});
