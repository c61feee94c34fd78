"use strict";

const assert = require("node:assert/strict");
const { execFile } = require("node:child_process");
const path = require("node:path");
const { describe, it } = require("node:test");
const { promisify } = require("node:util");

const run = promisify(execFile);
const entry = path.join(__dirname, "..", "..", "index.js");
const NAMES = ["createAdapter", "Emitter", "PostgresAdapter", "setupPrimary"];

describe("the exports", () => {
  it("are there for require()", () => {
    const exported = /** @type {Record<string, unknown>} */ (require(entry));
    assert.deepEqual(
      NAMES.map((name) => typeof exported[name]),
      NAMES.map(() => "function"),
    );
  });

  it("are there by name for import", async () => {
    const program = `
      import { ${NAMES.join(", ")} } from ${JSON.stringify(new URL(`file://${entry}`).href)};
      console.log([${NAMES.join(", ")}].map((value) => typeof value).join());
    `;
    const { stdout } = await run(process.execPath, [
      "--input-type=module",
      "--eval",
      program,
    ]);
    assert.equal(stdout.trim(), NAMES.map(() => "function").join());
  });
});
