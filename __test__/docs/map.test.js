"use strict";

// docs/map.md and docs/architecture.md: the files that they name are there, and the map names all that there are. And
// CONTRIBUTING.md: it names all commands.

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const { describe, it } = require("node:test");
const { root } = require("./documents.js");

/** @param {...string} names */
function readText(...names) {
  return fs.readFileSync(path.join(root, ...names), "utf8");
}

/**
 * @param {string} text
 * @returns {string[]} the files of sources and tests that it names, each with its folder
 */
function filesIn(text) {
  const names = text.matchAll(
    /`((?:src|lib|tests|__test__|fuzz|scripts|examples)\/[\w./-]+\.(?:rs|js))`/g,
  );
  return [...names].map(([, name = ""]) => name);
}

/** @param {string} name */
function exists(name) {
  return fs.existsSync(path.join(root, name));
}

/** @returns {string[]} the paths of the rows of the map, and the files that these mention, in the folder of the first */
function namesInMap() {
  const rows = readText("docs", "map.md")
    .split("\n")
    .filter((line) => line.startsWith("| `"));
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

describe("the map in docs/map.md", () => {
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

describe("the recipes in docs/map.md", () => {
  const text = readText("docs", "map.md");

  it("name files that exist", () => {
    const files = filesIn(text);
    assert.ok(files.length > 30, files.join());
    assert.deepEqual(
      files.filter((name) => !exists(name)),
      [],
    );
  });

  it("name documents that exist", () => {
    const documents = [...text.matchAll(/`(docs\/[\w-]+\.md)`/g)];
    assert.ok(documents.length > 3);
    for (const [, name = ""] of documents) assert.ok(exists(name), name);
  });
});

describe("the message in docs/architecture.md", () => {
  const [, journey = ""] =
    /^## One message\n([^]*?)\n## /m.exec(
      readText("docs", "architecture.md"),
    ) ?? [];
  const files = filesIn(journey);

  it("passes files that exist", () => {
    assert.ok(files.length > 15, files.join());
    assert.deepEqual(
      files.filter((name) => !exists(name)),
      [],
    );
  });

  it("leaves by one side of the engine and comes in by the other", () => {
    assert.equal(files[0], "lib/adapter.js");
    const [out, back] = ["src/pg/publisher.rs", "src/pg/listener.rs"].map(
      (name) => files.indexOf(name),
    );
    assert.ok(Number(out) > 0 && Number(back) > Number(out), files.join());
    assert.ok(files.lastIndexOf("lib/adapter.js") > Number(back));
  });
});

describe("the commands in CONTRIBUTING.md", () => {
  const text = readText("CONTRIBUTING.md");

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
