"use strict";

// The runtimes that the package is tested with, as npm brings them.

const path = require("node:path");
const { fetchPackage } = require("./npm-fetch.js");

const { platform, arch } = process;
const IS_WINDOWS = platform === "win32";
const EXTENSION = IS_WINDOWS ? ".exe" : "";

/**
 * @typedef {object} Runtime
 * @property {string} name
 * @property {string} package for this platform
 * @property {string} version
 * @property {string} program in the package
 * @property {string[]} flags before the file that it runs
 * @property {boolean} runsSuites whether it has Node's test runner
 */

/**
 * @param {string} version
 * @returns {Runtime}
 */
function node(version) {
  return {
    name: `node-${version.split(".")[0]}`,
    package: `node-${IS_WINDOWS ? "win" : platform}-${arch}`,
    version,
    program: path.join("bin", `node${EXTENSION}`),
    flags: [],
    runsSuites: true,
  };
}

/** @type {Runtime[]} */
const RUNTIMES = [
  ...["18.20.8", "20.20.2", "22.23.3", "24.21.0", "26.10.0"].map(node),
  {
    name: "bun",
    package: `@oven/bun-${IS_WINDOWS ? "windows" : platform}-${arch === "arm64" ? "aarch64" : arch}`,
    version: "1.4.5",
    program: path.join("bin", `bun${EXTENSION}`),
    flags: [],
    runsSuites: false,
  },
  {
    name: "deno",
    package: `@deno/${platform}-${arch}${platform === "linux" ? "-glibc" : ""}`,
    version: "2.9.6",
    program: `deno${EXTENSION}`,
    flags: ["run", "--allow-all", "--unstable-detect-cjs"],
    runsSuites: false,
  },
];

/**
 * @param {Runtime} runtime
 * @param {AbortSignal} [signal]
 * @returns {Promise<string>} its program, fetched unless it was there
 */
async function installRuntime(runtime, signal) {
  const folder = await fetchPackage(
    runtime.name,
    runtime.package,
    runtime.version,
    signal,
  );
  return path.join(folder, runtime.program);
}

module.exports = { installRuntime, RUNTIMES };
