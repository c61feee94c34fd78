"use strict";

const assert = require("node:assert/strict");
const { spawnSync } = require("node:child_process");
const { describe, it } = require("node:test");
const {
  countCargo,
  countNothing,
  countTap,
} = require("../../scripts/count-tests.js");
const { runnerFlags } = require("../../scripts/steps.js");

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

describe("countTap(), of what was left out", () => {
  it("has the reasons, and takes a suite as one", () => {
    const counter = countTap();
    const output = [
      "    ok 1 - one \\# SKIP in its name",
      "    ok 2 - two # SKIP left out: no pgbouncer is installed",
      "ok 1 - a suite \\#2 # SKIP left out: needs program \\#3",
      "ok 2 - without a reason # SKIP",
      "# skipped 2",
    ].join("\n");
    assert.equal(read(counter, output).length, 5);
    assert.deepEqual(counter.leftOut, [
      "two: no pgbouncer is installed",
      "a suite #2: needs program #3",
      "without a reason",
    ]);
  });

  it("reads what this Node.js prints", () => {
    const code = `
      const { describe, it } = require("node:test");
      describe("a suite", { skip: "left out: no #1" }, () => it("a", () => {}));
      it("b", (t) => t.skip("left out: no #2"));
      it("c", () => {});
    `;
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const flags = runnerFlags().filter((flag) => flag.includes("reporter"));
    const { stdout } = spawnSync(process.execPath, [...flags, "-e", code], {
      encoding: "utf8",
      env,
    });
    const counter = countTap();
    read(counter, stdout);
    assert.deepEqual(counter.leftOut, ["a suite: no #1", "b: no #2"], stdout);
    assert.equal(counter.passed, 1);
  });
});

describe("countNothing()", () => {
  it("takes what a command says that it left out", () => {
    const counter = countNothing();
    assert.equal(read(counter, "left out: cargo deny\nall well").length, 2);
    assert.deepEqual(counter.leftOut, ["cargo deny"]);
    assert.deepEqual([counter.passed, counter.failed], [0, 0]);
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

  it("takes what was ignored as left out", () => {
    const counter = countCargo();
    read(
      counter,
      "test a ... ok\ntest b ... ignored\ntest c - (line 3) ... ignored, slow",
    );
    assert.deepEqual(counter.leftOut, ["b", "c - (line 3): slow"]);
  });
});
