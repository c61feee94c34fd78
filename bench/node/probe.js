"use strict";

// A socket without a network behind it, in every namespace of a receiver: what it is given has come all the way, its
// packet encoded for a client. Adapters are compared, not WebSockets.

const { ROOM_HERE, isBinaryAt, sizeAt } = require("./traffic");
const { clockMicroseconds } = require("./usage");

/** @typedef {import("./traffic").Traffic} Traffic */

const EVENT_START = '["m",';
const HELLO_START = '["hello"';

/** How many places of missing messages are named. */
const NAMED_MISSING = 10;

/** Counts each message of a run, by its number. */
class Tally {
  #seen = new Uint8Array(1 << 16);

  /** @param {Traffic} traffic */
  constructor(traffic) {
    this.traffic = traffic;
    this.received = 0;
    this.duplicates = 0;
    /** Messages that were for somebody else, or that are not what was sent. */
    this.wrong = 0;
    this.lastAt = 0;
  }

  /**
   * @param {number} seq
   * @param {any[]} packets
   */
  count(seq, packets) {
    if (!(seq >= 0) || !this.#isWhole(seq, packets)) {
      this.wrong++;
      return;
    }
    if (seq >= this.#seen.length) {
      this.#grow(seq);
    }
    if (this.#seen[seq]) {
      this.duplicates++;
      return;
    }
    this.#seen[seq] = 1;
    this.received++;
  }

  /** @param {number} total */
  missing(total) {
    const named = [];
    for (let seq = 0; seq < total && named.length < NAMED_MISSING; seq++) {
      if (!this.#seen[seq]) {
        named.push(seq);
      }
    }
    return named;
  }

  /**
   * @param {number} seq
   * @param {any[]} packets
   */
  #isWhole(seq, packets) {
    const size = sizeAt(this.traffic, seq);
    return isBinaryAt(this.traffic, seq)
      ? packets.length === 2 && packets[1].length === size
      : packets.length === 1 && packets[0].length > size;
  }

  /** @param {number} seq */
  #grow(seq) {
    const larger = new Uint8Array(Math.max(this.#seen.length * 2, seq + 1));
    larger.set(this.#seen);
    this.#seen = larger;
  }
}

/** The probes of all namespaces of one server, and what they were given. */
class Probes {
  /** @type {Set<string>} */
  #silent = new Set();
  /** @type {any[]} */
  #namespaces;
  /** @type {(() => void) | undefined} */
  #onHeard;
  /** @type {(() => void)[]} acknowledgements that are sent in the next turn, as those of a client would be */
  #owed = [];

  /**
   * @param {any[]} namespaces
   * @param {Traffic} traffic
   * @param {(tally: Tally) => void} onMessage
   */
  constructor(namespaces, traffic, onMessage) {
    this.tally = new Tally(traffic);
    this.onMessage = onMessage;
    /** @type {number[]} microseconds, of messages that say when they were sent */
    this.latencies = [];
    for (const nsp of namespaces) {
      this.#join(nsp);
    }
    this.#namespaces = namespaces;
    this.expectHello();
  }

  expectHello() {
    this.#silent = new Set(this.#namespaces.map(({ name }) => name));
  }

  /** @returns {Promise<void>} resolved when every namespace has heard a hello */
  untilHeard() {
    return new Promise((resolve) => {
      this.#onHeard = resolve;
      this.#tellIfHeard();
    });
  }

  /** @returns {boolean} whether every namespace has heard a hello */
  hasHeard() {
    return this.#silent.size === 0;
  }

  forgetLatencies() {
    this.latencies = [];
  }

  /** @param {any} nsp */
  #join(nsp) {
    const probe = {
      id: "probe",
      acks: new Map(),
      notifyOutgoingListeners() {},
      client: {
        writeToEngine: (/** @type {any[]} */ packets) =>
          this.#take(nsp, probe, packets),
      },
    };
    nsp.sockets.set(probe.id, probe);
    nsp.adapter.addAll(probe.id, new Set([probe.id, ROOM_HERE]));
  }

  /**
   * @param {any} nsp
   * @param {any} probe
   * @param {any[]} packets
   */
  #take(nsp, probe, packets) {
    /** @type {string} */
    const text = packets[0];
    const start = text.indexOf(EVENT_START);
    if (start < 0) {
      this.#takeHello(nsp, text);
      return;
    }
    const seqStart = start + EVENT_START.length;
    const seqEnd = text.indexOf(",", seqStart);
    this.tally.count(Number(text.slice(seqStart, seqEnd)), packets);
    this.tally.lastAt = clockMicroseconds();
    const sentAt = Number(
      text.slice(seqEnd + 1, text.indexOf(",", seqEnd + 1)),
    );
    if (sentAt > 0) {
      this.latencies.push(this.tally.lastAt - sentAt);
    }
    if (probe.acks.size > 0) {
      this.#acknowledge(probe);
    }
    this.onMessage(this.tally);
  }

  /**
   * @param {any} nsp
   * @param {string} text
   */
  #takeHello(nsp, text) {
    if (text.includes(HELLO_START)) {
      this.#silent.delete(nsp.name);
      this.#tellIfHeard();
    }
  }

  #tellIfHeard() {
    if (this.hasHeard()) {
      this.#onHeard?.();
    }
  }

  /** @param {any} probe */
  #acknowledge(probe) {
    for (const ack of probe.acks.values()) {
      this.#owed.push(() => ack("ok"));
    }
    probe.acks.clear();
    if (this.#owed.length === 1) {
      setImmediate(() => this.#owed.splice(0).forEach((answer) => answer()));
    }
  }
}

module.exports = { Probes, Tally };
