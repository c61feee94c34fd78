"use strict";

// A database that takes connections and writes nothing: a standby, until it is promoted.

const assert = require("node:assert/strict");
const fs = require("node:fs/promises");
const path = require("node:path");
const { after, before, describe, it } = require("node:test");

const { Client } = require("pg");

const { startPostgres } = require("../../scripts/embedded-postgres.js");
const { untilAcquainted } = require("../support/cluster.js");
const { startReportingServers } = require("../support/reporting-servers.js");
const { collect, once, until } = require("../support/wait.js");

/** @typedef {import("../support/server.js").TestServer} TestServer */

describe("a standby", () => {
  /** @type {import("../../scripts/embedded-postgres.js").EmbeddedPostgres} */
  let postgres;
  before(async () => {
    postgres = await startPostgres();
  });
  after(() => postgres?.dispose());

  /** As after a fail-over that was not completed: the server is back, and not yet the primary. */
  async function restartAsStandby() {
    await postgres.stop();
    await fs.writeFile(
      path.join(postgres.folder, "data", "standby.signal"),
      "",
    );
    await postgres.start();
  }

  async function promote() {
    const admin = new Client(postgres.connectionString);
    await admin.connect();
    await admin.query("SELECT pg_promote()");
    await admin.end();
  }

  it("serves local clients, and everybody once it is promoted; what was emitted before arrives then, in order", async (t) => {
    const { servers, reports } = await startReportingServers(
      t,
      postgres.connectionString,
    );
    const [first, second] = /** @type {[TestServer, TestServer]} */ (servers);
    await untilAcquainted(servers);
    const near = await first.connect();
    const numbers = collect(await second.connect(), "number");

    await restartAsStandby();
    // who publishes has to know at once: it waits for the others only where they can come
    const refusals = () =>
      reports.errors.filter(({ message }) => /is a standby/.test(message));
    await until(() => refusals().length === 2, {
      message: () => `a standby, reported so far: ${reports.text}`,
    });
    assert.equal(refusals()[0]?.cause?.code, "25006");
    const arrival = once(near, "number");
    const expected = Array.from({ length: 100 }, (_, number) => number);
    expected.forEach((number) => first.io.emit("number", number));
    assert.deepEqual(await arrival, [0]);

    await promote();
    await untilAcquainted(servers);
    await numbers.count(expected.length);
    assert.deepEqual(numbers.values, expected);
    assert.deepEqual([...new Set(reports.codes)], ["ERR_CONNECTION"]);
  });
});
