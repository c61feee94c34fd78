"use strict";

// How items come from the engine, many at a time; see src/engine/handoff.rs.

/** @typedef {NonNullable<ReturnType<InstanceType<typeof import("./native").Engine>["drain"]>>} Bundle */

/** What an item begins with. */
const ITEM = Object.freeze({
  MESSAGE: 0,
  BINARY_MESSAGE: 1,
  PEER_LEFT: 2,
  ERROR: 3,
  DEBUG: 4,
  PASSWORD_WANTED: 5,
  LISTENING: 6,
  BROADCASTS: 7,
  BINARY_BROADCAST: 8,
  CONNECTED: 9,
  DISCONNECTED: 10,
  PEER_JOINED: 11,
  DROPPED: 12,
  VERDICT_WANTED: 13,
});

/** Stands between events, and nowhere in a JSON text. */
const SEPARATOR = "\x1e";

/** The events and binary parts of a bundle, taken in the order of its items. */
class BundleContent {
  #events;
  #nextEvent = 0;
  #bytes;

  /** @param {Bundle} bundle */
  constructor({ events, bytes }) {
    this.#events = events?.split(SEPARATOR) ?? [];
    this.#bytes = bytes ?? Buffer.alloc(0);
  }

  nextEvent() {
    return /** @type {string} */ (this.#events[this.#nextEvent++]);
  }

  /** @param {[number, number][]} ranges */
  parts(ranges) {
    return ranges.map(([start, end]) => this.#bytes.subarray(start, end));
  }
}

module.exports = { BundleContent, ITEM, SEPARATOR };
