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
const { collect } = require("../support/wait.js");

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
    it(`messages ${name}: a few transactions carry thousands, in order; local clients do not wait`, async (t) => {
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
      const arrivedAlready = remote.values.length;
      await remote.count(MESSAGES);
      const transactions = (await transactionCount()) - before;

      const expected = Array.from({ length: MESSAGES }, (_, i) => i);
      assert.deepEqual(local.values, expected);
      assert.deepEqual(remote.values, expected);
      t.diagnostic(
        `${transactions} transactions; ${arrivedAlready} had arrived elsewhere when all had locally`,
      );
      // with heartbeats; one transaction for each message would be thousands
      assert.ok(transactions < MESSAGES / 50, `${transactions} transactions`);
      assert.deepEqual(reports.codes, []);
    });
  }
});
