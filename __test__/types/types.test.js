"use strict";

// The declarations, as applications meet them: with the types of socket.io and pg, however packages are looked up.

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const { describe, it } = require("node:test");
const { default: tsd } = require("tsd");
const { RESOLUTIONS, typeErrors } = require("../support/typescript.js");

const root = path.join(__dirname, "..", "..");
const files = fs
  .readdirSync(__dirname)
  .filter((name) => name.endsWith("ts"))
  .map((name) => path.join(__dirname, name));

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

  for (const [module, moduleResolution] of RESOLUTIONS) {
    it(`allow and refuse the same under moduleResolution ${moduleResolution}`, () => {
      assert.deepEqual(typeErrors(files, { module, moduleResolution }), []);
    });
  }
});
