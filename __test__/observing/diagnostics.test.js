"use strict";

// What is told while it happens: messages of node:diagnostics_channel, and lines of debug.

const assert = require("node:assert/strict");
const diagnostics = require("node:diagnostics_channel");
const { describe, it } = require("node:test");

const { untilAcquainted } = require("../support/cluster.js");
const { runScript } = require("../support/faults.js");
const { useDatabase } = require("../support/postgres.js");
const { startProxy } = require("../support/proxy.js");
const { TestServer } = require("../support/server.js");
const { until } = require("../support/wait.js");

/**
 * @param {import("node:test").TestContext} t
 * @param {string} name
 * @returns {any[]} what is published until the test ends
 */
function subscribe(t, name) {
  /** @type {any[]} */
  const messages = [];
  const channel = `socket.io-postgres-adapter:${name}`;
  const listener = (/** @type {unknown} */ message) => {
    messages.push(message);
  };
  diagnostics.subscribe(channel, listener);
  t.after(() => diagnostics.unsubscribe(channel, listener));
  return messages;
}

/**
 * @param {TestServer} server
 * @returns {string}
 */
const uidOf = (server) => /** @type {any} */ (server.adapter()).uid;

describe("diagnostics channels", () => {
  const database = useDatabase();

  /**
   * @param {import("node:test").TestContext} t
   * @param {string} [connectionString]
   * @param {import("../support/adapter.js").AdapterOptions} [options]
   */
  async function start(
    t,
    connectionString = database.connectionString,
    options = {},
  ) {
    const server = new TestServer({
      connectionString,
      options: { errorHandler: () => {}, ...options },
    });
    t.after(() => server.close());
    await server.listen();
    return server;
  }

  it("tell of connections that are made, lost and made again", async (t) => {
    const connects = subscribe(t, "connect");
    const disconnects = subscribe(t, "disconnect");
    const proxy = await startProxy(t, database.connectionString);
    const uid = uidOf(await start(t, proxy.connectionString));
    const made = (/** @type {string} */ connection) =>
      connects.filter(
        (told) => told.uid === uid && told.connection === connection,
      ).length;
    await until(() => made("listener") === 1 && made("publisher") === 1);
    await proxy.cut();
    await until(() => disconnects.length === 2);
    assert.deepEqual(disconnects.map((told) => told.connection).sort(), [
      "listener",
      "publisher",
    ]);
    for (const { uid: who, error } of disconnects) {
      assert.equal(who, uid);
      assert.ok(error instanceof Error);
      assert.equal(/** @type {any} */ (error).code, "ERR_CONNECTION");
    }
    await proxy.open();
    await until(() => made("listener") === 2 && made("publisher") === 2);
  });

  it("tell of servers that join and leave a namespace", async (t) => {
    const joined = subscribe(t, "peer-joined");
    const left = subscribe(t, "peer-left");
    const near = await start(t);
    const far = await start(t);
    await untilAcquainted([near, far]);
    const expected = { uid: uidOf(near), nsp: "/", peer: uidOf(far) };
    const isExpected = (/** @type {any} */ told) => told.uid === expected.uid;
    await until(() => joined.some(isExpected));
    assert.deepEqual(joined.filter(isExpected), [expected]);
    assert.deepEqual(left, []);
    await far.close();
    await until(() => left.some(isExpected));
    assert.deepEqual(left.filter(isExpected), [expected]);
  });

  it("tell of messages that are dropped", async (t) => {
    const dropped = subscribe(t, "dropped");
    const server = await start(t, undefined, { maxAttachmentSize: 10_000 });
    server.io.emit("large", "x".repeat(3 * 1024 * 1024));
    await until(() => dropped.length > 0);
    assert.deepEqual(dropped, [{ uid: uidOf(server), messages: 1 }]);
  });
});

describe("debug lines", () => {
  const database = useDatabase();

  it("tell of connections, servers and errors, each under a name of its own", async () => {
    const { code, errors } = await runScript(
      `
        process.env.DEBUG = "socket.io-postgres-adapter*";
        require("debug").enable(process.env.DEBUG);
        const pool = { connectionString: process.argv[1] };
        const [a, b] = [1, 2].map(
          () => new Server(0, { adapter: createAdapter(pool, { maxAttachmentSize: 10 }) }),
        );
        const { setTimeout: pause } = require("node:timers/promises");
        const peersOfA = () => a.of("/").adapter.nodesMap.size;
        (async () => {
          while (peersOfA() === 0) await pause(5);
          a.emit("large", "x".repeat(3 * 1024 * 1024));
          await b.close();
          while (peersOfA() > 0) await pause(5);
          await a.close();
        })();
      `,
      { args: [database.connectionString] },
    );
    assert.equal(code, 0, errors);
    for (const line of [
      /socket\.io-postgres-adapter:connection listener: connected/,
      /socket\.io-postgres-adapter:connection publisher: connected/,
      /socket\.io-postgres-adapter:membership \/: node \S+ joined/,
      /socket\.io-postgres-adapter:membership \/: node \S+ left/,
      /socket\.io-postgres-adapter:error ERR_PUBLISH: /,
    ]) {
      assert.match(errors, line);
    }
  });
});
