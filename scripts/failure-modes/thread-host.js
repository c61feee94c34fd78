"use strict";

// A process that holds one server of the comparison in a worker thread, and can end that thread.

const path = require("node:path");
const { Worker } = require("node:worker_threads");

const worker = new Worker(path.join(__dirname, "node-process.js"), {
  argv: process.argv.slice(2),
});
worker.on("message", (answer) => process.send?.(answer));

process.on("message", async (/** @type {any} */ message) => {
  if (message.command !== "terminate") return worker.postMessage(message, []);
  await worker.terminate();
  process.send?.({ id: message.id });
});
process.on("disconnect", () => process.exit());
