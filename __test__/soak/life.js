"use strict";

// What the journal of a server says, in order.

const { readJournal } = require("./journal.js");

/** @typedef {{ number: number, at: number, isWhole: boolean }} Delivery */
/** @typedef {{ at: number, kind: string, answer?: { at: number, error: string | null, count: number } }} Request */

class Life {
  /** @param {import("./node.js").SoakNode} node */
  constructor({ name, options, isNative, from, to, saidGoodbye }) {
    this.name = name;
    this.place = options.place;
    this.isNative = isNative;
    this.from = from;
    this.to = to;
    this.saidGoodbye = saidGoodbye;
    /** @type {Map<number, { at: number, target: string }>} */
    this.sent = new Map();
    /** @type {Map<string, Map<string, Delivery[]>>} by receiver and sender */
    this.deliveries = new Map();
    /** @type {Map<number, Request>} */
    this.requests = new Map();
    /** @type {{ at: number, code: string, message: string }[]} */
    this.reports = [];
    /** @type {{ at: number, reason: string }[]} */
    this.disconnects = [];
    /** @type {{ at: number, rss: number, heap: number }[]} bytes */
    this.memory = [];
    readJournal(options.journal).forEach((entry) => this._read(entry));
  }

  /** @param {import("./journal.js").Entry} entry */
  _read(entry) {
    switch (entry[0]) {
      case "s":
        this.sent.set(entry[1], { at: entry[2], target: entry[3] });
        break;
      case "r":
        this._deliver(...entry);
        break;
      case "q":
        this.requests.set(entry[1], { at: entry[2], kind: entry[3] });
        break;
      case "a": {
        const [, number, at, error, count] = entry;
        const request = this.requests.get(number);
        if (request) request.answer = { at, error, count };
        break;
      }
      case "e":
        this.reports.push({ at: entry[1], code: entry[2], message: entry[3] });
        break;
      case "m":
        this.memory.push({ at: entry[1], rss: entry[2], heap: entry[3] });
        break;
      case "d":
        this.disconnects.push({ at: entry[1], reason: entry[2] });
        break;
    }
  }

  /** @param {import("./journal.js").Received} entry */
  _deliver(...[, receiver, sender, number, at, isWhole]) {
    const senders = this.deliveries.get(receiver) ?? new Map();
    this.deliveries.set(receiver, senders);
    const deliveries = senders.get(sender) ?? [];
    senders.set(sender, deliveries);
    deliveries.push({ number, at, isWhole });
  }

  /**
   * How much the memory grew after the first third of its life: the difference of the medians of the second third and
   * the last.
   *
   * @returns {{ seconds: number, rss: number, heap: number, growth: { rss: number, heap: number } }} MB
   */
  memoryGrowth() {
    const third = Math.floor(this.memory.length / 3);
    const seconds = this.memory.length;
    const early = medians(this.memory.slice(third, 2 * third));
    const late = medians(this.memory.slice(2 * third));
    const growth = { rss: late.rss - early.rss, heap: late.heap - early.heap };
    return { seconds, ...late, growth };
  }
}

/** @param {{ rss: number, heap: number }[]} samples in bytes */
function medians(samples) {
  const median = (/** @type {number[]} */ values) =>
    (values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0) /
    1024 /
    1024;
  return {
    rss: median(samples.map(({ rss }) => rss)),
    heap: median(samples.map(({ heap }) => heap)),
  };
}

module.exports = { Life };
