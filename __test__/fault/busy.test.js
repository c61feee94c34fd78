"use strict";

// A JavaScript thread that is busy, a process that is stopped, one that is killed: only the last one is gone.

const assert = require("node:assert/strict");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { describe, it } = require("node:test");

const { Manager } = require("socket.io-client");

const { startChild } = require("../support/child.js");
const { untilAcquainted } = require("../support/cluster.js");
const { startScript } = require("../support/faults.js");
const { useDatabase } = require("../support/postgres.js");
const { TestServer } = require("../support/server.js");
const { collect, once, until } = require("../support/wait.js");

/** Short for tests that wait for it, and long for a machine that has much else to do. */
const HEARTBEATS = { heartbeatInterval: 200, heartbeatTimeout: 2_000 };
const BUSY_MS = 5_000;
/** The defaults must be good for this long. */
const LONG_BUSY_MS = 15_000;

/** For what takes a busy machine its time. */
const LONG = { timeout: 120_000 };

/** What waits for JavaScript is limited to 16 MiB; what is under way beside it, and what allocators keep, adds to it. */
const MOST_GROWTH_BYTES = 64 * 1024 * 1024;

/** A server that can be made busy, and says afterwards whom it knows and whom it took for gone. */
const BUSY_SERVER = `
  const [connectionString, options] = process.argv.slice(1);
  const pool = new Pool({ connectionString });
  const io = new Server({
    transports: ["websocket"],
    pingTimeout: 60_000,
    adapter: createAdapter(pool, {
      ...JSON.parse(options),
      errorHandler: (error) => process.send({ event: "error", code: error.code }),
    }),
  });
  const { adapter } = io.of("/");
  const gone = [];
  const { onPeerLeft } = adapter;
  adapter.onPeerLeft = function (uid) {
    gone.push(uid);
    onPeerLeft.call(this, uid);
  };
  const http = require("node:http").createServer();
  io.attach(http);
  http.listen(0, "127.0.0.1", () => {
    process.send({ event: "listening", port: http.address().port });
  });
  const { existsSync } = require("node:fs");
  process.on("message", async ({ busyFor, file }) => {
    process.send({ event: "busy" });
    await new Promise(setImmediate);
    const before = process.memoryUsage.rss();
    const end = Date.now() + busyFor;
    while (Date.now() < end || !existsSync(file));
    const grown = process.memoryUsage.rss() - before;
    const known = [...adapter.nodesMap.keys()];
    const sockets = await io.timeout(60_000).fetchSockets();
    process.send({ event: "free", known, gone, grown, sockets: sockets.length });
  });
`;

/**
 * @param {import("node:test").TestContext} t which disconnects it
 * @param {string} url of a server in another process
 * @returns {Promise<import("socket.io-client").Socket>}
 */
async function connectTo(t, url) {
  const manager = new Manager(url, {
    transports: ["websocket"],
    reconnection: false,
  });
  t.after(() => manager._close());
  const client = manager.socket("/");
  await once(client, "connect");
  return client;
}

