"use strict";

// What an account adds up to.

/** So many sorts of failures are told. */
const MOST_TOLD = 40;

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

  /** @returns {string[]} the failures, one for each sort of them, with how many there are of it */
  _sorts() {
    /** @type {Map<string, { first: string, count: number }>} */
    const sorts = new Map();
    for (const failure of this.failures) {
      const sort = failure.replace(/number \d+|\d+ ms|request \d+/g, "");
      const { first = failure, count = 0 } = sorts.get(sort) ?? {};
      sorts.set(sort, { first, count: count + 1 });
    }
    return [...sorts.values()].map(
      ({ first, count }) =>
        `  ${first}${count > 1 ? ` (and ${count - 1} alike)` : ""}`,
    );
  }

  /** @returns {string[]} */
  lines() {
    const { failures } = this;
    const sorts = this._sorts();
    return [
      `delivered: ${this.remote} over PostgreSQL, ${this.local} locally`,
      ...[...this.explained].map(([reason, count]) => `${reason}: ${count}`),
      `requests: ${this.requests}, of which ${this.undisturbedRequests} while nothing was wrong: all answered by everybody`,
      `unexplained: ${failures.length}`,
      ...sorts.slice(0, MOST_TOLD),
      ...(sorts.length > MOST_TOLD ? ["  ..."] : []),
    ];
  }
}

module.exports = { Tally };
