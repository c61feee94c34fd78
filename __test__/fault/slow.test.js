"use strict";

// A database that takes its time for every answer: what waits for it travels together.

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");

const { untilAcquainted } = require("../support/cluster.js");
const { Reports } = require("../support/faults.js");
const { openTap, untilFramed } = require("../support/frames.js");
const { useDatabase } = require("../support/postgres.js");
const { startProxy } = require("../support/proxy.js");
const { TestServer } = require("../support/server.js");
const { collect, until } = require("../support/wait.js");

// transactions are counted: those of other tests must not be among them
delete process.env.TEST_DATABASE_URL;

const ANSWER_MS = 300;
const MESSAGES = 3_000;

describe("a database that answers after 300 ms", () => {
  const database = useDatabase();

  /** @returns {Promise<number>} how many transactions have written something, or notified somebody */
  async function transactionCount() {
    const [{ xid }] = await database.query(
      "SELECT pg_current_xact_id()::text AS xid",
    );
    return Number(xid);
  }

  /**
   * @param {import("node:test").TestContext} t
   * @param {import("../support/adapter.js").AdapterOptions} options
   */
  async function startTwo(t, options) {
    const proxy = await startProxy(t, database.connectionString);
    const reports = new Reports();
    const servers = [proxy, database].map(
      ({ connectionString }) =>
        new TestServer({
          connectionString,
          options: { ...options, errorHandler: reports.errorHandler },
        }),
    );
    t.after(() => Promise.all(servers.map((server) => server.close())));
    await Promise.all(servers.map((server) => server.listen()));
    await untilAcquainted(servers);
    return { proxy, reports, servers };
  }

  const ways = {
    "in frames": { heartbeatInterval: 1_000, heartbeatTimeout: 3_000 },
    "one by one": { payloadThreshold: 7_000 },
  };
  for (const [name, options] of Object.entries(ways)) {
    it(`messages ${name}: a few transactions carry thousands, in order`, async (t) => {
      const { proxy, reports, servers } = await startTwo(t, options);
      const [slow, other] = /** @type {[TestServer, TestServer]} */ (servers);
      const local = collect(await slow.connect(), "number");
      const remote = collect(await other.connect(), "number");
      if (name === "in frames") {
        await untilFramed(await openTap(database), servers);
      }
      proxy.delayAnswers(ANSWER_MS);
      const before = await transactionCount();

      // in many turns of the event loop, so that only the database makes them wait
      for (let number = 0; number < MESSAGES; number += 1) {
        slow.io.emit("number", number);
        if (number % 10 === 9) {
          await new Promise(setImmediate);
        }
      }
      await local.count(MESSAGES);
      await remote.count(MESSAGES);
      const transactions = (await transactionCount()) - before;

      const expected = Array.from({ length: MESSAGES }, (_, i) => i);
      assert.deepEqual(local.values, expected);
      assert.deepEqual(remote.values, expected);
      t.diagnostic(`${transactions} transactions`);
      // with heartbeats; one transaction for each message would be thousands
      assert.ok(transactions < MESSAGES / 50, `${transactions} transactions`);
      assert.deepEqual(reports.codes, []);
    });

    it(`a message ${name} has reached local clients before anybody else hears of it`, async (t) => {
      const { proxy, reports, servers } = await startTwo(t, options);
      const [slow, other] = /** @type {[TestServer, TestServer]} */ (servers);
      const clients = [await slow.connect(), await other.connect()];
      /** @type {string[]} */
      const arrivals = [];
      ["local", "remote"].forEach((place, index) =>
        clients[index]?.on("number", (number) =>
          arrivals.push(`${number} ${place}`),
        ),
      );
      if (name === "in frames") {
        await untilFramed(await openTap(database), servers);
      }
      proxy.delayAnswers(ANSWER_MS);

      /** @type {string[]} */
      const expected = [];
      for (let number = 0; number < 10; number += 1) {
        slow.io.emit("number", number);
        expected.push(`${number} local`, `${number} remote`);
        await until(() => arrivals.length === expected.length);
      }
      assert.deepEqual(arrivals, expected);
      assert.deepEqual(reports.codes, []);
    });
  }

  it("or that nothing gets through to: local clients have all of it while it takes nothing in", async (t) => {
    const { proxy, reports, servers } = await startTwo(t, {});
    const [slow, other] = /** @type {[TestServer, TestServer]} */ (servers);
    const local = collect(await slow.connect(), "number");
    const remote = collect(await other.connect(), "number");
    const expected = Array.from({ length: 100 }, (_, i) => i);

    proxy.connections().forEach((connection) => connection.hold("server"));
    expected.forEach((number) => slow.io.emit("number", number));
    await local.count(expected.length);
    assert.deepEqual(local.values, expected);
    assert.deepEqual(remote.values, []);

    proxy.connections().forEach((connection) => connection.resume());
    await remote.count(expected.length);
    assert.deepEqual(remote.values, expected);
    assert.deepEqual(reports.codes, []);
  });
});
