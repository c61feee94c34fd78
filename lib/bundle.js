"use strict";

// How items come from the engine, many at a time; see src/engine/handoff.rs.

/** @typedef {InstanceType<typeof import("./native").Engine>} Engine */

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

/** The events and binary parts of a bundle. */
class BundleContent {
  #engine;
  /** @type {string[] | undefined} */
  #events;
  #nextEvent = 0;
  /** @type {Buffer | undefined} */
  #bytes;

  /** @param {Engine} engine */
  constructor(engine) {
    this.#engine = engine;
  }

  nextEvent() {
    this.#events ??= this.#engine.takeEvents().split(SEPARATOR);
    return /** @type {string} */ (this.#events[this.#nextEvent++]);
  }

  /** @param {[number, number][]} ranges */
  parts(ranges) {
    const bytes = (this.#bytes ??= this.#engine.takeBytes());
    return ranges.map(([start, end]) => bytes.subarray(start, end));
  }
}

module.exports = { BundleContent, ITEM, SEPARATOR };
