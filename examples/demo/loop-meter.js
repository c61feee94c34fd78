"use strict";

const { monitorEventLoopDelay, performance } = require("node:perf_hooks");

/** The monitor looks once in this many milliseconds, and counts them as a part of each delay. */
const RESOLUTION_MS = 5;

/**
 * @typedef {object} LoopUse
 * @property {number} utilization the share of the time in which JavaScript ran, from 0 to 1
 * @property {number} longest the longest time in milliseconds in which nothing else had its turn
 */

/** Measures how free the event loop of this process is. */
class LoopMeter {
  constructor() {
    this.last = performance.eventLoopUtilization();
    this.delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    this.delays.enable();
  }

  /** @returns {LoopUse} since it was last taken */
  take() {
    const current = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(
      current,
      this.last,
    );
    this.last = current;
    const longest = Math.max(0, this.delays.max / 1e6 - RESOLUTION_MS);
    this.delays.reset();
    return { utilization, longest };
  }
}

module.exports = { LoopMeter };
