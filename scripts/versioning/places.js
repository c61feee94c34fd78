"use strict";

// Every place that holds the version.

const fs = require("node:fs");
const path = require("node:path");

/** The name of the crate, in whose entries of Cargo.lock the version stands. */
const CRATE = "socketio-postgres-adapter";

/**
 * @typedef {object} Place
 * @property {string} file relative to the repository
 * @property {RegExp} pattern the text around the version, which is its second group, once or more
 * @property {number} count how often it stands there
 */

/**
 * @param {string} root
 * @returns {Place[]}
 */
function findPlaces(root) {
  const inJson = /^(  "version": ")([^"]+)(",)$/gm;
  const inLock = /^(  (?:    )?"version": ")([^"]+)(",)$/gm;
  const inCargo = /^(version = ")([^"]+)(")$/gm;
  const inCargoLock = new RegExp(
    `^(name = "${CRATE}"\\nversion = ")([^"]+)(")$`,
    "gm",
  );
  const inDependencies =
    /^(    "@socket\.io\/postgres-adapter-rs": "\^)([^"]+)(",?)$/gm;
  const platforms = fs.readdirSync(path.join(root, "npm")).sort();
  return [
    { file: "package.json", pattern: inJson, count: 1 },
    { file: "package-lock.json", pattern: inLock, count: 2 },
    ...platforms.map((folder) => ({
      file: path.join("npm", folder, "package.json"),
      pattern: inJson,
      count: 1,
    })),
    ...examplesWithThePackage(root, inDependencies).map((file) => ({
      file,
      pattern: inDependencies,
      count: 1,
    })),
    { file: "Cargo.toml", pattern: inCargo, count: 1 },
    { file: "Cargo.lock", pattern: inCargoLock, count: 1 },
    { file: path.join("fuzz", "Cargo.lock"), pattern: inCargoLock, count: 1 },
  ];
}

/**
 * @param {string} root
 * @param {RegExp} dependency
 * @returns {string[]} the manifests of the examples that depend on the package
 */
function examplesWithThePackage(root, dependency) {
  return fs
    .readdirSync(path.join(root, "examples"))
    .sort()
    .map((folder) => path.join("examples", folder, "package.json"))
    .filter((file) => {
      const whole = path.join(root, file);
      return (
        fs.existsSync(whole) &&
        fs.readFileSync(whole, "utf8").search(dependency) >= 0
      );
    });
}

/**
 * @param {string} root
 * @param {Place} place
 * @returns {string[]} the versions that stand there
 */
function readVersions(root, { file, pattern, count }) {
  const text = fs.readFileSync(path.join(root, file), "utf8");
  // only the first ones are the package's own: those of its dependencies follow
  const found = [...text.matchAll(pattern)].slice(0, count);
  return found.map(([, , version]) => String(version));
}

/**
 * @param {string} root
 * @param {Place} place
 * @param {string} version
 */
function writeVersion(root, { file, pattern, count }, version) {
  const whole = path.join(root, file);
  let left = count;
  const text = fs
    .readFileSync(whole, "utf8")
    .replace(pattern, (match, before, _old, after) =>
      left-- > 0 ? `${before}${version}${after}` : match,
    );
  fs.writeFileSync(whole, text);
}

module.exports = { findPlaces, readVersions, writeVersion };
