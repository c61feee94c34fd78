"use strict";

// A Redis server of the system's package, in memory only: no snapshots, which would slow it down.

const { spawn, spawnSync } = require("node:child_process");
const { once } = require("node:events");
const net = require("node:net");
const os = require("node:os");
const { setTimeout: delay } = require("node:timers/promises");
const { requirePeer } = require("../node/adapters");
const { serverMicroseconds } = require("./processor-time");

const HOST = "127.0.0.1";
const START_TIMEOUT_MS = 10_000;

/** The server goes when its input closes, hence with the benchmark, however that ends. */
const GUARDED = `redis-server "$@" >&2 & echo $!; read -r _; kill $!; wait`;

/** @returns {boolean} */
function isRedisInstalled() {
  return spawnSync("redis-server", ["--version"]).status === 0;
}

/** @returns {Promise<number>} */
async function findFreePort() {
  const probe = net.createServer().listen(0, HOST);
  await once(probe, "listening");
  const { port } = /** @type {net.AddressInfo} */ (probe.address());
  probe.close();
  await once(probe, "close");
  return port;
}

/** @param {number} port */
async function spawnRedis(port) {
  const settings = {
    port: String(port),
    bind: HOST,
    save: "",
    appendonly: "no",
    dir: os.tmpdir(),
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => [
    `--${name}`,
    value,
  ]);
  // a process group of its own: Ctrl-C must reach the server through the benchmark, whose servers still need it
  const guard = spawn("sh", ["-c", GUARDED, "guard", ...flags], {
    stdio: ["pipe", "pipe", "ignore"],
    detached: true,
  });
  const [pid] = await once(guard.stdout.setEncoding("utf8"), "data");
  const close = async () => {
    guard.stdin.end();
    if (guard.exitCode === null) {
      await once(guard, "exit");
    }
  };
  return { pid: Number(pid), close };
}

/** @param {number} port */
async function connect(port) {
  const client = requirePeer("redis").createClient({
    socket: { host: HOST, port, reconnectStrategy: false },
  });
  client.on("error", () => {}); // while it starts; it is tried again
  await client.connect();
  return client;
}

/** @param {number} port */
async function connectWhenReady(port) {
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    try {
      return await connect(port);
    } catch (err) {
      if (Date.now() > deadline) {
        throw new Error("Redis did not start", { cause: err });
      }
      await delay(20);
    }
  }
}

async function startRedis() {
  const port = await findFreePort();
  const server = await spawnRedis(port);
  try {
    const client = await connectWhenReady(port);
    const info = /** @type {string} */ (await client.info("server"));
    return {
      name: "Redis",
      version: /redis_version:(\S+)/.exec(info)?.[1] ?? "unknown",
      port,
      microseconds: () => serverMicroseconds(server.pid),
      /** Nothing of the run before burdens the next one. */
      clean: () => client.flushAll(),
      async close() {
        client.destroy();
        await server.close();
      },
    };
  } catch (err) {
    await server.close();
    throw err;
  }
}

module.exports = { isRedisInstalled, startRedis };
