"use strict";

// A connection that breaks, or cannot be made, is an incident: it is reported, and everything goes on.

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");

const { untilAcquainted } = require("../support/cluster.js");
const { Reports, untilBothAreGone } = require("../support/faults.js");
const { useDatabase } = require("../support/postgres.js");
const { startProxy } = require("../support/proxy.js");
const { TestServer } = require("../support/server.js");
const { collect, once, until } = require("../support/wait.js");

/** @typedef {Awaited<ReturnType<typeof startProxy>>} Proxy */

/**
 * @param {any[]} values of the event "number"
 * @returns {number[]}
 */
const numbersOf = (values) => values.map(([number]) => number);

describe("connections", () => {
  const database = useDatabase();

  /**
   * Two servers; the way of the first to the database can be cut.
   *
   * @param {import("node:test").TestContext} t
   * @param {import("../support/adapter.js").AdapterOptions} [options] of the first
   */
  async function startWithProxy(t, options) {
    const proxy = await startProxy(t, database.connectionString);
    const reports = new Reports();
    const near = new TestServer({
      connectionString: proxy.connectionString,
      options: { errorHandler: reports.errorHandler, ...options },
    });
    const far = new TestServer({
      connectionString: database.connectionString,
    });
    t.after(() => Promise.all([near.close(), far.close()]));
    await Promise.all([near.listen(), far.listen()]);
    await untilAcquainted([near, far]);
    return {
      proxy,
      reports,
      near,
      far,
      nearClient: await near.connect(),
      farClient: await far.connect(),
    };
  }

  it("messages wait for a server that is away, and arrive in order; volatile ones do not", async (t) => {
    const { proxy, reports, near, nearClient, farClient } =
      await startWithProxy(t);
    const local = collect(nearClient, "number");
    const remote = collect(farClient, "number");

    await proxy.cut();
    near.io.emit("number", 0);
    await untilBothAreGone(near);
    const expected = [0];
    for (let number = 1; number < 300; number += 1) {
      if (number % 3 === 0) {
        near.io.volatile.emit("number", number);
      } else {
        near.io.emit(
          "number",
          number,
          ...(number % 10 ? [] : [Buffer.alloc(9)]),
        );
        expected.push(number);
      }
    }
    await local.count(expected.length);
    assert.deepEqual(remote.values, []);
    await proxy.open();
    const arrival = once(farClient, "last");
    near.io.emit("last");
    await arrival;

    assert.deepEqual(
      numbersOf(remote.values.map((value) => [value].flat())),
      expected,
    );
    assert.deepEqual([...new Set(reports.codes)], ["ERR_CONNECTION"]);
  });

  it("messages wait also for a server that is back later than their sender", async (t) => {
    const ways = await Promise.all(
      [0, 1].map(() => startProxy(t, database.connectionString)),
    );
    const reports = new Reports();
    const servers = ways.map(
      ({ connectionString }) =>
        new TestServer({
          connectionString,
          options: { errorHandler: reports.errorHandler },
        }),
    );
    t.after(() => Promise.all(servers.map((server) => server.close())));
    await Promise.all(servers.map((server) => server.listen()));
    await untilAcquainted(servers);
    const [near, far] = /** @type {[TestServer, TestServer]} */ (servers);
    const remote = collect(await far.connect(), "number");
    const [nearWay, farWay] = /** @type {[Proxy, Proxy]} */ (ways);

    await Promise.all(ways.map((way) => way.cut()));
    const expected = Array.from({ length: 100 }, (_, number) => number);
    expected.forEach((number) => near.io.emit("number", number));
    await nearWay.open();
    await until(async () => (await database.sessionCount()) === 2);
    await farWay.open();

    await remote.count(expected.length);
    assert.deepEqual(remote.values, expected);
  });

  it("rooms, sockets and other servers are known again after it", async (t) => {
    const { proxy, near, far, nearClient, farClient } = await startWithProxy(t);
    far.socketOf(farClient).join("club");

    await proxy.cut();
    far.socketOf(farClient).join("team");
    near.io.in("club").socketsJoin("late");
    await proxy.open();

    await until(() => far.socketOf(farClient).rooms.has("late"));
    const arrival = once(farClient, "to team");
    near.io.to("team").emit("to team", 1);
    assert.deepEqual(await arrival, [1]);
    await untilAcquainted([near, far]);
    for (const { io } of [near, far]) {
      const ids = (await io.fetchSockets()).map(({ id }) => id);
      assert.deepEqual(ids.sort(), [nearClient.id, farClient.id].sort());
    }
  });
});
