"use strict";

const { Recent } = require("./recent.js");

/** Of what time rates and shares are, and of what time the delays, in milliseconds. */
const RATE_MS = 3_000;
const SHARE_MS = 10_000;
const DELAYS_MS = 20_000;

/** So many messages can be in a transaction at any moment, without anything being slow. */
const UNDER_WAY = 50;

/** @typedef {import('./reporter.js').Report} Report */

/**
 * @typedef {object} Counters since the start of a server
 * @property {number} published messages sent to the other servers
 * @property {number} received messages that came from them
 * @property {number} filtered those of them that the engine dealt with natively
 */

/**
 * @typedef {object} ServerFigures
 * @property {import('./presence.js').Person[]} people
 * @property {number} peers
 * @property {import('../../index.js').AdapterStats['connections']} connections
 * @property {number} waiting messages that are kept until the database is back
 * @property {import('./loop-meter.js').LoopUse} loop
 * @property {Counters} rates a second
 * @property {number | null} delay median, milliseconds
 */

/**
 * @typedef {object} Figures of all servers together
 * @property {number} rate messages a second that a server received from another one
 * @property {number | null} median milliseconds from server to server
 * @property {number | null} slowest the 99th percentile of it
 * @property {number | null} filteredShare from 0 to 1
 * @property {number | null} busiest utilization of the event loop that is used most, from 0 to 1
 * @property {number} longestPause milliseconds, of any event loop since the last report
 */

/**
 * @param {Report} report
 * @returns {Counters}
 */
function countersOf({ stats: { published, received, filtered } }) {
  return {
    published: published.messages,
    received: received.messages,
    filtered: Object.values(filtered).reduce((sum, count) => sum + count, 0),
  };
}

/**
 * @param {Report} report
 * @returns {number} messages that wait to be sent; what is just under way does not
 */
function waitingOf({ stats: { buffer, connections } }) {
  const sends = connections.publisher.state === "connected";
  return sends && buffer.messages <= UNDER_WAY ? 0 : buffer.messages;
}

/**
 * @param {number[]} values
 * @param {number} share from 0 to 1
 * @returns {number | null} null when there are none
 */
function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.ceil(share * sorted.length) - 1] ?? null;
}

/** What one server has reported lately. */
class ServerRecord {
  /** @param {Report} report the first one */
  constructor(report) {
    this.latest = report;
    /** @type {Recent<Counters>} */
    this.counters = new Recent(SHARE_MS);
    /** @type {Recent<number>} */
    this.delays = new Recent(DELAYS_MS);
  }

  /** @param {Report} report */
  add(report) {
    this.latest = report;
    this.counters.add(countersOf(report));
    for (const delay of report.delays) this.delays.add(delay);
  }

  /**
   * @param {number} spanMs
   * @returns {Counters & { seconds: number }} what was added to the counters within this time
   */
  added(spanMs) {
    const [first, last] = this.counters.ends(spanMs);
    const seconds = first && last ? (last.at - first.at) / 1_000 : 0;
    const difference = (/** @type {keyof Counters} */ key) =>
      first && last ? last.value[key] - first.value[key] : 0;
    return {
      published: difference("published"),
      received: difference("received"),
      filtered: difference("filtered"),
      seconds,
    };
  }

  /** @returns {Counters} a second */
  rates() {
    const { seconds, ...added } = this.added(RATE_MS);
    const rate = (/** @type {number} */ count) =>
      seconds === 0 ? 0 : count / seconds;
    return {
      published: rate(added.published),
      received: rate(added.received),
      filtered: rate(added.filtered),
    };
  }

  /** @returns {ServerFigures} */
  figures() {
    const { stats, people, loop } = this.latest;
    return {
      people,
      peers: stats.peers,
      connections: stats.connections,
      waiting: waitingOf(this.latest),
      loop,
      rates: this.rates(),
      delay: percentile(this.delays.values(), 0.5),
    };
  }
}

/** Makes one picture of what the servers report. */
class Overview {
  constructor() {
    /** @type {Map<string, ServerRecord>} */
    this.records = new Map();
  }

  /**
   * @param {string} server
   * @param {Report} report
   */
  add(server, report) {
    const record = this.records.get(server) ?? new ServerRecord(report);
    this.records.set(server, record);
    record.add(report);
  }

  /** @param {string} server that has ended: its counters begin again */
  forget(server) {
    this.records.delete(server);
  }

  /**
   * @param {string} server
   * @returns {ServerFigures | null} null before its first report
   */
  server(server) {
    return this.records.get(server)?.figures() ?? null;
  }

  /** @returns {Figures} */
  figures() {
    const records = [...this.records.values()];
    const sum = (/** @type {number[]} */ values) =>
      values.reduce((total, value) => total + value, 0);
    const delays = records.flatMap((record) => record.delays.values());
    const added = records.map((record) => record.added(SHARE_MS));
    const received = sum(added.map((one) => one.received));
    const loops = records.map(({ latest }) => latest.loop);
    return {
      rate: sum(records.map((record) => record.rates().received)),
      median: percentile(delays, 0.5),
      slowest: percentile(delays, 0.99),
      filteredShare:
        received === 0
          ? null
          : sum(added.map((one) => one.filtered)) / received,
      busiest:
        loops.length === 0
          ? null
          : Math.max(...loops.map(({ utilization }) => utilization)),
      longestPause: Math.max(0, ...loops.map(({ longest }) => longest)),
    };
  }

  /**
   * @param {string} server
   * @returns {number} messages that it keeps until the database is back
   */
  waiting(server) {
    const record = this.records.get(server);
    return record === undefined ? 0 : waitingOf(record.latest);
  }
}

module.exports = { Overview };
