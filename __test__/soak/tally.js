"use strict";

// What an account adds up to.

/** So many failures are told in full. */
const MOST_TOLD = 25;

class Tally {
  constructor() {
    this.remote = 0;
    this.local = 0;
    this.requests = 0;
    this.undisturbedRequests = 0;
    /** @type {Map<string, number>} what went wrong and why it had to, how often */
    this.explained = new Map();
    /** @type {string[]} what nothing explains */
    this.failures = [];
  }

  /** @param {boolean} isLocal */
  delivered(isLocal) {
    if (isLocal) this.local += 1;
    else this.remote += 1;
  }

  /** @param {string} reason */
  explain(reason) {
    this.explained.set(reason, (this.explained.get(reason) ?? 0) + 1);
  }

  /** @param {string} failure */
  fail(failure) {
    this.failures.push(failure);
  }

  /** @returns {string[]} */
  lines() {
    const { failures } = this;
    return [
      `delivered: ${this.remote} over PostgreSQL, ${this.local} locally`,
      ...[...this.explained].map(([reason, count]) => `${reason}: ${count}`),
      `requests: ${this.requests}, of which ${this.undisturbedRequests} while nothing was wrong: all answered by everybody`,
      `unexplained: ${failures.length}`,
      ...failures.slice(0, MOST_TOLD).map((failure) => `  ${failure}`),
      ...(failures.length > MOST_TOLD ? ["  ..."] : []),
    ];
  }
}

module.exports = { Tally };
