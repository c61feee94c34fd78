"use strict";

// The declarations, as applications meet them: with the types of socket.io and pg, however packages are looked up.

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const { describe, it } = require("node:test");
const { default: tsd } = require("tsd");
const ts = require("typescript");
const { RESOLUTIONS, typeErrors } = require("../support/typescript.js");

const root = path.join(__dirname, "..", "..");
const files = fs
  .readdirSync(__dirname)
  .filter((name) => name.endsWith("ts"))
  .map((name) => path.join(__dirname, name));

/** @param {import("typescript").Statement} statement */
function isExported(statement) {
  const modifiers = ts.canHaveModifiers(statement)
    ? ts.getModifiers(statement)
    : [];
  return modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
}

/**
 * @param {import("typescript").Node} declaration
 * @returns {import("typescript").Node[]} it, and its members that others can use
 */
function partsOf(declaration) {
  const isOwner =
    ts.isClassDeclaration(declaration) ||
    ts.isInterfaceDeclaration(declaration);
  const members = isOwner ? [...declaration.members] : [];
  return [
    declaration,
    ...members.filter((member) => !/^private\b/.test(member.getText())),
  ];
}

describe("the declarations", () => {
  it("give the types that are expected of them", async () => {
    const testFiles = files
      .filter((file) => file.endsWith(".test-d.ts"))
      .map((file) => path.relative(root, file));
    const found = await tsd({ cwd: root, testFiles });
    const problems = found.map(
      ({ fileName, line, message }) => `${fileName}:${line}: ${message}`,
    );
    assert.deepEqual(problems, []);
  });

  it("say what each of their parts is", () => {
    const file = path.join(root, "index.d.ts");
    const text = fs.readFileSync(file, "utf8");
    const source = ts.createSourceFile(
      file,
      text,
      ts.ScriptTarget.Latest,
      true,
    );
    const parts = source.statements.filter(isExported).flatMap(partsOf);
    assert.ok(parts.length > 70, `${parts.length} parts`);
    const silent = parts
      .filter((part) => ts.getJSDocCommentsAndTags(part).length === 0)
      .map((part) => part.getText().split("\n", 1)[0]);
    assert.deepEqual(silent, []);
  });

  for (const [module, moduleResolution] of RESOLUTIONS) {
    it(`allow and refuse the same under moduleResolution ${moduleResolution}`, () => {
      assert.deepEqual(typeErrors(files, { module, moduleResolution }), []);
    });
  }
});
