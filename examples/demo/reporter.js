"use strict";

const { LoopMeter } = require("./loop-meter.js");
const { isVisitor, toPerson } = require("./presence.js");

/** How often a server says how it is, in milliseconds. */
const REPORT_MS = 500;

/**
 * @typedef {object} Report what a server says about itself
 * @property {import('../../index.js').AdapterStats} stats
 * @property {import('./presence.js').Person[]} people who is connected to it
 * @property {import('./loop-meter.js').LoopUse} loop
 * @property {number[]} delays milliseconds, of messages of other servers
 */

/** Tells the parent process, which has the view over all servers, how this one is. */
class Reporter {
  /**
   * @param {import('socket.io').Server} io
   * @param {import('./pulse.js').Pulse} pulse
   */
  constructor(io, pulse) {
    this.io = io;
    this.pulse = pulse;
    this.meter = new LoopMeter();
    this.timer = setInterval(() => {
      if (process.connected) process.send?.({ report: this.report() });
    }, REPORT_MS);
  }

  /** @returns {Report} */
  report() {
    const { adapter, sockets } = this.io.of("/");
    return {
      stats: /** @type {any} */ (adapter).stats(),
      people: [...sockets.values()].filter(isVisitor).map(toPerson),
      loop: this.meter.take(),
      delays: this.pulse.take(),
    };
  }

  stop() {
    clearInterval(this.timer);
  }
}

module.exports = { REPORT_MS, Reporter };
