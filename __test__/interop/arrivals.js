"use strict";

// What arrives at clients, and what is sent to see how it arrives.

const assert = require("node:assert/strict");

const { collect } = require("../support/wait.js");

/** @typedef {import("../support/server.js").ClientSocket} ClientSocket */

/** More than fits into a notification, and not all of it one byte a character. */
const LARGE_TEXT = "naïve – 😀 ".repeat(5_000);

const LARGE_BINARY = Buffer.alloc(300_000, Uint8Array.of(0, 1, 254, 255));

/**
 * Collects an event at every client.
 *
 * @param {ClientSocket[]} clients
 * @param {string} event
 */
function collectAll(clients, event) {
  const collected = clients.map((client) => collect(client, event));
  return {
    values: collected.map(({ values }) => values),
    /** @param {number} count of events at each client */
    count: (count) => Promise.all(collected.map((each) => each.count(count))),
  };
}

/** @param {any} value binary content, as whatever it comes out */
function bytesOf(value) {
  assert.ok(value instanceof Uint8Array, `binary content, got ${typeof value}`);
  return Buffer.from(value);
}

module.exports = { bytesOf, collectAll, LARGE_BINARY, LARGE_TEXT };
