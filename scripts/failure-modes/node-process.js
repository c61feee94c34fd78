"use strict";

// One server of the comparison, in a process of its own: emits numbers, and keeps what its errorHandler got.

const { isReference } = require("../../__test__/support/adapter.js");
const { TestServer } = require("../../__test__/support/server.js");

/** Every tenth message is binary: outside of frames it goes through the table. */
const EMIT_EVERY_MS = 5;

/** @type {Map<string, number>} */
const errors = new Map();
const server = new TestServer({
  ...JSON.parse(process.argv[2] ?? "{}"),
  options: {
    errorHandler(/** @type {any} */ error) {
      const name = error.code ?? error.message;
      errors.set(name, (errors.get(name) ?? 0) + 1);
    },
  },
  // a client may be kept waiting by a server that is busy on purpose
  io: { pingTimeout: 60_000 },
});
let sent = 0;
/** @type {NodeJS.Timeout | undefined} */
let timer;

/** @type {Record<string, (...args: any[]) => unknown>} */
const commands = {
  async listen() {
    await server.listen();
    return server.url;
  },
  emit() {
    timer = setInterval(() => {
      const number = sent;
      sent += 1;
      server.io.emit("number", number, number % 10 ? "" : Buffer.alloc(10));
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
};

process.on("message", async (/** @type {any} */ { id, command, args }) => {
  try {
    process.send?.({ id, result: await commands[command]?.(...args) });
  } catch (err) {
    process.send?.({ id, error: String(err) });
  }
});
process.on("disconnect", () => process.exit());
