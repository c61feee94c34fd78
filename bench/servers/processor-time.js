"use strict";

// The processor time of a server and of its child processes, from /proc: known on Linux only.

const fs = require("node:fs");

/** `sysconf(_SC_CLK_TCK)`: 100 on every Linux that Node.js supports. */
const MICROSECONDS_PER_TICK = 10_000;

/**
 * @param {string} pid
 * @returns {{ parent: number, own: number, reaped: number } | undefined} times in ticks; undefined when it is gone
 */
function readStat(pid) {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
    // the name, in parentheses, may contain anything: the fields are counted from its end
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const at = (/** @type {number} */ place) => Number(fields[place]);
    return { parent: at(1), own: at(11) + at(12), reaped: at(13) + at(14) };
  } catch {
    return undefined;
  }
}

/**
 * @param {number | undefined} pid of the first process of the server
 * @returns {number | undefined} microseconds of it, of its children, and of those of them that have ended
 */
function serverMicroseconds(pid) {
  const main = pid === undefined ? undefined : readStat(String(pid));
  if (!main) {
    return undefined;
  }
  let ticks = main.own + main.reaped;
  for (const entry of fs.readdirSync("/proc")) {
    const stat = /^\d+$/.test(entry) ? readStat(entry) : undefined;
    if (stat?.parent === pid) {
      ticks += stat?.own ?? 0;
    }
  }
  return ticks * MICROSECONDS_PER_TICK;
}

module.exports = { serverMicroseconds };
