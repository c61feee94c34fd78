"use strict";

// When messages left their sender. Ours send at once; one of the JavaScript adapter waits for a connection of its pool,
// on a busy machine for seconds, in no order.

/** @typedef {import("./life.js").Life} Life */

class Departures {
  /** @param {Life[]} lives */
  constructor(lives) {
    /** @type {Map<string, Map<number, number>>} by sender and number: when anybody had it */
    this._arrivals = new Map();
    for (const { deliveries } of lives) {
      for (const senders of deliveries.values()) {
        for (const [sender, all] of senders) {
          all.forEach(({ number, at }) => this._note(sender, number, at));
        }
      }
    }
  }

  /**
   * @param {string} sender
   * @param {number} number
   * @param {number} at
   */
  _note(sender, number, at) {
    const arrivals = this._arrivals.get(sender) ?? new Map();
    this._arrivals.set(sender, arrivals);
    arrivals.set(number, Math.min(at, arrivals.get(number) ?? Infinity));
  }

  /**
   * @param {Life} sender
   * @param {number} number of a message
   * @returns {number} by when it had left; Infinity if it did not: even the sender's own clients have to wait for that
   */
  of(sender, number) {
    return sender.isNative
      ? (sender.sent.get(number)?.at ?? Infinity)
      : (this._arrivals.get(sender.name)?.get(number) ?? Infinity);
  }
}

module.exports = { Departures };
