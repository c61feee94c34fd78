"use strict";

const { EventEmitter } = require("node:events");
const { io } = require("socket.io-client");
const { now } = require("./clock.js");

/** While messages keep coming, their count is told once in this many milliseconds. */
const TELL_MS = 100;

/** How long to wait before another look for a server that does not run, in milliseconds. */
const RETRY_MS = 500;

/**
 * @typedef {object} Check what a client on one server has received of a burst
 * @property {number} burst
 * @property {string} server
 * @property {number} received
 * @property {number} misplaced
 * @property {number} took milliseconds from the first call to the last message so far
 */

/** @typedef {{ received: number, misplaced: number, add(number: number): void }} Tally */

/** A client that stays on one server and counts the bursts. Emits `check` with a Check. */
class Checker extends EventEmitter {
  /**
   * @param {string} url
   * @param {number} home the number of the server
   * @param {new () => Tally} Tally
   */
  constructor(url, home, Tally) {
    super();
    this.server = `server-${home}`;
    this.Tally = Tally;
    /** @type {Map<number, { tally: Tally, took: number }>} by burst */
    this.bursts = new Map();
    /** @type {NodeJS.Timeout | undefined} */
    this.telling = undefined;
    this.socket = io(url, {
      query: { server: String(home) },
      auth: { counts: true, visits: false },
      transports: ["websocket"],
      reconnectionDelayMax: 1_000,
      forceNew: true,
    });
    this.socket.on("welcome", ({ server }) => {
      // The front leads to another server when this one is away. There, another checker counts.
      if (server !== this.server) this.lookAgainLater();
    });
    this.socket.on("burst", (burst, number, startedAt) =>
      this.count(burst, number, startedAt),
    );
  }

  lookAgainLater() {
    this.socket.disconnect();
    setTimeout(() => this.socket.connect(), RETRY_MS);
  }

  /**
   * @param {number} burst
   * @param {number} number
   * @param {number} startedAt
   */
  count(burst, number, startedAt) {
    const entry = this.bursts.get(burst) ?? {
      tally: new this.Tally(),
      took: 0,
    };
    this.bursts.set(burst, entry);
    entry.tally.add(number);
    entry.took = (now() - startedAt) / 1_000;
    this.telling ??= setTimeout(() => {
      this.telling = undefined;
      this.tellAll();
    }, TELL_MS);
  }

  tellAll() {
    for (const [burst, { tally, took }] of this.bursts) {
      const { received, misplaced } = tally;
      this.emit("check", {
        burst,
        server: this.server,
        received,
        misplaced,
        took,
      });
    }
    // A burst that goes on is told again; those before it have been told to the end.
    const [latest] = [...this.bursts.keys()].slice(-1);
    for (const burst of this.bursts.keys())
      if (burst !== latest) this.bursts.delete(burst);
  }
}

module.exports = { Checker };
