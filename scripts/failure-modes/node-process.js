"use strict";

// One server of the comparison, in a process or a thread of its own: emits numbers, does what a fault asks for, and keeps
// what its errorHandler got.

const fs = require("node:fs");
const { parentPort } = require("node:worker_threads");

const { Server } = require("socket.io");

const {
  createAdapter,
  isReference,
} = require("../../__test__/support/adapter.js");
const { TestServer } = require("../../__test__/support/server.js");

const EMIT_EVERY_MS = 5;

const {
  connectionString,
  pool: wantedPool,
  anyNamespace,
  bulk = 10,
  options,
} = JSON.parse(process.argv[2] ?? "{}");

/**
 * @returns {import("pg").PoolConfig} with the password from a file that is read at each connection, if there is one
 */
function poolConfig() {
  const { passwordFile, ...pool } = wantedPool ?? {};
  if (!passwordFile && !pool.host) return { connectionString, ...pool };
  const url = new URL(connectionString);
  return {
    host: url.hostname,
    port: Number(url.port),
    user: decodeURIComponent(url.username),
    password: passwordFile
      ? async () => fs.readFileSync(passwordFile, "utf8")
      : decodeURIComponent(url.password),
    database: url.pathname.slice(1),
    ...pool,
  };
}

/** @type {Map<string, number>} */
const errors = new Map();
const server = new TestServer({
  connectionString: "",
  pool: poolConfig(),
  namespaces: anyNamespace ? [/^\//] : [],
  options: {
    ...options,
    errorHandler(/** @type {any} */ error) {
      const code = error.code ?? String(error.message).slice(0, 80);
      const cause = error.cause?.code ? ` (${error.cause.code})` : "";
      const name = code + cause;
      errors.set(name, (errors.get(name) ?? 0) + 1);
    },
  },
  io: {
    // a client may be kept waiting by a server that is busy on purpose
    pingTimeout: 60_000,
    cleanupEmptyChildNamespaces: true,
  },
});
let sent = 0;
/** @type {NodeJS.Timeout | undefined} */
let timer;

/** Of this process to the database and to clients, and whatever else it has open. */
function openFiles() {
  return fs.readdirSync("/proc/self/fd").length;
}

/** @type {Record<string, (...args: any[]) => unknown>} */
const commands = {
  async listen() {
    await server.listen();
    return server.url;
  },
  /** Every tenth message is binary: outside of frames it goes through the table. */
  emit() {
    timer = setInterval(() => {
      const number = sent;
      sent += 1;
      server.io.emit("number", number, number % 10 ? "" : Buffer.alloc(bulk));
    }, EMIT_EVERY_MS);
  },
  stop() {
    clearInterval(timer);
    return sent;
  },
  sent: () => sent,
  errors: () => [...errors],
  /** The reference misses the answers to its first greeting, before it listens. */
  introduce() {
    if (isReference) server.adapter().init();
  },
  serverCount: () => server.adapter().serverCount(),
  async fetchSockets() {
    const sockets = await server.io.timeout(20_000).fetchSockets();
    return sockets.length;
  },
  block(/** @type {number} */ ms) {
    const end = Date.now() + ms;
    while (Date.now() < end);
  },
  /** Events of this name in a burst, numbered, each with so many bytes. */
  burst(
    /** @type {string} */ namespace,
    /** @type {number} */ from,
    /** @type {number} */ count,
    /** @type {number} */ bytes,
  ) {
    for (let number = from; number < from + count; number += 1) {
      server.io.of(namespace).emit("visited", number, Buffer.alloc(bytes));
    }
  },
  /** An event with this value, as JSON, and the same beside something binary. */
  emitValue(/** @type {string} */ json, /** @type {string} */ event) {
    server.io.emit(event, JSON.parse(json));
    server.io.emit(`binary ${event}`, JSON.parse(json), Buffer.alloc(1));
  },
  endPool: () => server.pool.end(),
  async closeTwice() {
    clearInterval(timer);
    await Promise.all([server.io.close(), server.io.close()]);
    await server.io.close();
  },
  exit(/** @type {number} */ code) {
    setImmediate(() => process.exit(code));
  },
  fail() {
    setImmediate(() => {
      throw new Error("of the application");
    });
  },
  /** Adapters that are closed as soon as they are there. */
  async churn(/** @type {number} */ count) {
    const before = openFiles();
    for (let number = 0; number < count; number += 1) {
      const adapter = createAdapter(server.pool, {
        channelPrefix: `churn-${number}`,
      });
      await new Server(0, { adapter }).close();
    }
    return openFiles() - before;
  },
  openFiles,
};

const parent = parentPort ?? process;
/** @param {unknown} answer */
const reply = (answer) =>
  parentPort ? parentPort.postMessage(answer, []) : process.send?.(answer);

parent.on("message", async (/** @type {any} */ { id, command, args }) => {
  try {
    reply({ id, result: await commands[command]?.(...args) });
  } catch (err) {
    reply({ id, error: String(err) });
  }
});
process.on("disconnect", () => process.exit());
