"use strict";

// One server of the chat cluster: a process of its own, joined to the others by PostgreSQL alone.
//
//   SERVER_NAME=server-1 PORT=3001 DATABASE_URL=postgres://… node examples/chat/server.js

const { createServer } = require("node:http");
const { randomBytes } = require("node:crypto");
const { Pool } = require("pg");
const { Server } = require("socket.io");
const { createAdapter } = require("../../index.js");
const { Chat } = require("./chat.js");
const { DatabaseWatch } = require("./database-watch.js");
const { Presence } = require("./presence.js");
const { servePage } = require("./static.js");

const HOST = "127.0.0.1";

/** After this many milliseconds an orderly end is given up: what is left ends with the process. */
const CLOSE_LIMIT_MS = 3_000;

/** The same complaint of a connection that keeps failing is printed once in this many milliseconds. */
const REPEAT_ERROR_MS = 10_000;

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
function createChatServer(name, connectionString) {
  const logError = createErrorLog();
  const pool = new Pool({
    connectionString,
    max: 4,
    connectionTimeoutMillis: 2_000,
    query_timeout: 2_000,
  });
  // An idle connection that breaks is an event of the pool, and without a listener the end of the process. The watch
  // below finds out by itself.
  pool.on("error", () => {});

  const http = createServer(servePage);
  const io = new Server(http, {
    adapter: createAdapter(pool, { errorHandler: logError }),
    serveClient: true,
  });
  // The session id starts with the name of its server, which is all that a proxy needs to know.
  io.engine.generateId = () =>
    `${name}.${randomBytes(15).toString("base64url")}`;

  const database = new DatabaseWatch(pool);
  const presence = new Presence(io, database);
  const chat = new Chat(io, name, presence, database);
  return { http, io, pool, database, presence, chat };
}

/** @param {ReturnType<typeof createChatServer>} server */
async function closeChatServer({ http, io, pool, database, presence }) {
  presence.stop();
  database.stop();
  await new Promise((resolve) => {
    void io.close(() => resolve(undefined));
    http.closeAllConnections?.();
  });
  await pool.end();
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
  const server = createChatServer(name, connectionString);
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
    void closeChatServer(server).finally(() => process.exit(0));
  };
  process.on("SIGTERM", close);
  // Ctrl-C goes to every process of a terminal. Under a parent, the parent decides when this one ends.
  process.on("SIGINT", () => process.connected || close());
  process.on("SIGHUP", () => process.connected || close());
  process.on("disconnect", close);
}

main();