describe("a server", () => {
  const database = useDatabase();

  /**
   * @param {import("node:test").TestContext} t
   * @param {import("../support/adapter.js").AdapterOptions} [options]
   */
  async function startServer(t, options = HEARTBEATS) {
    const server = new TestServer({
      connectionString: database.connectionString,
      options,
    });
    t.after(() => server.close());
    await server.listen();
    return server;
  }

  /**
   * @param {import("node:test").TestContext} t
   * @param {import("../support/adapter.js").AdapterOptions} options
   */
  async function startBusyServer(t, options) {
    const script = startScript(t, BUSY_SERVER, [
      database.connectionString,
      JSON.stringify(options),
    ]);
    const { port } = await script.next("listening");
    const client = await connectTo(t, `http://127.0.0.1:${port}`);
    return { script, client };
  }

  /**
   * Emits so many messages, evenly over this time, or at once.
   * @param {TestServer} server
   * @param {{ messages: number, bytes: number, over: number }} load
   */
  async function emitOver(server, { messages, bytes, over }) {
    const ballast = "x".repeat(bytes);
    const started = performance.now();
    let number = 0;
    await until(
      () => {
        const share = over && (performance.now() - started) / over;
        const due = share < 1 && over > 0 ? messages * share : messages;
        for (; number < due; number += 1) {
          server.io.emit("number", number, ballast);
        }
        return number === messages;
      },
      { timeout: over + LONG.timeout },
    );
  }

  /**
   * In all of them but the first there is far more than the memory may grow by.
   * @type {Record<string, { messages: number, bytes: number, over?: number, options?: object, busyFor?: number }>}
   */
  const loads = {
    "thousands of messages": { messages: 8_000, bytes: 50 },
    "much more than it takes in": { messages: 3_000, bytes: 50_000 },
    "what was sent over 15 seconds, with the default options,": {
      messages: 4_000,
      bytes: 50_000,
      over: LONG_BUSY_MS,
      options: {},
      busyFor: LONG_BUSY_MS,
    },
    "what goes through the table": {
      messages: 3_000,
      bytes: 50_000,
      options: { ...HEARTBEATS, payloadThreshold: 1_000 },
    },
  };
  for (const [
    name,
    { messages, bytes, over = 0, options = HEARTBEATS, busyFor = BUSY_MS },
  ] of Object.entries(loads)) {
    it(`that is busy with something else gets ${name} afterwards, in order, and is not taken for gone`, async (t) => {
      const server = await startServer(t, options);
      const local = await server.connect();
      const witness = await startServer(t, options);
      const { script, client } = await startBusyServer(t, options);
      await untilAcquainted([server, witness], { count: 3 });
      const values = collect(client, "number");
      let fewest = Infinity;
      const watch = setInterval(async () => {
        fewest = Math.min(fewest, await server.adapter().serverCount());
      }, 20);
      t.after(() => clearInterval(watch));
      const askForSockets = () =>
        server.io.timeout(LONG.timeout).fetchSockets();
      const folder = fs.mkdtempSync(path.join(os.tmpdir(), "busy-"));
      t.after(() => fs.rmSync(folder, { recursive: true }));
      const file = path.join(folder, "all-was-received");
      const allWasReceived = once(witness.io, "all was sent", LONG);

      // as long as anybody else takes to receive all of it, at least
      script.send({ busyFor, file });
      await script.next("busy");
      const requests = [askForSockets()];
      await emitOver(server, { messages, bytes, over });
      requests.push(askForSockets());
      server.io.serverSideEmit("all was sent");
      await allWasReceived;
      fs.writeFileSync(file, "");
      const { known, gone, grown, sockets: seen } = await script.next("free");
      await values.count(messages, LONG);

      assert.deepEqual(
        values.values.map(([number]) => number),
        Array.from({ length: messages }, (_, number) => number),
      );
      assert.deepEqual(
        known.sort(),
        [server, witness].map((each) => each.adapter().uid).sort(),
      );
      assert.deepEqual(gone, []);
      t.diagnostic(`memory grew by ${grown} bytes meanwhile`);
      assert.ok(grown < MOST_GROWTH_BYTES, `memory grew by ${grown} bytes`);
      assert.equal(fewest, 3);
      assert.equal(seen, 2);
      for (const sockets of await Promise.all(requests)) {
        assert.deepEqual(
          sockets.map(({ id }) => id).sort(),
          [local.id, client.id].sort(),
        );
      }
      assert.deepEqual(script.messages("error"), []);
    });
  }

  it("that is killed is gone after the time-out, and nobody waits for it", async (t) => {
    const requestsTimeout = 60_000;
    const server = await startServer(t, { ...HEARTBEATS, requestsTimeout });
    const local = await server.connect();
    const child = await startChild(t, {
      connectionString: database.connectionString,
      options: HEARTBEATS,
    });
    await untilAcquainted([server], { count: 2 });

    await child.suspend(); // it must not answer
    const sockets = server.io.fetchSockets();
    const answers = server.io.serverSideEmitWithAck("question");
    const started = Date.now();
    await child.kill();

    assert.deepEqual(
      (await sockets).map(({ id }) => id),
      [local.id],
    );
    assert.deepEqual(await answers, []);
    const elapsed = Date.now() - started;
    assert.ok(elapsed < requestsTimeout / 2, `it took ${elapsed} ms`);
    assert.equal(await server.adapter().serverCount(), 1);
  });

  it("that is stopped and goes on: requests wait for it, its own go on", async (t) => {
    // nobody takes it for gone
    const options = { heartbeatTimeout: 120_000, requestsTimeout: 60_000 };
    const server = await startServer(t, options);
    const witness = await startServer(t, options);
    witness.io.on("question", (reply) => reply("here"));
    const child = await startChild(t, {
      connectionString: database.connectionString,
      options,
    });
    await untilAcquainted([server, witness], { count: 3 });
    const local = await server.connect();
    const near = await witness.connect();
    const remote = await connectTo(t, child.url);
    for (const client of [local, near, remote]) {
      client.on("question", (reply) => reply(client.id));
    }
    /** @type {((answer: string) => void)[]} */
    const asked = [];
    server.io.on("question", (reply) => asked.push(reply));
    const itsAnswers = child.call("ask");
    await until(() => asked.length === 1);

    await child.suspend();
    const sockets = server.io.fetchSockets();
    const servers = server.io.serverSideEmitWithAck("question");
    const clients = server.io.timeout(60_000).emitWithAck("question");
    let ended = 0;
    [sockets, servers, clients].forEach((request) =>
      request.finally(() => (ended += 1)),
    );
    asked[0]?.("here");
    const allIsSent = once(near, "all is sent");
    server.io.emit("all is sent");
    await allIsSent;
    assert.equal(ended, 0);
    child.resume();

    const everybody = [local.id, near.id, remote.id].sort();
    assert.deepEqual((await sockets).map(({ id }) => id).sort(), everybody);
    assert.deepEqual((await servers).sort(), [
      `answer of ${child.pid}`,
      "here",
    ]);
    assert.deepEqual((await clients).sort(), everybody);
    assert.deepEqual((await itsAnswers).sort(), ["here", "here"]);
  });

  it("that was stopped and goes on is known again, and knows the others; requests have ended without it, its own go on", async (t) => {
    const options = { ...HEARTBEATS, requestsTimeout: 60_000 };
    const server = await startServer(t, options);
    const local = await server.connect();
    local.on("question", (reply) => reply(local.id));
    const child = await startChild(t, {
      connectionString: database.connectionString,
      options,
    });
    await untilAcquainted([server], { count: 2 });
    await connectTo(t, child.url);
    /** @type {((answer: string) => void)[]} */
    const asked = [];
    server.io.on("question", (reply) => asked.push(reply));
    const itsAnswers = child.call("ask");
    await until(() => asked.length === 1);

    await child.suspend();
    const sockets = server.io.fetchSockets();
    const servers = server.io.serverSideEmitWithAck("question");
    const clients = server.io.timeout(60_000).emitWithAck("question");
    await untilAcquainted([server], { count: 1 });
    assert.deepEqual(
      (await sockets).map(({ id }) => id),
      [local.id],
    );
    assert.deepEqual(await servers, []);
    assert.deepEqual(await clients, [local.id]);
    asked[0]?.("here");
    child.resume();
    await untilAcquainted([server], { count: 2 });

    assert.deepEqual(await itsAnswers, ["here"]);
    assert.equal(await child.call("serverCount", "/"), 2);
    const second = child.call("ask");
    await until(() => asked.length === 2);
    asked[1]?.("still here");
    assert.deepEqual(await second, ["still here"]);
    const [answer] = await server.io.serverSideEmitWithAck("question");
    assert.equal(answer, `answer of ${child.pid}`);
  });
});
