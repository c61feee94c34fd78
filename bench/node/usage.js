"use strict";

// What this process has used so far: time of the event loop, of the thread of JavaScript, of all threads; memory.

const fs = require("node:fs");
const { performance } = require("node:perf_hooks");

/**
 * @typedef {object} Usage all in microseconds
 * @property {number} loop time in which the event loop did not wait
 * @property {number} [thread] processor time of the thread of JavaScript, where the system tells it (Linux)
 * @property {number} cpu processor time of all threads
 */

/** From the clock of this process to that of the machine: both are monotonic, `performance.now()` is cheaper. */
const OFFSET_MICROSECONDS =
  Number(process.hrtime.bigint() / 1000n) - performance.now() * 1000;

/** @returns {number} microseconds of a clock that all processes of the machine share */
function clockMicroseconds() {
  return Math.round(performance.now() * 1000 + OFFSET_MICROSECONDS);
}

/** @returns {number | undefined} */
function threadMicroseconds() {
  try {
    const file = `/proc/self/task/${process.pid}/schedstat`;
    const [nanoseconds] = fs.readFileSync(file, "utf8").split(" ");
    return Number(nanoseconds) / 1000;
  } catch {
    return undefined;
  }
}

/** @returns {Usage} */
function readUsage() {
  const { user, system } = process.cpuUsage();
  return {
    loop: performance.eventLoopUtilization().active * 1000,
    thread: threadMicroseconds(),
    cpu: user + system,
  };
}

/**
 * @param {Usage} before
 * @returns {Usage}
 */
function usageSince(before) {
  const now = readUsage();
  return {
    loop: now.loop - before.loop,
    thread:
      now.thread === undefined || before.thread === undefined
        ? undefined
        : now.thread - before.thread,
    cpu: now.cpu - before.cpu,
  };
}

/** @returns {number} the most memory that this process had at any time, in MB */
function peakMegabytes() {
  return process.resourceUsage().maxRSS / 1024;
}

/** @returns {number} the memory that this process has now, in MB, after a collection when it may ask for one */
function residentMegabytes() {
  globalThis.gc?.();
  return process.memoryUsage.rss() / 2 ** 20;
}

module.exports = {
  clockMicroseconds,
  peakMegabytes,
  readUsage,
  residentMegabytes,
  usageSince,
};
