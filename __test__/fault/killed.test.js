"use strict";

// Sessions that the administrator ends, again and again, in the middle of traffic.

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");

const { clusterFor } = require("../support/cluster.js");
const { Reports } = require("../support/faults.js");
const { openTap, untilFramed } = require("../support/frames.js");
const { useDatabase } = require("../support/postgres.js");
const { Arrivals, Traffic } = require("../support/traffic.js");
const { until } = require("../support/wait.js");

/** Two servers with two connections each. */
const CONNECTIONS = 4;

const OURS = `datname = current_database() AND application_name = 'socket.io-postgres-adapter'`;

describe("sessions that are ended", () => {
  const database = useDatabase();

  /** @returns {Promise<number[]>} the sessions of the servers */
  async function sessions(condition = "true") {
    const rows = await database.query(
      `SELECT pid FROM pg_stat_activity WHERE ${OURS} AND ${condition}`,
    );
    return rows.map(({ pid }) => pid);
  }

  /** @param {string} [condition] which sessions, in SQL */
  async function endSessions(condition) {
    /** @type {number[]} */
    let ended = [];
    await until(async () => (ended = await sessions(condition)).length > 0, {
      message: "sessions to be ended",
    });
    await database.query(
      "SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) AS pid",
      [ended],
    );
    await until(
      async () => {
        const now = await sessions();
        return (
          now.length === CONNECTIONS && !now.some((pid) => ended.includes(pid))
        );
      },
      { message: "two new connections for each server" },
    );
  }

  /**
   * @param {import("node:test").TestContext} t
   * @param {object} plan
   * @param {number} plan.times
   * @param {string} [plan.condition] which sessions, in SQL
   * @param {import("../support/adapter.js").AdapterOptions} [plan.options]
   * @param {(cluster: import("../support/cluster.js").Cluster) => Promise<void>} [plan.before] each time
   * @returns {Promise<{ sent: number, arrived: number }>}
   */
  async function endAgainAndAgain(t, { times, condition, options, before }) {
    const reports = new Reports();
    const cluster = await clusterFor(t, database, {
      servers: 2,
      options: { ...options, errorHandler: reports.errorHandler },
    });
    const [near, far] = [0, 1].map(
      (index) => new Arrivals(cluster.client(index)),
    );
    assert.ok(near && far);
    const traffic = new Traffic(cluster.io(0));
    t.after(() => traffic.stop());

    for (let round = 0; round < times; round += 1) {
      await before?.(cluster);
      // so that there is something between two outages
      await far.beyond(traffic.sent + 5);
      await far.duringOutage(traffic, () => endSessions(condition));
    }
    traffic.stop();
    await cluster.fence();

    const { sent } = traffic;
    const arrived = far.numbers.length;
    t.diagnostic(
      `sent ${sent}, arrived ${arrived}, reported ${reports.errors.length}`,
    );
    assert.deepEqual(
      near.numbers,
      Array.from({ length: sent }, (_, number) => number),
    );
    far.assertSound();
    assert.deepEqual([...new Set(reports.codes)], ["ERR_CONNECTION"]);
    // one more, for the table, may have been there while much was to be read
    await until(async () => (await sessions()).length === CONNECTIONS, {
      message: "two connections for each server",
    });
    return { sent, arrived };
  }

  it("all of them, fifty times: only what was sent meanwhile is missing, nothing is doubled", async (t) => {
    await endAgainAndAgain(t, { times: 50 });
  });

  it("all of them while servers speak in frames: the same", async (t) => {
    const tap = await openTap(database);
    await endAgainAndAgain(t, {
      times: 8,
      options: { heartbeatInterval: 100, heartbeatTimeout: 1_500 },
      before: ({ servers }) => untilFramed(tap, servers),
    });
  });

  it("those that publish, fifty times: nothing is lost", async (t) => {
    const { sent, arrived } = await endAgainAndAgain(t, {
      times: 50,
      condition: "query LIKE '%pg_notify%'",
    });
    assert.equal(arrived, sent);
  });
});
