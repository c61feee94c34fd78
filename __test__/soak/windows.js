"use strict";

// When something was wrong, and with whom.

/** @typedef {import("./cluster.js").Window} Window */

class Windows {
  /** @param {Window[]} windows */
  constructor(windows) {
    this._windows = windows;
  }

  /**
   * @param {string} name of a server
   * @param {number} since
   * @param {number} until
   * @param {number} margin milliseconds before the fault: what was under way when it came
   * @returns {string | undefined} what was wrong with it
   */
  faultOf(name, since, until, margin) {
    return this._windows.find(
      ({ nodes, from, to }) =>
        nodes.includes(name) && until >= from - margin && since <= to,
    )?.fault;
  }

  /**
   * @param {string} name of a server
   * @param {string} code that it reported
   * @param {number} at
   * @param {number} margin as above
   */
  explain(name, code, at, margin) {
    return this._windows.some(
      ({ nodes, codes, from, to }) =>
        nodes.includes(name) &&
        codes.includes(code) &&
        at >= from - margin &&
        at <= to,
    );
  }

  /**
   * @param {number} from
   * @param {number} to
   * @param {number} margin milliseconds before and after the fault
   */
  touches(from, to, margin) {
    return this._windows.some(
      (window) => from <= window.to + margin && to >= window.from - margin,
    );
  }
}

module.exports = { Windows };
