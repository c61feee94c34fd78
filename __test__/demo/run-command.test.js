"use strict";

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");
const { runCommand } = require("../../scripts/run-command.js");
const { until } = require("../support/wait.js");

/**
 * @param {string} code
 * @param {import('../../scripts/run-command.js').CommandOptions} [options]
 */
async function runNode(code, options) {
  /** @type {string[]} */
  const lines = [];
  const onLine = (/** @type {string} */ line) => lines.push(line);
  const result = await runCommand(process.execPath, ["-e", code], {
    onLine,
    ...options,
  });
  return { result, lines };
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const HANGS_WITH_A_CHILD = `
  const { spawn } = require('node:child_process');
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' });
  console.log(child.pid);
  setInterval(() => {}, 1000);
`;

describe("runCommand()", () => {
  it("gives the lines and the exit code", async () => {
    const { result, lines } = await runNode(
      'console.log("a\\nb"); process.stdout.write("c"); process.exitCode = 3',
    );
    assert.deepEqual(lines, ["a", "b", "c"]);
    assert.deepEqual(result, { code: 3, signal: null, timedOut: false });
  });

  it("tells when the command cannot start", async () => {
    const { error } = await runCommand("no-such-command-anywhere", []);
    assert.equal(/** @type {NodeJS.ErrnoException} */ (error).code, "ENOENT");
  });

  it("ends a command that hangs", async () => {
    const { result } = await runNode(HANGS_WITH_A_CHILD, { timeoutMs: 200 });
    assert.equal(result.timedOut, true);
    assert.equal(result.signal, "SIGTERM");
  });

  it("ends a command when told so, and what it started", async () => {
    const controller = new AbortController();
    let child = 0;
    const onLine = (/** @type {string} */ line) => {
      child = Number(line);
      controller.abort();
    };
    const { signal } = controller;
    const { result } = await runNode(HANGS_WITH_A_CHILD, { signal, onLine });
    assert.equal(result.signal, "SIGTERM");
    assert.ok(child > 0);
    await until(() => !isAlive(child), { message: `the end of ${child}` });
  });
});
