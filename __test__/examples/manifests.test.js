"use strict";

// What each example says about itself, and that it is true.

const assert = require("node:assert/strict");
const fs = require("node:fs");
const { builtinModules } = require("node:module");
const path = require("node:path");
const { describe, it } = require("node:test");

const root = require("../../package.json");
const {
  exampleCommand,
  exampleFolder,
  exampleManifest,
  exampleNames,
} = require("../../scripts/examples.js");

/** What is in the repository of an example, and not what was made of it. */
const GENERATED = new Set(["node_modules", "dist"]);

const REQUIRED = /\brequire\("([^".][^"]*)"\)|\bfrom "([^".][^"]*)"/g;

/** Packages that others ask for, not the code. */
const ASKED_FOR = {
  "@nestjs/platform-express": "@nestjs/core loads it by itself",
  "reflect-metadata": "a peer of @nestjs/core",
  rxjs: "a peer of @nestjs/core",
  pg: "reads the connection string for this package",
};

/**
 * @param {string} folder
 * @returns {string[]} the files below it
 */
function filesBelow(folder) {
  return fs
    .readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !GENERATED.has(name))
    .flatMap((entry) => {
      const file = path.join(folder, entry.name);
      return entry.isDirectory() ? filesBelow(file) : [file];
    });
}

/** @param {string} specifier such as `@scope/name/file` */
function packageOf(specifier) {
  const parts = specifier.split("/");
  return parts.slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
}

/**
 * @param {string} name of an example
 * @returns {string[]} the packages that its programs load, sorted
 */
function packagesLoaded(name) {
  const sources = filesBelow(exampleFolder(name))
    .filter((file) => /\.(js|ts)$/.test(file))
    .map((file) => fs.readFileSync(file, "utf8"));
  const loaded = sources.flatMap((source) =>
    [...source.matchAll(REQUIRED)].map((match) =>
      packageOf(match[1] ?? match[2] ?? ""),
    ),
  );
  return [...new Set(loaded)]
    .filter(
      (loads) => !loads.startsWith("node:") && !builtinModules.includes(loads),
    )
    .sort();
}

/** @param {string} dependency @returns {string | undefined} the range that examples name */
function expectedRange(dependency) {
  if (dependency === root.name) return `^${root.version}`;
  /** @type {Record<string, string>} */
  const known = { ...root.devDependencies, ...root.dependencies };
  return known[dependency];
}

describe("the manifest of the example", () => {
  for (const name of exampleNames()) {
    const { scripts, dependencies, devDependencies, ...manifest } =
      exampleManifest(name);

    it(`${name} has what an example has`, () => {
      assert.equal(manifest.name, `example-${name}`);
      assert.equal(manifest.private, true);
      assert.equal(manifest.license, root.license);
      assert.match(manifest.description, /^[A-Z]/);
      const has = (/** @type {string} */ file) =>
        fs.existsSync(path.join(exampleFolder(name), file));
      assert.ok(has("README.md"));
      if (!scripts.build) assert.ok(has(exampleCommand(name)[0] ?? ""));
    });

    it(`${name} names the versions that the tests run with`, () => {
      const named = { ...dependencies, ...devDependencies };
      for (const [dependency, range] of Object.entries(named)) {
        assert.equal(range, expectedRange(dependency), dependency);
      }
    });

    it(`${name} names the packages that it loads, and no other`, () => {
      const loaded = packagesLoaded(name);
      const expected = Object.keys(dependencies).filter(
        (dependency) =>
          loaded.includes(dependency) || !(dependency in ASKED_FOR),
      );
      assert.deepEqual(loaded, expected.sort());
    });

    it(`${name} names pg if it passes on where the database is`, () => {
      assert.equal("pg" in dependencies, root.name in dependencies);
    });
  }
});

describe("the list of the examples", () => {
  const readme = fs.readFileSync(exampleFolder("README.md"), "utf8");
  const documented = fs
    .readdirSync(exampleFolder("."))
    .filter((name) =>
      fs.existsSync(path.join(exampleFolder(name), "README.md")),
    );

  it("leads to all of them, and to nothing else", () => {
    const listed = [...readme.matchAll(/\]\(([\w-]+)\)/g)].map(([, to]) => to);
    assert.deepEqual(listed.sort(), documented.sort());
  });
});
