"use strict";

// .editorconfig: what formatters do for some languages holds for every text of the repository.

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const { describe, it } = require("node:test");
const { root } = require("./documents.js");

/** Folders of others, what is generated, and inputs for fuzzers, which may be anything. */
const LEFT_OUT = new Set([
  "node_modules",
  "target",
  ".git",
  "artifacts",
  "corpus",
  "seeds",
  "results",
]);

const TEXTS =
  /(\.(c?js|mjs|m?ts|json|md|rs|toml|ya?ml|css|html|svg|sql|sh|conf|lock)|\/(Dockerfile|LICENSE|\.\w+))$/;

/** Written by tools. */
const GENERATED = /(^|\/)(binding\.(js|d\.ts)|package-lock\.json)$/;

/**
 * @param {string} folder
 * @returns {string[]}
 */
function textsBelow(folder) {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) {
      return LEFT_OUT.has(entry.name) ? [] : textsBelow(file);
    }
    const name = file.split(path.sep).join("/");
    return entry.isFile() && TEXTS.test(name) && !GENERATED.test(name)
      ? [file]
      : [];
  });
}

/** @type {[what: string, pattern: RegExp][]} */
const FAULTS = [
  ["a carriage return", /\r/],
  ["a space at the end of a line", /[ \t]$/m],
  ["a tab at the start of a line", /^\t/m],
  ["a last line without an end", /[^\n]$(?![^])/],
];

describe("texts of the repository", () => {
  const files = textsBelow(root);

  it("are found", () => assert.ok(files.length > 200, `${files.length}`));

  for (const [what, pattern] of FAULTS) {
    it(`none has ${what}`, () => {
      const faulty = files.filter((file) =>
        pattern.test(fs.readFileSync(file, "utf8")),
      );
      assert.deepEqual(
        faulty.map((file) => path.relative(root, file)),
        [],
      );
    });
  }
});
