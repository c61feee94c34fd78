"use strict";

// Where and with what the figures were measured.

const os = require("node:os");
const { versionOf } = require("./dependencies");

const PACKAGES = [
  "socket.io",
  "socket.io-adapter",
  "pg",
  "@socket.io/postgres-adapter",
  "@socket.io/redis-adapter",
  "@socket.io/redis-streams-adapter",
  "redis",
];

/**
 * @param {{ postgres: string, redis: string | undefined }} brokers versions
 * @param {import("./arguments").Options} options
 */
function describeSurroundings(brokers, options) {
  return {
    date: new Date().toISOString(),
    machine: {
      system: `${os.type()} ${os.release()}, ${os.arch()}`,
      processor: os.cpus()[0]?.model ?? "unknown",
      cores: os.cpus().length,
      memoryGigabytes: Math.round(os.totalmem() / 2 ** 30),
      loadAtTheEnd: os.loadavg()[0] ?? 0,
    },
    versions: /** @type {Record<string, string>} */ ({
      node: process.version,
      postgresql: brokers.postgres,
      ...(brokers.redis && { "redis-server": brokers.redis }),
      ...Object.fromEntries(PACKAGES.map((name) => [name, versionOf(name)])),
      self: /** @type {string} */ (require("../package.json").version),
    }),
    settings: {
      repetitions: options.repetitions,
      secondsOfEachRun: options.durationMs / 1000,
      quick: options.quick,
    },
  };
}

module.exports = { describeSurroundings };
