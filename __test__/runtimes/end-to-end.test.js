"use strict";

// end-to-end.js and tls.js in processes of their own: in this Node.js, or in the runtime that TEST_RUNTIME names.

const assert = require("node:assert/strict");
const { execFile } = require("node:child_process");
const path = require("node:path");
const { describe, it } = require("node:test");

const { makeCertificate } = require("../support/certificates.js");
const { useDatabase } = require("../support/postgres.js");
const { startTlsServer } = require("../support/tls-server.js");

/** Most of it is the start of a large runtime on a busy machine. */
const LIMIT_MS = 180_000;

/** @type {[program: string, ...flags: string[]]} */
const [program, ...flags] = JSON.parse(
  process.env["TEST_RUNTIME"] ?? JSON.stringify([process.execPath]),
);

/**
 * @param {import("node:test").TestContext} t
 * @param {string} file beside this one
 * @param {Record<string, string>} variables
 */
async function assertWell(t, file, variables) {
  const { code, output } = await new Promise((resolve) => {
    execFile(
      program,
      [...flags, path.join(__dirname, file)],
      {
        timeout: LIMIT_MS,
        killSignal: "SIGKILL",
        env: { ...process.env, ...variables },
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
}

describe(`in ${path.basename(program)}`, () => {
  const database = useDatabase();

  it("all works from the first connection to the end of the process", (t) =>
    assertWell(t, "end-to-end.js", {
      TEST_DATABASE_URL: database.connectionString,
    }));

  it("databases are trusted where pg trusts them", async (t) => {
    const root = makeCertificate({ commonName: "root", authority: true });
    const other = makeCertificate({ commonName: "other", authority: true });
    const own = makeCertificate({ issuer: root, names: ["localhost"] });
    const server = await startTlsServer(own, root);
    t.after(() => server.dispose());
    await assertWell(t, "tls.js", {
      TLS_SERVER: JSON.stringify({
        port: server.port,
        ca: root.pem,
        otherCa: other.pem,
      }),
    });
  });
});
