"use strict";

// How the sender emits: as fast as the receivers follow, at a fixed rate, or with so many requests under way.

const { clockMicroseconds } = require("./usage");

/**
 * @typedef {{ kind: "saturate", durationMs: number, window: number, burst: number }
 *   | { kind: "rate", durationMs: number, window: number, perSecond: number }
 *   | { kind: "acknowledge", durationMs: number, concurrency: number, receivers: number }} Pace
 *   window: so many messages that the receivers must count may be under way; burst: messages in one turn of the loop
 */

/** @typedef {{ startedAt: number, stoppedAt: number, messages: number, expected: number }} Sent times: microseconds */

const ACK_TIMEOUT_MS = 20_000;

/** @returns {Promise<void>} */
function nextTurn() {
  return new Promise((resolve) => setImmediate(resolve));
}

class Sender {
  #credited = 0;
  /** @type {(() => void) | undefined} */
  #onCredit;

  /** @param {import("./traffic").Emissions} emissions */
  constructor(emissions) {
    this.emissions = emissions;
  }

  /** @param {number} received by the receiver that is furthest behind */
  credit(received) {
    this.#credited = received;
    this.#onCredit?.();
  }

  /**
   * @param {Pace} pace
   * @returns {Promise<Sent>}
   */
  async send(pace) {
    const startedAt = clockMicroseconds();
    const until = startedAt + pace.durationMs * 1000;
    const messages = await this.#sendUntil(pace, startedAt, until);
    this.emissions.finish();
    const stoppedAt = clockMicroseconds();
    const { expected } = this.emissions;
    return { startedAt, stoppedAt, messages, expected };
  }

  /**
   * @param {Pace} pace
   * @param {number} startedAt
   * @param {number} until
   * @returns {Promise<number>} how many messages were sent
   */
  #sendUntil(pace, startedAt, until) {
    switch (pace.kind) {
      case "saturate":
        return this.#saturate(pace, until);
      case "rate":
        return this.#keepRate(pace, startedAt, until);
      case "acknowledge":
        return this.#request(pace, until);
    }
  }

  /**
   * @param {{ window: number, burst: number }} pace
   * @param {number} until
   */
  async #saturate({ window, burst }, until) {
    let messages = 0;
    while (clockMicroseconds() < until) {
      for (let i = 0; i < burst; i++) {
        this.emissions.emit(0);
      }
      messages += burst;
      await nextTurn();
      await this.#windowOpen(window, until);
    }
    return messages;
  }

  /**
   * @param {{ window: number, perSecond: number }} pace
   * @param {number} startedAt
   * @param {number} until
   */
  async #keepRate({ window, perSecond }, startedAt, until) {
    let messages = 0;
    for (;;) {
      const now = clockMicroseconds();
      if (now >= until) {
        return messages;
      }
      const due = Math.floor(((now - startedAt) * perSecond) / 1e6) + 1;
      while (messages < due && this.#underWay() < window) {
        this.emissions.emit(clockMicroseconds());
        messages++;
      }
      const nextAt = startedAt + (due * 1e6) / perSecond;
      const waitMs = Math.ceil((nextAt - clockMicroseconds()) / 1000);
      await new Promise((resolve) => setTimeout(resolve, Math.max(1, waitMs)));
    }
  }

  /**
   * @param {{ concurrency: number, receivers: number }} pace
   * @param {number} until
   */
  async #request({ concurrency, receivers }, until) {
    let messages = 0;
    const ask = () =>
      new Promise((resolve, reject) => {
        messages++;
        this.emissions.emitWithAck(
          0,
          (err, answers) => {
            const complete =
              answers?.length === receivers &&
              answers.every((answer) => answer === "ok");
            if (err || !complete) {
              const found = `${answers?.length} of ${receivers} answers`;
              reject(new Error(`an acknowledgement failed: ${found}`));
            } else {
              resolve(undefined);
            }
          },
          ACK_TIMEOUT_MS,
        );
      });
    const chain = async () => {
      while (clockMicroseconds() < until) {
        await ask();
      }
    };
    await Promise.all(Array.from({ length: concurrency }, chain));
    return messages;
  }

  #underWay() {
    return this.emissions.expected - this.#credited;
  }

  /**
   * @param {number} window
   * @param {number} until
   */
  async #windowOpen(window, until) {
    while (this.#underWay() >= window && clockMicroseconds() < until) {
      const leftMs = (until - clockMicroseconds()) / 1000;
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, Math.max(1, leftMs));
        this.#onCredit = () => {
          clearTimeout(timer);
          resolve(undefined);
        };
      });
    }
  }
}

module.exports = { Sender };
