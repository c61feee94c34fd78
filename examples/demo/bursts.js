"use strict";

const { BURST_SIZE } = require("./burst.js");
const { joinNames } = require("./journal.js");

/** After the end of the server that sends, what is on its way still arrives: so many milliseconds are waited for it. */
const SETTLE_MS = 2_000;

/** @typedef {import('./checker.js').Check} Check */

/**
 * @typedef {object} Count what the counting client of a server has received
 * @property {number} received
 * @property {number} misplaced
 * @property {number} took milliseconds
 * @property {boolean} gone whether the server was killed meanwhile, and its client with it
 */

/**
 * @typedef {object} Burst
 * @property {number} id
 * @property {string} from
 * @property {number} size
 * @property {boolean} ended whether nothing more is to come
 * @property {number} longestPause milliseconds, of any event loop of a server while the burst was under way
 * @property {Record<string, Count>} counts by server
 */

/** @param {Count} count */
const isComplete = ({ received }) => received >= BURST_SIZE;

const SIZE_TEXT = BURST_SIZE.toLocaleString("en");

/** @param {number} ms */
const timeText = (ms) =>
  ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;

/**
 * @param {Burst} burst that has ended
 * @returns {['good' | 'bad' | 'note', string]}
 */
function describeEnd({ from, counts }) {
  const all = Object.entries(counts);
  const complete = all.filter(([, count]) => isComplete(count));
  if (all.some(([, { misplaced }]) => misplaced > 0))
    return ["bad", `The messages of ${from} did not arrive in order.`];
  const isShort = all.some(([, count]) => !isComplete(count) && !count.gone);
  if (isShort || complete.length === 0)
    return ["bad", `${from} ended before it had sent all of its messages.`];
  const slowest = Math.max(...complete.map(([, { took }]) => took));
  const where =
    complete.length === all.length
      ? `all ${all.length} servers`
      : joinNames(complete.map(([name]) => name));
  return [
    "good",
    `All ${SIZE_TEXT} messages of ${from} arrived on ${where}, each once and in order, within ${timeText(slowest)}.`,
  ];
}

/** Keeps count of the bursts. */
class Bursts {
  /** @param {import('./journal.js').Journal} journal */
  constructor(journal) {
    this.journal = journal;
    /** @type {Map<number, Burst>} */
    this.all = new Map();
    /** @type {Burst | undefined} */
    this.latest = undefined;
    /** @type {Set<string>} servers whose report of the last moments of the latest burst is still to come */
    this.unheard = new Set();
  }

  /**
   * @param {string} from the server that sends
   * @param {string[]} servers those that run: a client on each of them counts
   * @returns {number} the id of the burst
   */
  begin(from, servers) {
    const id = this.all.size + 1;
    const nothing = { received: 0, misplaced: 0, took: 0, gone: false };
    this.latest = {
      id,
      from,
      size: BURST_SIZE,
      ended: false,
      longestPause: 0,
      counts: Object.fromEntries(servers.map((name) => [name, { ...nothing }])),
    };
    this.all.set(id, this.latest);
    this.journal.add("note", `${from} sends ${SIZE_TEXT} messages.`);
    return id;
  }

  /** @param {Check} check */
  checked({ burst: id, server, received, misplaced, took }) {
    const burst = this.all.get(id);
    const count = burst?.counts[server];
    if (burst === undefined || count === undefined) return;
    Object.assign(count, { received, misplaced, took });
    this.endIfComplete(burst);
  }

  /**
   * @param {string} server
   * @param {number} longest milliseconds for which its event loop was busy since its last report
   */
  paused(server, longest) {
    const burst = this.latest;
    if (!burst || !(server in burst.counts)) return;
    if (burst.ended && !this.unheard.delete(server)) return;
    burst.longestPause = Math.max(burst.longestPause, longest);
  }

  /** @param {string} server that was killed: what it had not sent is lost, and its clients are gone */
  serverGone(server) {
    for (const burst of this.all.values()) {
      if (burst.ended) continue;
      const count = burst.counts[server];
      if (count && !isComplete(count)) count.gone = true;
      this.endIfComplete(burst);
      if (server === burst.from)
        setTimeout(() => this.end(burst), SETTLE_MS).unref();
    }
  }

  /** @param {Burst} burst */
  endIfComplete(burst) {
    const isOver = (/** @type {Count} */ count) =>
      isComplete(count) || count.gone;
    if (Object.values(burst.counts).every(isOver)) this.end(burst);
  }

  /** @param {Burst} burst */
  end(burst) {
    if (burst.ended) return;
    burst.ended = true;
    if (burst === this.latest)
      this.unheard = new Set(Object.keys(burst.counts));
    this.journal.add(...describeEnd(burst));
  }
}

module.exports = { Bursts };
