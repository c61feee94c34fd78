"use strict";

// CONTRIBUTING.md: what its map names is there, and what is there it names.

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const { describe, it } = require("node:test");
const { root } = require("./documents.js");

const text = fs.readFileSync(path.join(root, "CONTRIBUTING.md"), "utf8");

/** @returns {string[]} what the rows of the map are about, and the files that they mention, in the folder of the first */
function namesInMap() {
  const [, map = ""] = /^## Map\n([^]*?)\n## /m.exec(text) ?? [];
  const rows = map.split("\n").filter((line) => line.startsWith("| `"));
  return rows.flatMap((row) => {
    const [first = "", ...others] = [...row.matchAll(/`([^`\s]+)`/g)].map(
      ([, name = ""]) => name,
    );
    const files = others.filter((name) => /\.(js|d\.ts|rs|toml)$/.test(name));
    return [first, ...files.map((file) => placeBeside(first, file))];
  });
}

/**
 * @param {string} first
 * @param {string} file
 */
function placeBeside(first, file) {
  const folder = first.endsWith("/") ? first : path.posix.dirname(first);
  const isSuite = first.startsWith("__test__/");
  return file.includes("/")
    ? file
    : path.posix.join(isSuite ? first : folder, file);
}

/** @param {string} name with stars */
function matches(name) {
  const folder = path.join(root, path.dirname(name));
  const pattern = new RegExp(
    `^${path.basename(name).replaceAll(".", "\\.").replaceAll("*", ".*")}$`,
  );
  return fs
    .readdirSync(folder)
    .filter((entry) => pattern.test(entry))
    .map((entry) => path.posix.join(path.posix.dirname(name), entry));
}

describe("the map in CONTRIBUTING.md", () => {
  const names = namesInMap();
  const named = new Set(names.flatMap(matches));

  it("names what is there", () => {
    assert.ok(names.length > 30, names.join());
    // the loader is generated, and the map says so
    const absent = names.filter(
      (name) => name !== "binding.js" && matches(name).length === 0,
    );
    assert.deepEqual(absent, []);
  });

  it("names every file of lib/", () => {
    const files = fs.readdirSync(path.join(root, "lib"));
    assert.deepEqual(
      files.map((file) => `lib/${file}`).filter((file) => !named.has(file)),
      [],
    );
  });

  it("names every suite", () => {
    const suites = fs.readdirSync(path.join(root, "__test__"));
    assert.deepEqual(
      suites
        .map((suite) => `__test__/${suite}`)
        .filter((suite) => !named.has(suite)),
      [],
    );
  });
});

describe("the commands in CONTRIBUTING.md", () => {
  it("are all that there are", () => {
    const { scripts } = require(path.join(root, "package.json"));
    // npm runs those that come before or after something by itself
    const called = Object.keys(scripts).filter(
      (name) => !/^(pre|post)/.test(name),
    );
    const untold = called.filter(
      (name) => !new RegExp(`\\bnpm (run )?${name}(?![\\w:])`).test(text),
    );
    assert.deepEqual(untold, []);
  });
});
