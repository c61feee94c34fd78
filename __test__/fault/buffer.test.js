"use strict";

// What is published while the database is away waits, up to a size and an age; past it, it is dropped and counted.

const assert = require("node:assert/strict");
const { after, afterEach, before, describe, it } = require("node:test");

const { Emitter } = require("../../index.js");
const { startPostgres } = require("../../scripts/embedded-postgres.js");
const { untilAcquainted } = require("../support/cluster.js");
const { Reports, untilBothAreGone } = require("../support/faults.js");
const { TestServer } = require("../support/server.js");
const { collect, once, until } = require("../support/wait.js");

/** @typedef {import("../../scripts/embedded-postgres.js").EmbeddedPostgres} EmbeddedPostgres */

/** A server waits up to 2 seconds between two attempts, and up to 5 for the others; the rest is for a busy machine. */
const RECONNECTION_MS = 30_000;

describe("messages for a database that is away", () => {
  /** @type {EmbeddedPostgres} */
  let postgres;
  before(async () => {
    postgres = await startPostgres();
  });
  afterEach(() => postgres.start());
  after(() => postgres?.dispose());

  /**
   * @param {import("node:test").TestContext} t
   * @param {import("../support/adapter.js").AdapterOptions} options of the server that publishes
   */
  async function startServers(t, options) {
    const reports = new Reports();
    const { connectionString } = postgres;
    const near = new TestServer({
      connectionString,
      options: { errorHandler: reports.errorHandler, ...options },
    });
    const far = new TestServer({
      connectionString,
      options: { errorHandler() {} },
    });
    t.after(() => Promise.all([near.close(), far.close()]));
    await Promise.all([near.listen(), far.listen()]);
    await untilAcquainted([near, far]);
    const farClient = await far.connect();
    return { reports, near, far, farClient };
  }

  /** @param {Reports} reports */
  function overflows({ errors }) {
    return errors.filter(({ code }) => code === "ERR_BUFFER_OVERFLOW");
  }

  it("are dropped past maxBufferSize, the oldest first, and reported once for each outage", async (t) => {
    const { reports, near, far, farClient } = await startServers(t, {
      maxBufferSize: 100_000,
    });
    const remote = collect(farClient, "large");

    for (const outage of [1, 2]) {
      remote.values.length = 0;
      await postgres.stop();
      near.io.emit("large", 0, "");
      await untilBothAreGone(near);
      for (let number = 1; number < 50; number += 1) {
        near.io.emit("large", number, "x".repeat(10_000));
      }
      await postgres.start();
      await until(() => remote.values.at(-1)?.[0] === 49, {
        timeout: RECONNECTION_MS,
      });

      const numbers = remote.values.map(([number]) => number);
      const dropped = 50 - numbers.length;
      // the first may have been under way when the connection was lost
      const kept = numbers.filter((number) => number > 0);
      assert.deepEqual(kept, [41, 42, 43, 44, 45, 46, 47, 48, 49]);
      await until(() => overflows(reports).length >= outage);
      assert.match(
        String(overflows(reports).at(-1)?.message),
        new RegExp(
          `^${dropped} messages were dropped, oldest first: ${dropped} because more than 100000 bytes waited`,
        ),
      );
      await untilAcquainted([near, far]);
      assert.equal(overflows(reports).length, outage);
    }
  });

  it("are dropped past maxBufferAge, and never sent late", async (t) => {
    const maxBufferAge = 200;
    const { reports, near, far, farClient } = await startServers(t, {
      maxBufferAge,
    });
    const remote = collect(farClient, "number");

    await postgres.stop();
    for (let number = 0; number < 10; number += 1) {
      near.io.emit("number", number);
    }
    await reports.first("ERR_CONNECTION");
    const published = performance.now();
    await until(() => performance.now() - published > maxBufferAge);
    await postgres.start();
    await untilAcquainted([near, far]);
    await reports.first("ERR_BUFFER_OVERFLOW", { timeout: RECONNECTION_MS });
    const arrival = once(farClient, "number", { timeout: RECONNECTION_MS });
    near.io.emit("number", 10);
    await arrival;

    assert.deepEqual(remote.values, [10]);
    assert.match(
      String(overflows(reports)[0]?.message),
      /^10 messages were dropped, oldest first: 10 because they waited 200 ms or longer/,
    );
    assert.equal(overflows(reports).length, 1);
  });

  it("are given up by an emitter when they are too old, and its flush() says so", async (t) => {
    const reports = new Reports();
    await postgres.stop();
    const emitter = new Emitter(postgres.connectionString, {
      maxBufferAge: 100,
      errorHandler: reports.errorHandler,
    });
    t.after(() => emitter.close());

    emitter.emit("number", 1);
    emitter.emit("number", 2);
    await emitter.flush();

    assert.match(
      String(overflows(reports)[0]?.message),
      /^2 messages were dropped/,
    );
  });
});
