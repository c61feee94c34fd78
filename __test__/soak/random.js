"use strict";

// Random numbers that a seed determines (mulberry32), so that a run can be repeated.

const { createHash } = require("node:crypto");

class Random {
  /** @param {...(string | number)} seed */
  constructor(...seed) {
    const hash = createHash("sha256").update(seed.join(" ")).digest();
    this._state = hash.readUInt32LE(0);
  }

  /** @returns {number} from 0 up to 1 */
  next() {
    this._state = (this._state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this._state ^ (this._state >>> 15), this._state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /**
   * @param {number} from
   * @param {number} to included
   */
  integer(from, to) {
    return from + Math.floor(this.next() * (to - from + 1));
  }

  /**
   * @template T
   * @param {readonly T[]} list not empty
   * @returns {T}
   */
  pick(list) {
    return /** @type {T} */ (list[this.integer(0, list.length - 1)]);
  }

  /**
   * @template {string} T
   * @param {Record<T, number>} weights
   * @returns {T}
   */
  weighted(weights) {
    /** @type {[T, number][]} */
    const entries = /** @type {any} */ (Object.entries(weights));
    let left = this.next() * entries.reduce((sum, [, w]) => sum + w, 0);
    for (const [name, weight] of entries) {
      left -= weight;
      if (left < 0) return name;
    }
    return /** @type {[T, number]} */ (entries[0])[0];
  }
}

module.exports = { Random };
