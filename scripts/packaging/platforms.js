"use strict";

// The platforms that packages are built for: the Rust targets of package.json, each with its folder below npm/.

const path = require("node:path");
const { root, SetupError } = require("../setup.js");

const { name, napi } = require("../../package.json");

/** How the napi CLI names what Rust calls a machine and a system. @type {Record<string, string>} */
const ARCHES = { aarch64: "arm64", x86_64: "x64" };
/** @type {Record<string, string>} */
const SYSTEMS = {
  "apple-darwin": "darwin-ARCH",
  "pc-windows-msvc": "win32-ARCH-msvc",
  "unknown-linux-gnu": "linux-ARCH-gnu",
  "unknown-linux-musl": "linux-ARCH-musl",
};

/**
 * @typedef {object} Platform
 * @property {string} triple the Rust target
 * @property {string} suffix the folder below npm/, and the end of the name of the package
 * @property {string} packageName
 * @property {string} folder
 * @property {string} binary the file in the package
 */

/**
 * @param {string} triple
 * @returns {Platform}
 */
function platformOf(triple) {
  const [arch = "", ...system] = triple.split("-");
  const suffix = String(SYSTEMS[system.join("-")]).replace(
    "ARCH",
    String(ARCHES[arch]),
  );
  return {
    triple,
    suffix,
    packageName: `${name}-${suffix}`,
    folder: path.join(root, "npm", suffix),
    binary: `${napi.binaryName}.${suffix}.node`,
  };
}

const PLATFORMS = napi.targets.map(platformOf);

/** @returns {boolean} whether this Node.js runs on a Linux without glibc */
function isMusl() {
  const report = /** @type {any} */ (process.report).getReport();
  return report.header.glibcVersionRuntime === undefined;
}

/** @returns {Platform} the one that this process runs on */
function hostPlatform() {
  const abi = { linux: isMusl() ? "-musl" : "-gnu", win32: "-msvc" };
  const suffix = `${process.platform}-${process.arch}${abi[/** @type {"linux"} */ (process.platform)] ?? ""}`;
  return findPlatform((platform) => platform.suffix === suffix, suffix);
}

/**
 * @param {(platform: Platform) => boolean} test
 * @param {string} wanted
 */
function findPlatform(test, wanted) {
  const found = PLATFORMS.find(test);
  if (found !== undefined) return found;
  const known = PLATFORMS.map(({ triple }) => triple).join(", ");
  throw new SetupError(
    `There is no package for ${wanted}. There are some for: ${known}.`,
  );
}

/**
 * @param {string} triple
 * @returns {Platform}
 */
function platformFor(triple) {
  return findPlatform((platform) => platform.triple === triple, triple);
}

module.exports = { hostPlatform, platformFor, PLATFORMS };
