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

  it("take over from one another without being missed", async (t) => {
    const { server: old } = await start(t, "web-1");
    const { server: other } = await start(t, "other");
    await untilAcquainted([other], { count: 2 });
    const client = await other.connect();
    const { server: next } = await start(t, "web-1");
    await untilAcquainted([next], { count: 2 });
    next.io.on("question", (callback) => callback("the next one"));
    /** @param {number} number */
    const heard = async (number) => {
      const arrival = once(client, "number");
      next.io.emit("number", number);
      assert.deepEqual(await arrival, [number]);
    };
    await heard(1);
    await old.close();
    // behind the goodbye of the old one
    await heard(2);
    assert.equal(await other.adapter().serverCount(), 2);
    const io = /** @type {any} */ (other.io);
    assert.deepEqual(await io.serverSideEmitWithAck("question"), [
      "the next one",
    ]);
  });
});
