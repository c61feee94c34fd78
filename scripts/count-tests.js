"use strict";

// Reads how many tests passed from what the test runners print, and leaves out what nobody reads.

/**
 * @typedef {object} Counter
 * @property {(line: string) => boolean} read takes the next line; false: not worth showing
 * @property {number} passed
 * @property {number} failed
 */

/** @returns {Counter} for `cargo test`, which ends each binary with a line of its own */
function countCargo() {
  /** @type {Counter} */
  const counter = {
    passed: 0,
    failed: 0,
    read(line) {
      const result = /test result: .*?(\d+) passed; (\d+) failed/.exec(line);
      counter.passed += Number(result?.[1] ?? 0);
      counter.failed += Number(result?.[2] ?? 0);
      return true;
    },
  };
  return counter;
}

/** @returns {Counter} for `node --test` with the TAP reporter */
function countTap() {
  let afterPassed = false;
  let inDetails = false;
  /** @type {Counter} */
  const counter = {
    passed: 0,
    failed: 0,
    read(line) {
      const total = /^# (pass|fail|cancelled) (\d+)$/.exec(line);
      if (total?.[1] === "pass") counter.passed += Number(total[2]);
      else counter.failed += Number(total?.[2] ?? 0);

      // The details (duration, type) of a test that passed, headings and plans: the result line says it all.
      if (inDetails) {
        inDetails = !/^\s*\.\.\.$/.test(line);
        return false;
      }
      inDetails = afterPassed && /^\s*---$/.test(line);
      afterPassed = /^\s*ok \d+/.test(line);
      return (
        !inDetails && !/^\s*(# Subtest: |\d+\.\.\d+$|TAP version )/.test(line)
      );
    },
  };
  return counter;
}

module.exports = { countCargo, countTap };
