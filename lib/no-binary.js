"use strict";

// What to say when no native binary could be loaded: on which platform, what was looked for, and what to do.

const { PostgresAdapterError } = require("./errors");
const { name, version } = require("../package.json");

/** For what there is a package with a binary; each is an optional dependency of this one. */
const PLATFORMS = [
  "darwin-arm64",
  "darwin-x64",
  "linux-arm64-gnu",
  "linux-arm64-musl",
  "linux-x64-gnu",
  "linux-x64-musl",
  "win32-arm64-msvc",
  "win32-x64-msvc",
];

/** The package of the binary for WebAssembly, which binding.js tries last, and which does not exist. */
const WASM = `${name}-wasm32-wasi`;

const FROM_SOURCE =
  "To build one, run `npm run build` in a clone of the source, which needs Rust, and set the environment variable " +
  "NAPI_RS_NATIVE_LIBRARY_PATH to the path of the .node file";

/** What Node.js and binding.js say of a place where no binary is, or of a platform that has none. */
const ABSENT = new RegExp(
  `^Unsupported |^Cannot find (module|package) '(\\./|${name}-)`,
);

/** @returns {string} such as "glibc 2.36"; empty where it does not matter */
function describeLibc() {
  if (process.platform !== "linux") return "";
  const report = /** @type {any} */ (process.report);
  if (typeof report?.getReport !== "function") return "";
  const { excludeNetwork } = report;
  report.excludeNetwork = true; // names of hosts take seconds to look up
  try {
    const { glibcVersionRuntime } = report.getReport().header;
    return glibcVersionRuntime ? `glibc ${glibcVersionRuntime}` : "musl";
  } finally {
    report.excludeNetwork = excludeNetwork;
  }
}

/** @returns {string} such as "linux x64 (glibc 2.36), Node.js 20.1.0" */
function describeSystem() {
  const libc = describeLibc();
  const platform = `${process.platform} ${process.arch}`;
  return `${platform}${libc && ` (${libc})`}, Node.js ${process.versions.node}`;
}

/**
 * @param {unknown} err
 * @returns {string[]} what it and its causes say, the first attempt first
 */
function messagesOf(err) {
  /** @type {string[]} */
  const messages = [];
  for (let cause = err; cause instanceof Error; cause = cause.cause) {
    messages.unshift(cause.message);
  }
  return messages;
}

/**
 * @param {string[]} messages
 * @returns {string[]} the packages that were looked for and are not there
 */
function missingPackages(messages) {
  const found = messages.flatMap((message) => {
    const [, missing = ""] =
      /^Cannot find (?:module|package) '([^']+)'/.exec(message) ?? [];
    return missing.startsWith(`${name}-`) && missing !== WASM ? [missing] : [];
  });
  return [...new Set(found)];
}

/** @returns {string[]} the packages for other platforms that are there */
function installedPackages() {
  return PLATFORMS.map((platform) => `${name}-${platform}`).filter((other) => {
    try {
      require.resolve(`${other}/package.json`);
      return true;
    } catch {
      return false;
    }
  });
}

/** @param {string[]} missing */
function adviseUnsupported(missing) {
  const looked =
    missing.length > 0 ? ` (there is no ${missing.join(" or ")})` : "";
  return `There is no package with one for this platform${looked}, only for ${PLATFORMS.join(", ")}. ${FROM_SOURCE}.`;
}

/** @param {string[]} missing */
function adviseMissing(missing) {
  const others = installedPackages();
  const what = `The package ${missing.join(" or ")}, an optional dependency that holds it, is not installed.`;
  if (others.length > 0) {
    return (
      `${what} Installed is ${others.join(", ")}, for another platform: install the packages on the machine that runs ` +
      "them instead of copying node_modules."
    );
  }
  return (
    `${what} Install without --omit=optional, --no-optional and the like. If that was so: a lock file that was written ` +
    "on another platform can lack it; remove node_modules and the lock file, and install again."
  );
}

/** @param {string} reason why a binary that is there could not be loaded */
function adviseUnloadable(reason) {
  const [, needed] = /GLIBC_([\d.]+)['`"]? not found/.exec(reason) ?? [];
  const why =
    needed === undefined
      ? ""
      : ` The C library of this system is too old: the binary needs glibc ${needed} or newer.`;
  return `One is there, but it cannot be loaded: ${reason}.${why} ${FROM_SOURCE}.`;
}

/**
 * @param {unknown} err what binding.js threw
 * @returns {string} what to do
 */
function advise(err) {
  const [first = "", ...others] = messagesOf(err);
  if (/Cannot find module '[^']*\/binding\.js'/.test(first)) {
    return "This is a clone that is not built: run `npm run build`, which needs Rust.";
  }
  const override = process.env["NAPI_RS_NATIVE_LIBRARY_PATH"];
  if (override) {
    return `The environment variable NAPI_RS_NATIVE_LIBRARY_PATH leads to ${override}, which cannot be loaded: ${first}.`;
  }
  const attempts = [first, ...others.slice(0, -1)];
  const unloadable = attempts.find((message) => !ABSENT.test(message));
  if (unloadable !== undefined) return adviseUnloadable(unloadable);
  const missing = missingPackages(attempts);
  const exists = missing.some((other) =>
    PLATFORMS.includes(other.slice(name.length + 1)),
  );
  return exists ? adviseMissing(missing) : adviseUnsupported(missing);
}

/**
 * @param {unknown} err what binding.js threw
 * @returns {PostgresAdapterError}
 */
function noBinary(err) {
  return new PostgresAdapterError(
    "ERR_NO_BINARY",
    `${name} ${version} has no native binary that runs here, on ${describeSystem()}. ${advise(err)}`,
    { cause: err },
  );
}

module.exports = { PLATFORMS, noBinary };
