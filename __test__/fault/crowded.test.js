"use strict";

// A database with no room for one more connection.

const assert = require("node:assert/strict");
const { after, before, describe, it } = require("node:test");

const { startPostgres } = require("../../scripts/embedded-postgres.js");
const { untilAcquainted } = require("../support/cluster.js");
const { takeAllConnections } = require("../support/exhaustion.js");
const { startReportingServers } = require("../support/reporting-servers.js");
const { once, until } = require("../support/wait.js");

/** @typedef {import("../support/server.js").TestServer} TestServer */

describe("a database that is out of connections", () => {
  /** @type {import("../../scripts/embedded-postgres.js").EmbeddedPostgres} */
  let postgres;
  before(async () => {
    postgres = await startPostgres({ settings: { max_connections: "12" } });
  });
  after(() => postgres?.dispose());

  it("says so, local clients are served, and the cluster forms when there is room", async (t) => {
    const crowd = await takeAllConnections(postgres.connectionString);
    const { servers, reports } = await startReportingServers(
      t,
      postgres.connectionString,
    );
    const [first, second] = /** @type {[TestServer, TestServer]} */ (servers);
    const near = await first.connect();
    const far = await second.connect();

    const isFull = (/** @type {any} */ error) => error.cause?.code === "53300";
    await until(() => reports.errors.some(isFull), {
      message: () => `too many connections, reported so far: ${reports.text}`,
    });
    const local = once(near, "local");
    first.io.emit("local", 1);
    assert.deepEqual(await local, [1]);

    await Promise.all(crowd.map((client) => client.end()));
    await untilAcquainted(servers);
    const arrival = once(far, "news");
    first.io.emit("news", 2);
    assert.deepEqual(await arrival, [2]);
    assert.deepEqual([...new Set(reports.codes)], ["ERR_CONNECTION"]);
  });
});
