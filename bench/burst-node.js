"use strict";

// One server of the burst benchmark, in a process of its own; driven over process messages.

const { createServer } = require("node:http");
const { performance } = require("node:perf_hooks");
const { Pool } = require("pg");
const { Server } = require("socket.io");

const [adapter, connectionString] = process.argv.slice(2);
const { createAdapter } =
  adapter === "native" ? require("..") : require("@socket.io/postgres-adapter");

const BURST = 1000;
const pool = new Pool({ connectionString });
const io = new Server(createServer());
io.adapter(createAdapter(pool));
const nsp = io.of("/");

/** Counts what reaches a local socket, without a network behind it: the adapters are compared, not WebSockets. */
let received = 0;
let lastAt = 0;

function addProbe() {
  const probe = {
    id: "probe",
    acks: new Map(),
    client: {
      writeToEngine() {
        received++;
        lastAt = performance.timeOrigin + performance.now();
      },
    },
  };
  nsp.sockets.set(/** @type {any} */ (probe.id), /** @type {any} */ (probe));
  nsp.adapter.addAll("probe", new Set(["probe"]));
}

/** @param {number} count */
async function send(count) {
  const text = "x".repeat(150); // about 200 bytes with the envelope of the event
  const startedAt = performance.timeOrigin + performance.now();
  for (let sent = 0; sent < count; sent++) {
    io.emit("event", sent, text);
    if (sent % BURST === BURST - 1) {
      await new Promise(setImmediate);
    }
  }
  return startedAt;
}

/** @param {{ command: string, count: number }} message */
async function onCommand({ command, count }) {
  switch (command) {
    case "peers":
      return nsp.adapter.serverCount();
    case "receive":
      addProbe();
      return 0;
    case "send":
      return send(count);
    case "received":
      return { received, lastAt };
  }
}

process.on("message", async (/** @type {any} */ message) => {
  process.send?.(await onCommand(message));
});
