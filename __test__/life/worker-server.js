"use strict";
/* oxlint-disable unicorn/require-post-message-target-origin -- windows have an origin, threads do not */

// Runs in a worker thread, see workers.test.js.

const { parentPort, threadId, workerData } = require("node:worker_threads");

const { Server } = require("socket.io");

const { createAdapter } = require("../support/adapter.js");

const io = new Server(0, {
  adapter: createAdapter(workerData.connectionString),
});
io.on(
  "question",
  (
    /** @type {Buffer} */ text,
    /** @type {(answer: string) => void} */ answer,
  ) => {
    answer(`${text}: ${threadId}`);
  },
);

/** As much as there is time for. */
function talk() {
  for (let i = 0; i < 20; i += 1) {
    io.serverSideEmit("traffic", Buffer.alloc(i * 1_000));
    io.emit("traffic", "x".repeat(i * 100));
  }
  io.fetchSockets().catch(() => {});
  setImmediate(talk);
}

/** @type {Record<string, () => void>} */
const commands = {
  greet: () => io.emit("greeting", threadId, Buffer.alloc(30_000)),
  talk,
  close: async () => {
    parentPort?.close(); // it keeps the thread alive
    await io.close();
  },
};
parentPort?.on("message", (command) => commands[command]?.());
io.emit("a message that waits for the database");
parentPort?.postMessage("open");
