"use strict";

// Two servers with one uid hear nothing of each other: each is told why.

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");

const { untilAcquainted } = require("../support/cluster.js");
const { Reports } = require("../support/faults.js");
const { useDatabase } = require("../support/postgres.js");
const { TestServer } = require("../support/server.js");
const { once } = require("../support/wait.js");

describe("two servers of one uid", () => {
  const database = useDatabase();

  /**
   * @param {import("node:test").TestContext} t
   * @param {string} uid
   */
  async function start(t, uid) {
    const reports = new Reports();
    const server = new TestServer({
      connectionString: database.connectionString,
      options: {
        uid,
        errorHandler: reports.errorHandler,
        heartbeatInterval: 50,
      },
    });
    t.after(() => server.close());
    await server.listen();
    return { server, reports };
  }

  it("are told, both, once", async (t) => {
    const namesakes = [await start(t, "same"), await start(t, "same")];
    const other = await start(t, "other");
    for (const { reports } of namesakes) {
      const error = await reports.first("ERR_DUPLICATE_UID");
      assert.match(error.message, /the uid "same", too/);
    }
    // heartbeats went on meanwhile
    await untilAcquainted([other.server], { count: 2 });
    const client = await other.server.connect();
    for (const { server } of namesakes) {
      const arrival = once(client, "number");
      server.io.emit("number", 1);
      assert.deepEqual(await arrival, [1]);
    }
    for (const { reports } of namesakes) {
      assert.deepEqual(reports.codes, ["ERR_DUPLICATE_UID"]);
    }
    assert.deepEqual(other.reports.codes, []);
  });
});
