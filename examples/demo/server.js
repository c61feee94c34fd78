"use strict";

// One server of the cluster: a process of its own, joined to the others by PostgreSQL alone.
//
//   SERVER_NAME=server-1 PORT=3001 DATABASE_URL=postgres://… node examples/demo/server.js

const { createServer } = require("node:http");
const { randomBytes } = require("node:crypto");
const { Pool } = require("pg");
const { Server } = require("socket.io");
const { createAdapter } = require("../../index.js");
const { sendBurst } = require("./burst.js");
const { Chat } = require("./chat.js");
const { Link } = require("./link.js");
const { Presence } = require("./presence.js");
const { Pulse } = require("./pulse.js");
const { Reporter } = require("./reporter.js");
const { servePage } = require("./static.js");

const HOST = "127.0.0.1";

/** Shorter than by default, so that one need not wait to see a killed server missed. */
const HEARTBEAT_INTERVAL_MS = 1_000;
const HEARTBEAT_TIMEOUT_MS = 4_000;

/** After this many milliseconds an orderly end is given up: what is left ends with the process. */
const CLOSE_LIMIT_MS = 3_000;

/** The same complaint of a connection that keeps failing is printed once in this many milliseconds. */
const REPEAT_ERROR_MS = 10_000;

/** @typedef {ReturnType<typeof createDemoServer>} DemoServer */

/** @returns {(error: Error) => void} prints an error, but not over and over */
function createErrorLog() {
  /** @type {Map<string, number>} */
  const printedAt = new Map();
  return (error) => {
    const last = printedAt.get(error.message) ?? -Infinity;
    if (Date.now() - last < REPEAT_ERROR_MS) return;
    printedAt.set(error.message, Date.now());
    console.error(error.message);
  };
}

/**
 * @param {string} name
 * @param {string} connectionString
 */
function createDemoServer(name, connectionString) {
  const logError = createErrorLog();
  const link = new Link();
  const adapter = createAdapter(new Pool({ connectionString }), {
    // A new one for each life of the process: the others must not take it for the one that was killed.
    uid: `${name}.${randomBytes(6).toString("base64url")}`,
    heartbeatInterval: HEARTBEAT_INTERVAL_MS,
    heartbeatTimeout: HEARTBEAT_TIMEOUT_MS,
    errorHandler: logError,
  });
  const http = createServer(servePage);
  const io = new Server(http, { adapter, serveClient: true });
  // The session id starts with the name of its server, which is all that a proxy needs to know.
  io.engine.generateId = () =>
    `${name}.${randomBytes(15).toString("base64url")}`;

  const presence = new Presence(io, link);
  const chat = new Chat(io, name, presence, link);
  const pulse = new Pulse(io, link);
  const reporter = new Reporter(io, pulse);
  return { http, io, link, chat, stops: [presence, pulse, reporter] };
}

/** @param {DemoServer} server */
async function closeDemoServer({ http, io, stops }) {
  for (const part of stops) part.stop();
  await new Promise((resolve) => {
    void io.close(() => resolve(undefined));
    http.closeAllConnections?.();
  });
}

/**
 * The parent process is told what happens here, and tells when to send a burst.
 *
 * @param {DemoServer} server
 */
function obeyParent({ io, link }) {
  const tell = (/** @type {object} */ message) => {
    if (process.connected) process.send?.(message);
  };
  link.on("change", ({ up }) => tell({ link: up }));
  link.on("peer-left", (peer) => tell({ peerLeft: peer }));
  link.on("dropped", (messages) => tell({ dropped: messages }));
  process.on("message", (/** @type {any} */ { burst }) => {
    if (burst !== undefined) void sendBurst(io, burst);
  });
}

function main() {
  const name = process.env.SERVER_NAME ?? "server-1";
  const connectionString = process.env.DATABASE_URL;
  if (!connectionString) {
    console.error(
      "Set DATABASE_URL to the PostgreSQL database that joins the servers.",
    );
    process.exitCode = 1;
    return;
  }
  const server = createDemoServer(name, connectionString);
  obeyParent(server);
  server.http.listen(Number(process.env.PORT ?? 0), HOST, () => {
    const { port } = /** @type {import('node:net').AddressInfo} */ (
      server.http.address()
    );
    if (process.send) process.send({ listening: port });
    else console.log(`${name} listens on http://${HOST}:${port}`);
  });

  let closing = false;
  const close = () => {
    if (closing) return;
    closing = true;
    setTimeout(() => process.exit(0), CLOSE_LIMIT_MS).unref();
    void closeDemoServer(server).finally(() => process.exit(0));
  };
  process.on("SIGTERM", close);
  // Ctrl-C goes to every process of a terminal. Under a parent, the parent decides when this one ends.
  process.on("SIGINT", () => process.connected || close());
  process.on("SIGHUP", () => process.connected || close());
  process.on("disconnect", close);
}

main();
