"use strict";

// Reads how many tests passed, and which were left out, from what the test runners print; drops what nobody reads.

/**
 * @typedef {object} Counter
 * @property {(line: string) => boolean} read takes the next line; false: not worth showing
 * @property {number} passed
 * @property {number} failed
 * @property {string[]} leftOut for want of something, each with its reason; a suite counts once
 * @property {string[]} inapplicable what has nothing to test here, such as a feature of a newer PostgreSQL
 */

/** @returns {Omit<Counter, "read">} */
function nothingYet() {
  return { passed: 0, failed: 0, leftOut: [], inapplicable: [] };
}

/** @returns {Counter} for a command that is no test runner, and may say that it did nothing */
function countNothing() {
  /** @type {Counter} */
  const counter = {
    ...nothingYet(),
    read(line) {
      const note = /^left out: (.+)/.exec(line);
      if (note?.[1]) counter.leftOut.push(note[1]);
      return true;
    },
  };
  return counter;
}

/**
 * @param {Counter} counter
 * @param {string | undefined} test
 * @param {string | undefined} reason
 */
function noteSkipped(counter, test = "", reason = "") {
  const [, kind, why] =
    /^(?:(left out|does not apply): )?(.*)$/.exec(reason) ?? [];
  const list =
    kind === "does not apply" ? counter.inapplicable : counter.leftOut;
  list.push(why ? `${test}: ${why}` : test);
}

/** @returns {Counter} for `cargo test`, which ends each binary with a line of its own */
function countCargo() {
  /** @type {Counter} */
  const counter = {
    ...nothingYet(),
    read(line) {
      const ignored = /^test (.+) \.\.\. ignored(?:, (.+))?$/.exec(line);
      if (ignored) noteSkipped(counter, ignored[1], ignored[2]);
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
    ...nothingYet(),
    read(line) {
      // a "#" that belongs to a name or a reason has a backslash before it
      const skipped = /^\s*ok \d+ - (.*) # SKIP ?(.*)$/.exec(line);
      if (skipped) {
        const [test, reason] = skipped
          .slice(1)
          .map((text) => text.replaceAll("\\#", "#"));
        noteSkipped(counter, test, reason);
      }
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

module.exports = { countCargo, countNothing, countTap };
