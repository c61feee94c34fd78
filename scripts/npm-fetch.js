"use strict";

// Programs from npm that are too large to be dependencies: fetched into target/ when they are wanted.

const fs = require("node:fs");
const path = require("node:path");
const { withLock } = require("./lock-file.js");
const { npm, root } = require("./setup.js");

/** @param {string} folder */
function installedVersion(folder) {
  try {
    const text = fs.readFileSync(path.join(folder, "package.json"), "utf8");
    // some of Node.js have a "v" before it
    return JSON.parse(text).version.replace(/^v/, "");
  } catch {
    return undefined;
  }
}

/**
 * Fetches a package unless it is there. Its install scripts are not run.
 *
 * @param {string} place a folder below target/, one for each version that is wanted
 * @param {string} name of the package
 * @param {string} version an exact one
 * @param {AbortSignal} [signal]
 * @returns {Promise<string>} the folder of the package
 */
async function fetchPackage(place, name, version, signal) {
  const prefix = path.join(root, "target", place);
  const folder = path.join(prefix, "node_modules", name);
  const work = async () => {
    if (installedVersion(folder) === version) return;
    console.log(`Fetching ${name} ${version}.`);
    fs.mkdirSync(prefix, { recursive: true });
    const quiet = ["--no-save", "--no-package-lock", "--no-audit", "--no-fund"];
    const where = ["--ignore-scripts", "--prefix", prefix];
    await npm(
      ["install", ...quiet, ...where, `${name}@${version}`],
      signal,
      `It is needed for the tests with ${place}.`,
    );
  };
  await withLock(`${prefix}.lock`, work, { signal });
  return folder;
}

module.exports = { fetchPackage };
