"use strict";

// A sender and its receivers: started, driven through a run, checked, closed.

const { setTimeout: delay } = require("node:timers/promises");
const { NodeProcess } = require("./node-process");

/** @typedef {import("./node/sender").Pace} Pace */

const START_TIMEOUT_MS = 60_000;
const HELLO_EVERY_MS = 50;

/** A run fails when no receiver gets anything for so long. */
const STALL_MS = 15_000;

/** A receiver that does not say what it has by then is stuck itself. */
const ANSWER_MS = 3_000;

/**
 * @typedef {object} ClusterConfig
 * @property {import("./node/adapters").AdapterName} adapter
 * @property {import("./node/adapters").Place} place
 * @property {number} receivers
 * @property {number} namespaces
 * @property {import("./node/traffic").Traffic} traffic
 * @property {number} window
 * @property {string} [profileFolder]
 */

/** @param {number} count */
function namespaceNames(count) {
  return Array.from({ length: count }, (_, i) => (i === 0 ? "/" : `/n${i}`));
}

class Cluster {
  #expected = 0;

  /** @param {ClusterConfig} config */
  constructor(config) {
    const common = {
      adapter: config.adapter,
      place: config.place,
      namespaces: namespaceNames(config.namespaces),
      traffic: config.traffic,
      creditEvery: Math.max(1, Math.floor(config.window / 4)),
    };
    const { profileFolder } = config;
    this.receivers = Array.from(
      { length: config.receivers },
      () => new NodeProcess({ ...common, receives: true }, { profileFolder }),
    );
    this.sender = new NodeProcess(
      { ...common, receives: false },
      { profileFolder },
    );
    this.all = [this.sender, ...this.receivers];
    for (const receiver of this.receivers) {
      receiver.onReceived = () => this.#passCredit();
    }
  }

  /**
   * Waits until what the sender emits reaches every namespace of every receiver, and, where answers are counted, until
   * all know each other.
   *
   * @param {{ knowEachOther: boolean }} options
   */
  async ready({ knowEachOther }) {
    const deadline = Date.now() + START_TIMEOUT_MS;
    await Promise.all(this.all.map((node) => node.ask("begin")));
    while (!(await this.#isConnected(knowEachOther))) {
      if (Date.now() > deadline) {
        throw new Error("the servers did not find each other");
      }
      await this.sender.ask("hello");
      await delay(HELLO_EVERY_MS);
    }
  }

  /**
   * One phase: the sender sends, the receivers get all of it.
   *
   * @param {Pace} pace
   * @returns {Promise<{ sent: import("./node/sender").Sent, finishedAt: number }>} times: microseconds
   */
  async exchange(pace) {
    const sent = await this.#unlessStalled(this.sender.ask("send", pace));
    const arrivals = this.receivers.map((receiver) =>
      receiver.ask("until", sent.expected),
    );
    await this.#unlessStalled(Promise.all(arrivals), sent.expected);
    this.#expected = sent.expected;
    const tallies = await this.#checkTallies();
    return {
      sent,
      finishedAt: Math.max(...tallies.map((tally) => tally.lastAt)),
    };
  }

  /** What comes a second time may come late: a last message follows it. */
  async checkNothingMore() {
    await Promise.all(
      this.receivers.map((receiver) => receiver.ask("expectHello")),
    );
    await this.sender.ask("hello");
    const heard = this.receivers.map((receiver) => receiver.ask("untilHeard"));
    await this.#unlessStalled(Promise.all(heard), this.#expected);
    await this.#checkTallies();
  }

  /** @returns {Promise<{ lastAt: number }[]>} */
  async #checkTallies() {
    const tallies = await Promise.all(
      this.receivers.map((receiver) => receiver.ask("tally", this.#expected)),
    );
    for (const tally of tallies) {
      assertExactlyOnce(tally, this.#expected);
    }
    return tallies;
  }

  async close() {
    await Promise.all(this.all.map((node) => node.close()));
  }

  /** @param {boolean} knowEachOther */
  async #isConnected(knowEachOther) {
    const heard = await Promise.all(
      this.receivers.map((receiver) => receiver.ask("heard")),
    );
    if (!heard.every(Boolean)) {
      return false;
    }
    const counts = knowEachOther
      ? await Promise.all(this.all.map((node) => node.ask("serverCount")))
      : [];
    return counts.every((count) => count === this.all.length);
  }

  #passCredit() {
    const least = Math.min(...this.receivers.map(({ received }) => received));
    this.sender.ask("credit", least).catch(() => {}); // whoever waits for the sender is told that it ended
  }

  /**
   * @template T
   * @param {Promise<T>} work
   * @param {number} [expected]
   * @returns {Promise<T>}
   */
  async #unlessStalled(work, expected) {
    const watch = new AbortController();
    try {
      return await Promise.race([work, this.#stall(watch.signal, expected)]);
    } finally {
      watch.abort();
    }
  }

  /**
   * @param {AbortSignal} signal
   * @param {number} [expected]
   * @returns {Promise<never>} rejected when nothing has arrived for long
   */
  async #stall(signal, expected) {
    let known = -1;
    for (;;) {
      const received = this.receivers.reduce((sum, r) => sum + r.received, 0);
      if (received === known) {
        throw new Error(await this.#describeStall(expected));
      }
      known = received;
      try {
        await delay(STALL_MS, undefined, { signal });
      } catch {
        return new Promise(() => {}); // the work is done, nobody listens
      }
    }
  }

  /** @param {number} [expected] */
  async #describeStall(expected) {
    const states = await Promise.all(
      this.receivers.map((receiver) =>
        Promise.race([
          receiver.ask("tally", expected ?? 0),
          delay(ANSWER_MS, undefined, { ref: false }),
        ]),
      ),
    );
    const lines = states.map((state) =>
      state ? describeTally(state, expected) : "a receiver does not answer",
    );
    return `nothing arrived for ${STALL_MS / 1000} s: ${lines.join("; ")}`;
  }
}

/** @typedef {{ received: number, duplicates: number, wrong: number, missing: number[] }} TallyState */

/**
 * @param {TallyState} tally
 * @param {number} [expected]
 */
function describeTally({ received, duplicates, wrong, missing }, expected) {
  return `${received} of ${expected ?? "?"} arrived, ${duplicates} twice, ${wrong} wrong; missing: ${missing.join(", ")}`;
}

/**
 * @param {TallyState} tally
 * @param {number} expected
 */
function assertExactlyOnce(tally, expected) {
  const { received, duplicates, wrong, missing } = tally;
  if (received !== expected || duplicates || wrong || missing.length) {
    throw new Error(`not exactly once: ${describeTally(tally, expected)}`);
  }
}

module.exports = { Cluster };
