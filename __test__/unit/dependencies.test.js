"use strict";

// What `npm install` of the package brings along.

const assert = require("node:assert/strict");
const path = require("node:path");
const { describe, it } = require("node:test");

const root = path.join(__dirname, "..", "..");
/** @type {{ packages: Record<string, LockedPackage> }} */
const { packages } = require(path.join(root, "package-lock.json"));

/**
 * @typedef {object} LockedPackage
 * @property {boolean} [dev] needed for development alone
 * @property {boolean} [devOptional] needed for development, or optional
 * @property {boolean} [hasInstallScript]
 */

describe("the dependencies of the package", () => {
  const installed = Object.entries(packages).filter(
    ([folder, { dev, devOptional }]) => folder !== "" && !dev && !devOptional,
  );

  it("are there", () => {
    const names = installed.map(([folder]) => folder);
    assert.ok(names.includes("node_modules/debug"), names.join());
  });

  it("run no script when they are installed", () => {
    const withScript = installed.filter(([, entry]) => entry.hasInstallScript);
    assert.deepEqual(withScript, []);
  });

  it("nor does the package itself", () => {
    const { scripts } = require(path.join(root, "package.json"));
    const hooks = ["preinstall", "install", "postinstall", "prepare"];
    assert.deepEqual(
      hooks.filter((hook) => hook in scripts),
      [],
    );
  });
});
