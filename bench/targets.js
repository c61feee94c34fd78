"use strict";

// What this adapter is meant to reach, as ratios of medians of one run. Under full load the time of an event loop holds
// the time in which another process had the core; the processor time of its thread does not.

const { medianOf } = require("./results");

/** @typedef {import("./results").Results} Results */
/** @typedef {import("./node/adapters").AdapterName} AdapterName */

/**
 * @typedef {object} Target
 * @property {string} title
 * @property {string} case
 * @property {string} [point]
 * @property {string} figure
 * @property {"at least" | "at most"} bound
 * @property {Partial<Record<AdapterName, number>>} against
 */

/** @type {Target[]} */
const TARGETS = [
  {
    title: "text 200 B: messages/s",
    case: "text",
    figure: "rate",
    bound: "at least",
    against: { javascript: 20, redis: 4 },
  },
  {
    title: "binary 1 kB: messages/s",
    case: "binary",
    figure: "rate",
    bound: "at least",
    against: { javascript: 25, redis: 2 },
  },
  {
    title: "large 50 kB: messages/s",
    case: "large",
    figure: "rate",
    bound: "at least",
    against: { javascript: 5, redis: 1.5 },
  },
  {
    title: "event loop per sent text",
    case: "text",
    figure: "senderLoop",
    bound: "at most",
    against: { javascript: 1 / 20, redis: 1 / 4 },
  },
  {
    title: "the same, as processor time of the thread",
    case: "text",
    figure: "senderThread",
    bound: "at most",
    against: { javascript: 1 / 20, redis: 1 / 4 },
  },
  {
    title: "event loop per delivered text",
    case: "text",
    figure: "receiverLoop",
    bound: "at most",
    against: { javascript: 1 / 10, redis: 1 / 3 },
  },
  {
    title: "the same, as processor time of the thread",
    case: "text",
    figure: "receiverThread",
    bound: "at most",
    against: { javascript: 1 / 10, redis: 1 / 3 },
  },
  {
    title: "event loop per message for rooms elsewhere",
    case: "elsewhere",
    figure: "receiverLoop",
    bound: "at most",
    against: { javascript: 1 / 60, redis: 1 / 12 },
  },
  {
    title: "the same, as processor time of the thread",
    case: "elsewhere",
    figure: "receiverThread",
    bound: "at most",
    against: { javascript: 1 / 60, redis: 1 / 12 },
  },
  {
    title: "latency at 300/s, p50",
    case: "latency",
    figure: "p50",
    bound: "at most",
    against: { javascript: 0.85, redis: 1.2 },
  },
  {
    title: "latency at 300/s, p99",
    case: "latency",
    figure: "p99",
    bound: "at most",
    against: { javascript: 1, redis: 1.2 },
  },
  {
    title: "PostgreSQL CPU per text",
    case: "text",
    figure: "serverCpu",
    bound: "at most",
    against: { javascript: 1 / 10 },
  },
  {
    title: "8 receivers: messages/s delivered in all",
    case: "receivers",
    point: "8",
    figure: "delivered",
    bound: "at least",
    against: { javascript: 15, redis: 2 },
  },
];

/** Over the same process without a cluster. */
const MEMORY_LIMIT_MB = 12;

/** @typedef {{ title: string, against: string, wanted: string, ratio: number, met: boolean }} Verdict */

/**
 * @param {Results} results
 * @param {Target} target
 * @returns {Verdict[]} none for what was not measured
 */
function judge(
  results,
  { title, case: name, point = "", figure, bound, against },
) {
  const own = medianOf(results, name, point, "native", figure);
  return Object.entries(against).flatMap(([peer, wanted]) => {
    const adapter = /** @type {AdapterName} */ (peer);
    const theirs = medianOf(results, name, point, adapter, figure);
    if (own === undefined || !theirs) {
      return [];
    }
    const ratio = own / theirs;
    const met = bound === "at least" ? ratio >= wanted : ratio <= wanted;
    const text = `${bound} ${wanted < 0.5 ? `1/${Math.round(1 / wanted)}` : wanted}`;
    return [{ title, against: adapter, wanted: text, ratio, met }];
  });
}

/**
 * @param {Results} results
 * @returns {{ megabytes: number, limit: number, met: boolean } | undefined}
 */
function judgeMemory(results) {
  const own = medianOf(results, "memory", "", "native", "resident");
  const bare = medianOf(results, "memory", "", "none", "resident");
  if (own === undefined || bare === undefined) {
    return undefined;
  }
  const megabytes = own - bare;
  return {
    megabytes,
    limit: MEMORY_LIMIT_MB,
    met: megabytes <= MEMORY_LIMIT_MB,
  };
}

/** @param {Results} results */
function judgeAll(results) {
  return TARGETS.flatMap((target) => judge(results, target));
}

module.exports = { judgeAll, judgeMemory };
