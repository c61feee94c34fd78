"use strict";

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");
const { countTap } = require("../../scripts/count-tests.js");
const { runStep, summarise } = require("../../scripts/run-steps.js");

const SKIPPED = "ok 2 - two # SKIP left out: no redis is installed";
const ELSEWHERE = process.platform === "linux" ? "darwin" : "linux";

/**
 * @param {import("node:test").TestContext} t
 * @param {string[]} output of a step
 * @param {NodeJS.ProcessEnv} [env]
 */
async function run(t, output, env = {}) {
  const { mock } = t.mock.method(console, "log", () => {});
  const code = `console.log(${JSON.stringify(output.join("\n"))})`;
  const outcome = await runStep(
    {
      name: "some",
      title: "some tests",
      commands: [[process.execPath, "-e", code]],
      limitMs: 60_000,
      counter: countTap,
    },
    { ...process.env, LEAVE_NOTHING_OUT: "", ...env },
    new AbortController().signal,
  );
  const isWell = summarise([outcome]);
  const lines = mock.calls.map((call) => String(call.arguments[0]));
  return { outcome, isWell, lines };
}

describe("what a step left out", () => {
  it("is told at the end, and counted", async (t) => {
    const { isWell, lines } = await run(t, ["# pass 1", SKIPPED]);
    assert.equal(isWell, true);
    assert.deepEqual(lines.slice(-2), [
      "left out: some tests: two: no redis is installed",
      "1 passed, 0 failed, 1 skipped",
    ]);
  });

  it("is a failure on the platform where nothing may be left out", async (t) => {
    const env = { LEAVE_NOTHING_OUT: process.platform };
    const { isWell, outcome } = await run(t, ["# pass 1", SKIPPED], env);
    assert.equal(isWell, false);
    assert.match(String(outcome.problem), /^1 left out/);
  });

  it("is none on another platform", async (t) => {
    const env = { LEAVE_NOTHING_OUT: ELSEWHERE };
    const { isWell } = await run(t, ["# pass 1", SKIPPED], env);
    assert.equal(isWell, true);
  });

  it("is none where it has nothing to test, which is counted all the same", async (t) => {
    const env = { LEAVE_NOTHING_OUT: process.platform };
    const reason = "does not apply: PostgreSQL 14 has none";
    const output = ["# pass 1", `ok 2 - two # SKIP ${reason}`];
    const { isWell, lines } = await run(t, output, env);
    assert.equal(isWell, true);
    assert.deepEqual(lines.slice(-2), [
      "does not apply: some tests: two: PostgreSQL 14 has none",
      "1 passed, 0 failed, 1 skipped",
    ]);
  });

  it("is none where everything ran", async (t) => {
    const env = { LEAVE_NOTHING_OUT: process.platform };
    const { isWell, lines } = await run(t, ["# pass 2"], env);
    assert.equal(isWell, true);
    assert.equal(lines.at(-1), "2 passed, 0 failed, 0 skipped");
  });
});
