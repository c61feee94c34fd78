"use strict";

// A server of the soak and its clients, in a process of its own; see node.js.

const { createServer } = require("node:http");

const { Pool } = require("pg");
const { Server } = require("socket.io");
const { io: connect } = require("socket.io-client");

const { createAdapterOf } = require("../interop/adapters.js");
const { isWhole } = require("./content.js");
const { Journal } = require("./journal.js");
const { Random } = require("./random.js");
const {
  COMMON_ROOM,
  REQUEST_TIMEOUT_MS,
  roomOf,
  Traffic,
} = require("./traffic.js");

/**
 * @typedef {object} NodeOptions
 * @property {string} name of this life of the server
 * @property {number} place in the cluster, the same for all lives
 * @property {number} places
 * @property {import("../interop/adapters.js").Kind} kind
 * @property {string} connectionString
 * @property {string} journal
 * @property {string} seed
 * @property {{ heartbeatInterval: number, heartbeatTimeout: number }} heartbeats milliseconds
 */

const CLIENTS = 2;
const MEMORY_INTERVAL_MS = 1_000;

/** On a busy machine the JavaScript adapter is so far behind that attachments are gone when it wants them. */
const CLEANUP_INTERVAL_MS = 300_000;

/** @type {NodeOptions} */
const options = JSON.parse(process.argv[2] ?? "{}");
const { name, place, places, kind, seed } = options;
const journal = new Journal(options.journal);
let received = 0;
let closing = false;

/** @param {import("node:child_process").Serializable} news */
const tell = (news) => process.connected && process.send?.(news);

const pool = new Pool({
  connectionString: options.connectionString,
  application_name: name,
});
pool.on("error", () => {}); // an idle connection was lost: the adapter of JavaScript makes another
const http = createServer();
const io = new Server(http, {
  transports: ["websocket"],
  adapter: createAdapterOf(kind)(pool, {
    ...options.heartbeats,
    requestsTimeout: REQUEST_TIMEOUT_MS,
    cleanupInterval: CLEANUP_INTERVAL_MS,
    errorHandler: (/** @type {any} */ err) =>
      journal.write(["e", Date.now(), String(err.code), String(err.message)]),
  }),
});
const traffic = new Traffic(io, {
  name,
  places,
  ordered: kind === "native",
  random: new Random(seed, name),
  journal,
});

/** @param {string} receiver */
const receive =
  (receiver) =>
  /**
   * @param {string} sender
   * @param {number} number
   * @param {string} contentKind
   * @param {unknown} content
   */
  (sender, number, contentKind, content) => {
    received += 1;
    const whole = isWhole(sender, number, contentKind, content);
    journal.write(["r", receiver, sender, number, Date.now(), whole]);
  };

io.on("connection", (socket) => {
  const { index } = socket.handshake.auth;
  socket.join(roomOf(place, index));
  if (index === 1) socket.join(COMMON_ROOM);
});
io.on("message", receive("server"));
io.on("question", (answer) => answer(name));
// the word of the soak goes round: it is heard, and its echo
io.on("probe", async (number) => {
  io.serverSideEmit("echo", name, number);
  const count = await /** @type {any} */ (io.of("/").adapter).serverCount();
  tell({ event: "probe", number, count });
});
io.on("echo", (from, number) => tell({ event: "echo", from, number }));

/** @param {number} index */
async function addClient(index) {
  const address = /** @type {import("node:net").AddressInfo} */ (
    http.address()
  );
  const client = connect(`http://127.0.0.1:${address.port}`, {
    transports: ["websocket"],
    reconnection: false,
    forceNew: true,
    auth: { index },
  });
  client.on("message", receive(String(index)));
  client.on("question", (answer) => answer(index));
  client.on("disconnect", (reason) => {
    if (!closing) journal.write(["d", Date.now(), reason]);
  });
  await new Promise((resolve) =>
    client.once("connect", () => resolve(undefined)),
  );
  return client;
}

/** @type {Record<string, (ms: number) => unknown>} */
const commands = {
  start: () => traffic.start(),
  stop: () => traffic.stop(),
  block: (ms) => {
    const end = Date.now() + ms;
    while (Date.now() < end);
  },
  state: () => ({ received, pending: traffic.pending }),
  close: async () => {
    closing = true;
    traffic.stop();
    await io.close();
    await pool.end();
  },
};

process.on("message", async (/** @type {any} */ { number, command, ms }) => {
  const result = await commands[command]?.(ms);
  process.send?.({ event: "result", number, result }, () => {
    if (command === "close") process.disconnect();
  });
});
process.on("disconnect", () => closing || process.exit(1)); // the soak is gone

/** What is held, not what could be collected. */
function measure() {
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  journal.write(["m", Date.now(), rss, heapUsed]);
}

async function main() {
  await new Promise((resolve) => {
    http.listen(0, "127.0.0.1", () => resolve(undefined));
  });
  for (let index = 0; index < CLIENTS; index += 1) await addClient(index);
  setInterval(measure, MEMORY_INTERVAL_MS).unref();
  tell({ event: "ready" });
}

void main();
