"use strict";

// Runs in a process of its own, see child.js: a user of the engine who is attacked, and tells how it fares.

const { Server } = require("socket.io");

const { createAdapter, Emitter } = require("../../index.js");

/** @typedef {{ id: number, command: string, args: any[] }} Request */

const { pool } = JSON.parse(process.argv[2] ?? "{}");

/** @type {{ code?: string, message: string }[]} */
const errors = [];
const options = {
  errorHandler: (/** @type {any} */ { code, message }) => {
    errors.push({ code, message });
  },
};
/** @type {number[]} */
const heard = [];

/** @type {Record<string, () => unknown>} */
const commands = {
  emit: () => {
    new Emitter(pool, options).emit("news");
  },
  listen: () => {
    const io = new Server({ adapter: createAdapter(pool, options) });
    io.on("number", (/** @type {number} */ number) => heard.push(number));
  },
  errors: () => errors,
  heard: () => heard,
  /** The most memory that was ever used, in bytes. */
  peakMemory: () => process.resourceUsage().maxRSS * 1024,
};

process.on("message", async (/** @type {Request} */ { id, command }) => {
  try {
    process.send?.({ id, result: await commands[command]?.() });
  } catch (err) {
    process.send?.({ id, error: String(err) });
  }
});

process.on("disconnect", () => process.exit(1)); // the test is gone
