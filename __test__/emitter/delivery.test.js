"use strict";

// In which order messages arrive, and what becomes of them while the database is away.

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");

const { useCluster } = require("../support/cluster.js");
const { Reports } = require("../support/faults.js");
const { useDatabase } = require("../support/postgres.js");
const { startProxy } = require("../support/proxy.js");
const { collect, until } = require("../support/wait.js");
const { emitterFor, listenFor } = require("./emitters.js");

/** @typedef {import("../../index.js").Emitter} Emitter */

const MIXED_COUNT = 2_000;
const LARGE = "x".repeat(9_000);

/**
 * Sends a numbered message in one of many ways.
 *
 * @param {Emitter} emitter
 * @param {number} number
 */
function emitNumbered(emitter, number) {
  switch (number % 5) {
    case 0:
      return emitter.emit("n", number);
    case 1:
      return emitter.emit("n", number, Buffer.of(number % 256));
    case 2:
      return emitter.to("all").emit("n", number, "text");
    case 3:
      return emitter.except("nobody").compress(false).emit("n", number);
    default:
      return emitter.to(["all", "none"]).emit("n", number, LARGE);
  }
}

describe("the messages of an emitter", () => {
  const database = useDatabase();
  const cluster = useCluster(database, {
    servers: 2,
    clientsPerServer: 2,
    // no heartbeat is heard among the messages
    options: { heartbeatInterval: 600_000, heartbeatTimeout: 1_200_000 },
  });

  it("arrive in the order of the calls, small, large and binary", async (t) => {
    const emitter = emitterFor(t, database.connectionString);
    const arrivals = cluster.clients.map((client) => collect(client, "n"));
    emitter.socketsJoin("all");

    for (let i = 0; i < MIXED_COUNT; i += 1) emitNumbered(emitter, i);
    await emitter.flush();

    await Promise.all(arrivals.map((each) => each.count(MIXED_COUNT)));
    await cluster.fence();
    const expected = Array.from({ length: MIXED_COUNT }, (_, i) => i);
    for (const { values } of arrivals) {
      const numbers = values.map((value) => [value].flat()[0]);
      assert.deepEqual(numbers, expected);
    }
  });

  it("keep their order across namespaces and operators", async (t) => {
    const emitter = emitterFor(t, database.connectionString);
    const other = emitter.of("/other");
    const ear = await listenFor(t, database, "socket.io#/", "socket.io#/other");

    for (let i = 0; i < 200; i += 1) {
      (i % 2 === 0 ? emitter : other).emit("n", i);
    }
    await emitter.flush();

    await ear.catchUp();
    const numbers = ear.messages.map(({ data }) => data.packet.data[1]);
    assert.deepEqual(
      numbers,
      Array.from({ length: 200 }, (_, i) => i),
    );
  });

  it("hold what the values were at the call", async (t) => {
    const emitter = emitterFor(t, database.connectionString);
    const ear = await listenFor(t, database);
    const arrivals = collect(cluster.client(0), "values");
    const value = { n: 1 };
    const bytes = Buffer.of(1);

    emitter.emit("values", value, bytes);
    value.n = 2;
    bytes.fill(2);
    emitter.emit("values", value, bytes);
    await emitter.flush();

    await ear.catchUp();
    assert.equal(ear.messages.length, 2);
    const [first, second] = await arrivals.count(2);
    assert.deepEqual(first, [{ n: 1 }, Buffer.of(1)]);
    assert.deepEqual(second, [{ n: 2 }, Buffer.of(2)]);
  });
});

describe("an emitter whose database is away", () => {
  const database = useDatabase();

  /** @param {import("node:test").TestContext} t */
  async function startBehindProxy(t) {
    const proxy = await startProxy(t, database.connectionString);
    const reports = new Reports();
    const ear = await listenFor(t, database);
    return { proxy, reports, ear };
  }

  /** @param {Awaited<ReturnType<typeof listenFor>>} ear */
  async function numbersOf(ear) {
    await ear.catchUp();
    /** @type {number[]} */
    const numbers = [];
    for (const { attachmentId, data } of ear.messages) {
      numbers.push(attachmentId ? -1 : data.packet.data[1]);
    }
    return numbers;
  }

  it("returns from every call at once", async (t) => {
    const { proxy } = await startBehindProxy(t);
    const emitter = emitterFor(t, proxy.connectionString);
    emitter.emit("n", 0);
    await emitter.flush();
    proxy.freeze(); // every answer is waited for until a time-out, by whoever waits

    const started = performance.now();
    for (let i = 0; i < MIXED_COUNT; i += 1) {
      assert.equal(emitNumbered(emitter, i), true);
    }
    emitter.socketsJoin("a");
    emitter.serverSideEmit("note");
    const elapsed = performance.now() - started;
    assert.ok(elapsed < 2_000, `the calls took ${elapsed} ms`);

    await proxy.cut();
    await proxy.open();
    await emitter.flush();
  });

  it("keeps what it is given, in order, and flushes when it is back", async (t) => {
    const { proxy, reports, ear } = await startBehindProxy(t);
    const options = { errorHandler: reports.errorHandler };
    const emitter = emitterFor(t, proxy.connectionString, "/", options);
    emitter.emit("n", 0);
    await emitter.flush();
    await proxy.cut();
    emitter.emit("n", 1);
    await reports.first("ERR_CONNECTION");

    for (let i = 2; i < 20; i += 1) emitter.emit("n", i);
    emitter.emit("n", Buffer.of(1));
    emitter.volatile.emit("n", 99);
    let flushed = false;
    const flush = emitter.flush().then(() => (flushed = true));
    // a failed attempt later it has not given up
    await until(() => reports.errors.length >= 2, {
      message: "a refused connection after a lost one",
    });
    assert.equal(flushed, false);
    assert.deepEqual(await numbersOf(ear), [0]);

    await proxy.open();
    await flush;
    const numbers = await numbersOf(ear);
    const expected = Array.from({ length: 20 }, (_, i) => i);
    assert.deepEqual(numbers, [...expected, -1]);
    assert.ok(reports.codes.every((code) => code === "ERR_CONNECTION"));
  });

  it("may have been away from the start", async (t) => {
    const { proxy, reports, ear } = await startBehindProxy(t);
    const { connectionString } = proxy;
    await proxy.cut();
    const options = { errorHandler: reports.errorHandler };
    const emitter = emitterFor(t, connectionString, "/", options);

    emitter.emit("n", 1);
    const flush = emitter.flush();
    await reports.first("ERR_CONNECTION");
    emitter.emit("n", 2);

    await proxy.open();
    await flush;
    await emitter.flush();
    assert.deepEqual(await numbersOf(ear), [1, 2]);
  });
});
