"use strict";

// end-to-end.js in a process of its own: in this Node.js, or in the runtime that TEST_RUNTIME names.

const assert = require("node:assert/strict");
const { execFile } = require("node:child_process");
const path = require("node:path");
const { describe, it } = require("node:test");

const { useDatabase } = require("../support/postgres.js");

/** Most of it is the start of a large runtime on a busy machine. */
const LIMIT_MS = 180_000;

/** @type {[program: string, ...flags: string[]]} */
const [program, ...flags] = JSON.parse(
  process.env["TEST_RUNTIME"] ?? JSON.stringify([process.execPath]),
);

describe(`in ${path.basename(program)}`, () => {
  const database = useDatabase();

  it("all works from the first connection to the end of the process", async (t) => {
    const { code, output } = await new Promise((resolve) => {
      execFile(
        program,
        [...flags, path.join(__dirname, "end-to-end.js")],
        {
          timeout: LIMIT_MS,
          killSignal: "SIGKILL",
          env: {
            ...process.env,
            TEST_DATABASE_URL: database.connectionString,
          },
        },
        (err, stdout, stderr) =>
          resolve({
            code: err?.signal ?? err?.code ?? 0,
            output: stdout + stderr,
          }),
      );
    });
    output
      .split("\n")
      .forEach((/** @type {string} */ line) => t.diagnostic(line));

    // a runtime that finds nothing to wait for ends before the last check, and well
    assert.match(output, /^all is well$/m);
    assert.equal(code, 0);
  });
});
