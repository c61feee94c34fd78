"use strict";

// Drawings that exist in two palettes: what one of them shows, the other shows as well.

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const { describe, it } = require("node:test");
const { documents, root } = require("./documents.js");

const FOLDER = path.join(root, "docs", "images");

/** @param {string} name */
function withoutColours(name) {
  const svg = fs.readFileSync(path.join(FOLDER, name), "utf8");
  const style = /<style>[^]*<\/style>/;
  assert.match(svg, style, name);
  return svg.replace(style, "");
}

describe("drawings of the documentation", () => {
  const light = fs
    .readdirSync(FOLDER)
    .filter((name) => name.endsWith("-light.svg"));

  it("are there", () => assert.ok(light.length > 0));

  for (const name of light) {
    const dark = name.replace("-light", "-dark");

    it(`${name} differs from ${dark} in its colours alone`, () => {
      assert.equal(withoutColours(dark), withoutColours(name));
    });

    it(`${name} and ${dark} are in a document, one for each scheme`, () => {
      const texts = documents().map((file) => fs.readFileSync(file, "utf8"));
      assert.ok(
        texts.some(
          (text) =>
            text.includes(`images/${name}"`) &&
            new RegExp(`scheme: dark\\)" srcset="[^"]*images/${dark}"`).test(
              text,
            ),
        ),
      );
    });
  }
});
