"use strict";

// A stream of numbers from one server, and what became of it at a client of another.

const assert = require("node:assert/strict");

const { collect, until } = require("./wait.js");

/** Emits numbers, one every few milliseconds, some of them with binary content. */
class Traffic {
  /** @param {import("socket.io").Server} io */
  constructor(io) {
    this.sent = 0;
    this._timer = setInterval(() => {
      const number = this.sent;
      this.sent += 1;
      const ballast = number % 10 === 0 ? Buffer.alloc(10) : "";
      io.emit("number", number, ballast);
    }, 2);
  }

  stop() {
    clearInterval(this._timer);
  }
}

/** The numbers that reach a client. */
class Arrivals {
  /** @param {import("./server.js").ClientSocket} client */
  constructor(client) {
    this._values = collect(client, "number").values;
    /** @type {{ from: number, to: number }[]} */
    this._outages = [];
  }

  /** @returns {number[]} */
  get numbers() {
    return this._values.map((value) =>
      Array.isArray(value) ? value[0] : value,
    );
  }

  /** @returns {number} the last one; -1 before the first */
  get last() {
    return this.numbers.at(-1) ?? -1;
  }

  /**
   * @param {number} number
   * @returns {Promise<number>} the first one beyond it, once there is one
   */
  async beyond(number) {
    await until(() => this.last > number, {
      message: () => `a number beyond ${number}, the last is ${this.last}`,
    });
    return /** @type {number} */ (
      this.numbers.find((arrived) => arrived > number)
    );
  }

  /**
   * Notes that what is under way now, and what is sent before `repair` ends, may be lost.
   * @param {Traffic} traffic
   * @param {() => Promise<unknown>} repair ends when all connections are there again
   */
  async duringOutage(traffic, repair) {
    const from = this.last + 1;
    await repair();
    this._outages.push({ from, to: await this.beyond(traffic.sent) });
  }

  /** Nothing is out of order or doubled, and what is missing was sent in an outage. */
  assertSound() {
    const { numbers } = this;
    numbers.forEach((number, index) => {
      const previous = index === 0 ? -1 : Number(numbers[index - 1]);
      assert.ok(number > previous, `${previous} before ${number}`);
      const isCovered = this._outages.some(
        ({ from, to }) => previous + 1 >= from && number <= to,
      );
      assert.ok(
        number === previous + 1 || isCovered,
        `${previous + 1} to ${number - 1} are missing, outages: ${JSON.stringify(this._outages)}`,
      );
    });
  }
}

module.exports = { Arrivals, Traffic };
