"use strict";

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");
const { countCargo, countTap } = require("../../scripts/count-tests.js");

/**
 * @param {import('../../scripts/count-tests.js').Counter} counter
 * @param {string} output
 * @returns {string[]} the lines worth showing
 */
function read(counter, output) {
  return output.split("\n").filter((line) => counter.read(line));
}

describe("countTap()", () => {
  const output = [
    "TAP version 13",
    "# Subtest: things",
    "    # Subtest: works",
    "    ok 1 - works",
    "      ---",
    "      duration_ms: 1",
    "      ...",
    "    not ok 2 - breaks",
    "      ---",
    "      error: 'broken'",
    "      ...",
    "    1..2",
    "not ok 1 - things",
    "1..1",
    "# tests 4",
    "# pass 1",
    "# fail 1",
    "# cancelled 2",
  ].join("\n");

  it("adds up what passed, and what failed or was cancelled", () => {
    const counter = countTap();
    read(counter, output);
    assert.deepEqual([counter.passed, counter.failed], [1, 3]);
  });

  it("hides the details of what passed only", () => {
    assert.deepEqual(read(countTap(), output), [
      "    ok 1 - works",
      "    not ok 2 - breaks",
      "      ---",
      "      error: 'broken'",
      "      ...",
      "not ok 1 - things",
      "# tests 4",
      "# pass 1",
      "# fail 1",
      "# cancelled 2",
    ]);
  });
});

describe("countCargo()", () => {
  it("adds up the results of all binaries", () => {
    const counter = countCargo();
    const output = [
      "test a ... ok",
      "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
      "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
    ].join("\n");
    assert.equal(read(counter, output).length, 3);
    assert.deepEqual([counter.passed, counter.failed], [15, 2]);
  });
});
