"use strict";

// One Socket.IO server of the benchmark, in a process of its own. The benchmark tells it what to do, over process
// messages; it ends with the benchmark.

const { createServer } = require("node:http");
const { Server } = require("socket.io");
const { percentiles } = require("../statistics");
const { createAdapterFactory } = require("./adapters");
const { Probes } = require("./probe");
const { Sender } = require("./sender");
const { Emissions } = require("./traffic");
const {
  peakMegabytes,
  readUsage,
  residentMegabytes,
  usageSince,
} = require("./usage");

/**
 * @typedef {object} NodeConfig
 * @property {import("./adapters").AdapterName} adapter
 * @property {import("./adapters").Place} place
 * @property {string[]} namespaces
 * @property {import("./traffic").Traffic} traffic
 * @property {boolean} receives
 * @property {number} creditEvery the receiver says how far it is after so many messages
 */

/** How often a server that is watched is asked for its statistics: far more often than by any scraper. */
const STATS_EVERY_MS = 100;

/** @type {NodeConfig} */
const config = JSON.parse(process.argv[2] ?? "");

/** @param {object} message */
function tell(message) {
  process.send?.(message);
}

async function start() {
  const io = new Server(createServer());
  const factory = await createAdapterFactory(config.adapter, config.place);
  if (factory) {
    io.adapter(factory);
  }
  const namespaces = config.namespaces.map((name) => io.of(name));
  if (config.adapter === "watched") {
    const { adapter } = /** @type {any} */ (io.of("/"));
    setInterval(() => adapter.stats(), STATS_EVERY_MS);
  }
  return config.receives
    ? receiverCommands(namespaces)
    : senderCommands(namespaces);
}

/** @param {any[]} namespaces */
function commonCommands(namespaces) {
  let before = readUsage();
  return {
    async serverCount() {
      const counts = namespaces.map((nsp) => nsp.adapter.serverCount());
      return Math.min(...(await Promise.all(counts)));
    },
    begin: () => (before = readUsage()),
    end: () => ({ ...usageSince(before), peak: peakMegabytes() }),
    resident: residentMegabytes,
    close: () => void setImmediate(() => process.exit()),
  };
}

/** @param {any[]} namespaces */
function senderCommands(namespaces) {
  const sender = new Sender(new Emissions(config.traffic, namespaces));
  return {
    ...commonCommands(namespaces),
    hello: () => namespaces.forEach((nsp) => nsp.emit("hello")),
    credit: (/** @type {number} */ received) => sender.credit(received),
    send: (/** @type {import("./sender").Pace} */ pace) => sender.send(pace),
  };
}

/** @param {any[]} namespaces */
function receiverCommands(namespaces) {
  /** @type {{ total: number, done: () => void } | undefined} */
  let awaited;
  const probes = new Probes(namespaces, config.traffic, ({ received }) => {
    if (received % config.creditEvery === 0) {
      tell({ received });
    }
    if (awaited && received >= awaited.total) {
      awaited.done();
      awaited = undefined;
    }
  });
  const { tally } = probes;
  return {
    ...commonCommands(namespaces),
    heard: () => probes.hasHeard(),
    expectHello: () => probes.expectHello(),
    untilHeard: () => probes.untilHeard(),
    forget: () => probes.forgetLatencies(),
    /** @param {number} total */
    until: (total) =>
      new Promise((resolve) => {
        if (tally.received >= total) {
          resolve(undefined);
        } else {
          awaited = { total, done: () => resolve(undefined) };
        }
      }),
    /** @param {number} total */
    tally: (total) => ({ ...tally, missing: tally.missing(total) }),
    latencies: () => percentiles(probes.latencies),
  };
}

/** @type {Promise<Record<string, (argument: any) => any>>} */
const commands = start();

process.on("message", async (/** @type {any} */ { id, command, argument }) => {
  try {
    const run = (await commands)[command];
    if (!run) {
      throw new Error(`no such command: ${command}`);
    }
    tell({ id, result: await run(argument) });
  } catch (err) {
    tell({ id, error: String(/** @type {any} */ (err)?.stack ?? err) });
  }
});

process.on("disconnect", () => process.exit());

// Ctrl-C reaches the whole group; the benchmark ends its servers itself
process.on("SIGINT", () => {});
