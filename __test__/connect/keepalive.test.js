"use strict";

// The kernel watches over both connections, too: it asks a peer that was silent for two seconds, and gives up one that
// does not answer.

const assert = require("node:assert/strict");
const fs = require("node:fs");
const { describe, it } = require("node:test");

const { useDatabase } = require("../support/postgres.js");
const { TestServer } = require("../support/server.js");
const { until } = require("../support/wait.js");

/** What Linux says of each connection. */
const TABLES = ["/proc/net/tcp", "/proc/net/tcp6"];
/** The timer of a connection that is idle and watched over. */
const KEEPALIVE = 2;
/** What the timers are counted in, in milliseconds. */
const TICK_MS = 10;

/** @returns {Set<string>} the sockets of this process */
function ownSockets() {
  const links = fs.readdirSync("/proc/self/fd").map((fd) => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return ""; // that of the listing itself
    }
  });
  return new Set(
    links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []),
  );
}

/**
 * @param {number} port
 * @returns {{ timer: number, expiresInMs: number }[]} of each connection of this process to that port
 */
function timersOfConnectionsTo(port) {
  const own = ownSockets();
  const remotePort = port.toString(16).toUpperCase().padStart(4, "0");
  return TABLES.filter((table) => fs.existsSync(table))
    .flatMap((table) => fs.readFileSync(table, "utf8").split("\n").slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter(
      ([, , remote, , , , , , , inode]) =>
        remote?.endsWith(`:${remotePort}`) && own.has(inode ?? ""),
    )
    .map(([, , , , , timer]) => {
      const [kind, ticks] = String(timer).split(":");
      return {
        timer: Number.parseInt(String(kind), 16),
        expiresInMs: Number.parseInt(String(ticks), 16) * TICK_MS,
      };
    });
}

describe(
  "the connections to the database",
  { skip: process.platform !== "linux" && "left out: needs Linux" },
  () => {
    const database = useDatabase();

    /**
     * @param {import("node:test").TestContext} t
     * @param {Record<string, unknown>} [pool]
     * @returns {Promise<number>} the port of the database, once both connections are there
     */
    async function startServer(t, pool) {
      const server = new TestServer({
        connectionString: database.connectionString,
        pool,
      });
      t.after(() => server.close());
      await server.listen();
      await until(() => {
        const { connections } = server.adapter().stats();
        return Object.values(connections).every(
          ({ state }) => state === "connected",
        );
      });
      return Number(new URL(database.connectionString).port);
    }

    it("are watched over: a silent peer is asked within two seconds", async (t) => {
      const port = await startServer(t);
      const watched = () =>
        timersOfConnectionsTo(port).filter(({ timer }) => timer === KEEPALIVE);
      await until(() => watched().length === 2);
      for (const { expiresInMs } of watched()) {
        assert.ok(expiresInMs <= 2000, `${expiresInMs} ms`);
      }
    });

    it("are not, where that is not wanted", async (t) => {
      const port = await startServer(t, { keepAlive: false });
      const timers = () => timersOfConnectionsTo(port);
      assert.ok(timers().length >= 2);
      await until(() => timers().every(({ timer }) => timer === 0));
    });
  },
);
