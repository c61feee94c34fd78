"use strict";

// The server and its pool are closed in every order, at every stage of the connections.

const assert = require("node:assert/strict");
const net = require("node:net");
const { afterEach, describe, it } = require("node:test");

const { untilAcquainted } = require("../support/cluster.js");
const { Reports } = require("../support/faults.js");
const { useDatabase } = require("../support/postgres.js");
const { startProxy } = require("../support/proxy.js");
const { TestServer } = require("../support/server.js");
const { until, within } = require("../support/wait.js");

/** Closing waits 2 seconds for messages that are left and 3 for the tasks to end, at most; and a busy machine. */
const CLOSED = { timeout: 30_000 };

/** @typedef {import("node:test").TestContext} TestContext */

/** @type {Record<string, (server: TestServer) => Promise<void>>} the adapter has no use for the pool by then */
const ORDERS = {
  "the server, then the pool": async ({ io, pool }) => {
    await io.close();
    await pool.end();
  },
  "the pool, then the server": async ({ io, pool }) => {
    await pool.end();
    await io.close();
  },
  "both at once, the server twice": async ({ io, pool }) => {
    await Promise.all([io.close(), pool.end(), io.close()]);
    await io.close();
  },
};

describe("closing in any order", () => {
  const database = useDatabase();
  afterEach(() => database.untilUnused());

  /**
   * A server that answers nothing, not even the first word of a connection.
   * @param {TestContext} t
   */
  async function startMute(t) {
    /** @type {Set<net.Socket>} */
    const sockets = new Set();
    const mute = net.createServer((socket) => {
      sockets.add(socket.on("error", () => {}));
    });
    await new Promise((resolve) =>
      mute.listen(0, "127.0.0.1", () => resolve(undefined)),
    );
    t.after(() => {
      mute.close();
      sockets.forEach((socket) => socket.destroy());
    });
    const { port } = /** @type {net.AddressInfo} */ (mute.address());
    return {
      sockets,
      url: `postgres://nobody:secret@127.0.0.1:${port}/nothing`,
    };
  }

  /** Closing waits 2 seconds then: one order has to do. */
  const SLOW_STAGE = "while the database does not answer";
  const AWAY_STAGE = "during a reconnect";

  /** @type {Record<string, (t: TestContext, reports: Reports) => Promise<TestServer>>} */
  const STAGES = {
    "at once": async () =>
      new TestServer({ connectionString: database.connectionString }),

    [SLOW_STAGE]: async (t) => {
      const { sockets, url } = await startMute(t);
      const server = new TestServer({ connectionString: url });
      await until(() => sockets.size > 0, { message: "an attempt to connect" });
      return server;
    },

    "once it is connected": async () => {
      const server = new TestServer({
        connectionString: database.connectionString,
      });
      await until(async () => (await database.sessionCount()) === 2);
      return server;
    },

    [AWAY_STAGE]: async (t, reports) => {
      const proxy = await startProxy(t, database.connectionString);
      const options = { errorHandler: reports.errorHandler };
      const server = new TestServer({
        connectionString: proxy.connectionString,
        options,
      });
      await untilAcquainted([server]);
      await until(async () => (await database.sessionCount()) === 2);
      await proxy.cut();
      await reports.first("ERR_CONNECTION");
      return server;
    },
  };

  for (const [stage, startServer] of Object.entries(STAGES)) {
    const orders = Object.entries(ORDERS);
    if (stage === SLOW_STAGE) orders.splice(0, 2);
    for (const [order, close] of orders) {
      it(`${stage}: ${order}`, async (t) => {
        const reports = new Reports();
        const server = await startServer(t, reports);
        server.io.emit("last words", Buffer.alloc(3));

        await within(close(server), "closed", CLOSED);

        const others = reports.codes.filter(
          (code) => code !== "ERR_CONNECTION",
        );
        // while the database is away the last words are lost, and that is told
        const expected = stage === AWAY_STAGE ? ["ERR_BUFFER_OVERFLOW"] : [];
        assert.deepEqual(others, expected);
        assert.equal(server.pool.ended, true);
      });
    }
  }
});
