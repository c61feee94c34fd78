"use strict";

// Blocks of JavaScript and TypeScript: those that are whole programs are run by the tests of the package, and all are
// checked against the declarations of this package, socket.io, pg and Node.js.

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const { before, describe, it } = require("node:test");
const { RESOLUTIONS, typeErrors } = require("../support/typescript.js");
const { blocksIn, placeOf, root } = require("./documents.js");

/** @typedef {import("../../scripts/markdown.js").CodeBlock} CodeBlock */

const FOLDER = path.join(root, "target", "documentation");
/** @param {string} language */
function preludeOf(language) {
  return ["common", language].map((name) =>
    path.join(__dirname, "preludes", `${name}.d.ts`),
  );
}

/** In JavaScript parameters have no types, and what may be missing, such as a variable, says so itself. */
const JAVASCRIPT = {
  allowJs: true,
  checkJs: true,
  noImplicitAny: false,
  strictNullChecks: false,
};

/** Both states of a change are code. */
function statesOf(/** @type {CodeBlock} */ block) {
  const without = (/** @type {string} */ sign) =>
    block.code
      .split("\n")
      .filter((line) => !line.startsWith(sign))
      .map((line) => line.replace(/^[ +-]/, ""))
      .join("\n");
  return ["+", "-"].map((sign) => ({ ...block, code: without(sign) }));
}

/** @param {CodeBlock} block */
function extensionOf({ program, language, code }) {
  if (program) return path.extname(program);
  if (language === "ts") return ".mts";
  return /\brequire\(/.test(code) ? ".cjs" : ".mjs";
}

/**
 * @param {CodeBlock[]} blocks
 * @returns {string[]} the files that they were written to; their names tell where they come from
 */
function writeBlocks(blocks) {
  return blocks.map((block, index) => {
    const place = placeOf(block).replaceAll(/[/:]/g, "-");
    const file = path.join(FOLDER, `${place}-${index}${extensionOf(block)}`);
    // a module, whatever is in it, so that blocks do not see each other's names
    const ending = file.endsWith(".cjs")
      ? "module.exports = {};"
      : "export {};";
    fs.writeFileSync(file, `${block.code}${ending}\n`);
    return file;
  });
}

/** @param {string[]} files */
function withoutPrelude(files) {
  const missing = /Cannot find name '(\w+)'/;
  const names = typeErrors(files, JAVASCRIPT).flatMap(
    (problem) => missing.exec(problem)?.[1] ?? [],
  );
  return [...new Set(names)].sort();
}

describe("code in the documentation", () => {
  const javascript = [...blocksIn("js"), ...blocksIn("diff").flatMap(statesOf)];
  const typescript = blocksIn("ts");

  before(() => {
    fs.rmSync(FOLDER, { recursive: true, force: true });
    fs.mkdirSync(FOLDER, { recursive: true });
  });

  it("is valid JavaScript", () => {
    assert.ok(javascript.length > 10, `${javascript.length} blocks`);
    const files = writeBlocks(javascript);
    assert.deepEqual(
      typeErrors([...preludeOf("js"), ...files], JAVASCRIPT),
      [],
    );
  });

  for (const [module, moduleResolution] of RESOLUTIONS) {
    it(`is valid TypeScript under moduleResolution ${moduleResolution}`, () => {
      assert.ok(typescript.length > 0);
      const files = writeBlocks(typescript);
      const options = { module, moduleResolution };
      assert.deepEqual(typeErrors([...preludeOf("ts"), ...files], options), []);
    });
  }

  it("takes from its context no more than the prelude has", () => {
    const declared = preludeOf("js")
      .map((file) => fs.readFileSync(file, "utf8"))
      .join("")
      .matchAll(/^declare (?:const|function) (\w+)/gm);
    const names = [...declared].map(([, name]) => name).sort();
    const files = writeBlocks([...javascript, ...typescript]);
    assert.deepEqual(withoutPrelude(files), names);
  });
});
