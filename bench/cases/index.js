"use strict";

// All cases, in the order in which they run.

/** @typedef {import("../node/traffic").Traffic} Traffic */

/**
 * @typedef {object} Point one measurement of a case
 * @property {string} key
 * @property {string} title
 * @property {Traffic} traffic
 * @property {number} receivers
 * @property {number} namespaces
 * @property {"saturate" | "acknowledge" | { perSecond: number }} pace
 */

/**
 * @typedef {object} Case
 * @property {string} name for `--case`
 * @property {string} title
 * @property {"exchange" | "memory"} kind
 * @property {Point[]} points
 * @property {string[]} quickPoints keys of the points that `--quick` has
 * @property {boolean} [untilSaturated] an adapter that falls behind is not asked for more
 */

/** @type {Case[]} */
const CASES = [
  ...require("./messages").cases,
  ...require("./scales").cases,
  ...require("./latency").cases,
  require("./memory").memory,
];

module.exports = { CASES };
