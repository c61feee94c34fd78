"use strict";

// docs/errors.md: a row in its table and an entry for each code that an error can have.

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const { describe, it } = require("node:test");
const { ERROR_CODES } = require("../../lib/errors.js");
const { root } = require("./documents.js");

/** @param {...string} names */
function readFile(...names) {
  return fs.readFileSync(path.join(root, ...names), "utf8");
}

/** @returns {string[]} the sources of JavaScript and of Rust */
function sources() {
  const files = ["lib", "src"].flatMap((folder) =>
    fs
      .readdirSync(path.join(root, folder), { recursive: true })
      .map((name) => path.join(folder, String(name))),
  );
  return files
    .filter((file) => /\.(js|rs)$/.test(file))
    .map((file) => readFile(file));
}

/** Codes of Node.js itself that our sources name. */
const FOREIGN = ["ERR_INVALID_URL"];

describe("docs/errors.md", () => {
  const sections = readFile("docs", "errors.md").split(/^### /m).slice(1);
  const entries = new Map(
    sections.map((section) => {
      const [heading = "", ...lines] = section.split("\n");
      return [heading.replaceAll("`", ""), lines.join("\n")];
    }),
  );

  it("has an entry for each code, and no other", () => {
    assert.deepEqual(
      [...entries.keys()].sort(),
      Object.keys(ERROR_CODES).sort(),
    );
  });

  it("begins with a table that has a row for each code", () => {
    const [beginning = ""] = readFile("docs", "errors.md").split(/^## /m);
    const rows = beginning
      .split("\n")
      .filter((line) => line.startsWith("| [`"));
    const codes = rows.map((row) => {
      const cells = row.split(/(?<!\\)\|/).slice(1, -1);
      assert.equal(cells.filter((cell) => cell.trim()).length, 4, row);
      const [, code = "", anchor] = /\[`(\w+)`\]\(#(\w+)\)/.exec(row) ?? [];
      assert.equal(anchor, code.toLowerCase());
      return code;
    });
    assert.deepEqual(codes.sort(), Object.keys(ERROR_CODES).sort());
  });

  it("says of each what is seen, why, and what to do", () => {
    for (const [code, text] of entries) {
      const parts = [...text.matchAll(/^\*\*(\w+)\.\*\* \S/gm)];
      assert.deepEqual(
        parts.map(([, part]) => part),
        ["Seen", "Cause", "Do"],
        code,
      );
    }
  });

  it("knows every code that is in the sources", () => {
    const used = sources().flatMap((text) =>
      [...text.matchAll(/["'](ERR_[A-Z_]+)["']/g)].map(([, code = ""]) => code),
    );
    assert.ok(used.length > 10);
    assert.deepEqual(
      [...new Set(used)].filter((code) => !(code in ERROR_CODES)),
      FOREIGN,
    );
  });
});
