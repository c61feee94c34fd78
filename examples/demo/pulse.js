"use strict";

const { now } = require("./clock.js");

/** Often enough for percentiles, seldom enough to be no load, in milliseconds. */
const PULSE_MS = 500;

/**
 * Measures how long a message takes from one server to another: from the call on the one to the listener on the other.
 */
class Pulse {
  /**
   * @param {import('socket.io').Server} io
   * @param {import('./link.js').Link} link
   */
  constructor(io, link) {
    /** @type {number[]} milliseconds, one for each pulse of another server since they were last taken */
    this.delays = [];
    io.on("pulse", (/** @type {number} */ sentAt) =>
      this.delays.push((now() - sentAt) / 1_000),
    );
    this.timer = setInterval(() => {
      // What is kept while the database is away arrives late: that is no measurement of the way.
      if (link.state.up) io.serverSideEmit("pulse", now());
    }, PULSE_MS);
  }

  /** @returns {number[]} */
  take() {
    return this.delays.splice(0);
  }

  stop() {
    clearInterval(this.timer);
  }
}

module.exports = { Pulse };
