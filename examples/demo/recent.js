"use strict";

/**
 * Values with the time of each, for as long as they are recent.
 *
 * @template T
 */
class Recent {
  /** @param {number} keepMs */
  constructor(keepMs) {
    this.keepMs = keepMs;
    /** @type {{ at: number, value: T }[]} */
    this.entries = [];
  }

  /**
   * @param {T} value
   * @param {number} [at] milliseconds since 1970
   */
  add(value, at = Date.now()) {
    this.entries.push({ at, value });
    this.entries = this.within(this.keepMs, at);
  }

  /**
   * @param {number} spanMs
   * @param {number} [now]
   */
  within(spanMs, now = Date.now()) {
    return this.entries.filter(({ at }) => now - at <= spanMs);
  }

  /** @returns {T[]} */
  values() {
    return this.within(this.keepMs).map(({ value }) => value);
  }

  /**
   * @param {number} spanMs
   * @returns {({ at: number, value: T } | undefined)[]} the first and the last one of this time
   */
  ends(spanMs) {
    const entries = this.within(spanMs);
    return [entries[0], entries.at(-1)];
  }
}

module.exports = { Recent };
