"use strict";

// However and whenever a server is closed: its connections end, and nothing of it keeps the process alive.

const assert = require("node:assert/strict");
const { afterEach, describe, it } = require("node:test");

const { untilAcquainted } = require("../support/cluster.js");
const { Reports, runScript } = require("../support/faults.js");
const { useDatabase } = require("../support/postgres.js");
const { TestServer } = require("../support/server.js");
const { once } = require("../support/wait.js");

/** What a process may take that has nothing to wait for: Node.js, its modules and a slow machine. */
const SHORT_LIFE_MS = 15_000;

/** Closing waits 2 seconds for messages that are left and 3 for the tasks to end, at most. */
const CLOSE_MS = 5_500;

describe("closing", () => {
  const database = useDatabase();
  afterEach(() => database.untilUnused());

  /** @param {Partial<import("../support/adapter.js").AdapterOptions>} [options] */
  function newServer(options) {
    return new TestServer({
      connectionString: database.connectionString,
      options,
    });
  }

  /**
   * Runs a script that is given the database, and asserts that it ends by itself.
   *
   * @param {string} source
   * @param {{ connectionString?: string, within?: number }} [options] milliseconds
   */
  async function endsByItself(
    source,
    {
      connectionString = database.connectionString,
      within = SHORT_LIFE_MS,
    } = {},
  ) {
    const script = await runScript(source, { args: [connectionString] });
    assert.equal(script.errors, "");
    assert.deepEqual([script.code, script.signal], [0, null]);
    assert.ok(script.lifetime < within, `it took ${script.lifetime} ms`);
    return script;
  }

  const SERVER = `
    const pool = new Pool({ connectionString: process.argv[1] });
    const io = new Server(0, { adapter: createAdapter(pool) });
  `;

  it("at once after it was made", async () => {
    await endsByItself(`${SERVER} io.close().then(() => pool.end());`);
  });

  it("in the next turn of the event loop", async () => {
    await endsByItself(
      `${SERVER} setImmediate(() => io.close().then(() => pool.end()));`,
    );
  });

  /** Defines `knowsOther()`: whether the script's server has found one of this process. */
  const ACQUAINTED = `${SERVER}
    const { adapter } = io.of("/");
    async function knowsOther() {
      while ((await adapter.serverCount()) < 2) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
  `;

  it("once it was connected", async () => {
    const other = newServer();
    try {
      await endsByItself(`${ACQUAINTED}
        knowsOther().then(async () => {
          io.emit("bye", Buffer.alloc(3));
          await io.close();
          await pool.end();
        });
      `);
      await untilAcquainted([other]);
    } finally {
      await other.close();
    }
  });

  it("with a request that nobody has answered", async () => {
    const other = newServer();
    try {
      const { output } = await endsByItself(`${ACQUAINTED}
        knowsOther().then(async () => {
          io.serverSideEmit("question", (err) => console.log(err.message));
          await io.close();
          await pool.end();
        });
      `);
      assert.match(output, /closed/);
    } finally {
      await other.close();
    }
  });

  it("with no database to be found", async () => {
    await endsByItself(
      `
        const pool = new Pool({ connectionString: process.argv[1] });
        let attempts = 0;
        const errorHandler = async ({ code }) => {
          attempts += 1;
          if (attempts === 2 && code === "ERR_CONNECTION") {
            await io.close();
            await pool.end();
          }
        };
        const io = new Server(0, { adapter: createAdapter(pool, { errorHandler }) });
      `,
      {
        connectionString: "postgres://nobody@127.0.0.1:1/nothing",
        within: SHORT_LIFE_MS + CLOSE_MS,
      },
    );
  });

  it("not at all: an adapter alone keeps no process alive", async () => {
    await endsByItself(`
      const pool = new Pool({ connectionString: process.argv[1] });
      const io = new Server({ adapter: createAdapter(pool) });
      io.of("/chat");
    `);
  });

  it("twice, and by several callers at once", async () => {
    const server = newServer();
    await untilAcquainted([server]);

    await Promise.all([server.io.close(), server.io.close()]);
    await server.io.close();
    await server.adapter().close();
    await server.close();
  });

  it("after the pool was ended: the adapter has connections of its own", async () => {
    const reports = new Reports();
    const server = newServer({ errorHandler: reports.errorHandler });
    const other = newServer();
    try {
      await untilAcquainted([server, other]);
      await server.pool.end();
      server.pool.end = async () => {};
      await other.listen();
      const client = await other.connect();

      const arrival = once(client, "still here");
      server.io.emit("still here");
      await arrival;
    } finally {
      await Promise.all([server.close(), other.close()]);
    }
    assert.deepEqual(reports.codes, []);
  });

  it("says goodbye, and delivers what was emitted before", async () => {
    const server = newServer();
    const other = newServer();
    try {
      await untilAcquainted([server, other]);
      await other.listen();
      const client = await other.connect();
      const arrival = once(client, "last words");
      server.io.emit("last words", "x".repeat(20_000));
      await server.close();

      assert.deepEqual(await arrival, ["x".repeat(20_000)]);
      await untilAcquainted([other]);
    } finally {
      await Promise.all([server.close(), other.close()]);
    }
  });

  it("of one namespace leaves the others alone", async () => {
    const server = newServer();
    const other = newServer();
    try {
      for (const { io } of [server, other]) {
        io.of("/chat");
      }
      await untilAcquainted([server, other], { namespace: "/chat" });
      await server.adapter("/chat").close();

      await untilAcquainted([other], { namespace: "/chat" });
      await untilAcquainted([server, other]);
    } finally {
      await Promise.all([server.close(), other.close()]);
    }
  });

  it("fails what was asked and is not answered", async () => {
    const server = newServer();
    const other = newServer();
    try {
      await untilAcquainted([server, other]);
      other.io.on("question", () => {}); // no answer
      const answer = server.io.serverSideEmitWithAck("question");
      const failure = assert.rejects(answer, /closed/);
      await server.close();
      await failure;
    } finally {
      await other.close();
    }
  });

  it("emitting afterwards is no error", async () => {
    const server = newServer();
    await server.close();

    server.io.emit("too late", Buffer.alloc(3));
    server.io.socketsJoin("room");
    server.io.serverSideEmit("too late");
    assert.deepEqual(await server.io.fetchSockets(), []);
    assert.deepEqual(await server.io.serverSideEmitWithAck("too late"), []);
    assert.equal(await server.adapter().serverCount(), 1);
  });
});
