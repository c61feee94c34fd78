"use strict";

// The package managers that install the package, each in the versions that are in use.

const path = require("node:path");
const { fetchPackage } = require("../../scripts/npm-fetch.js");

/**
 * @typedef {object} Manager
 * @property {string} name
 * @property {"npm" | "pnpm"} package
 * @property {string} version
 * @property {string} program in the package
 * @property {number} oldestNode the oldest major version of Node.js that it runs with
 * @property {string[]} install the arguments before the names of packages
 */

const NPM = ["install", "--ignore-scripts", "--no-audit", "--no-fund"];
const PNPM = ["add", "--ignore-scripts"];

/**
 * @param {string} version
 * @param {number} oldestNode
 * @returns {Manager}
 */
function npm(version, oldestNode) {
  const name = `npm-${version.split(".")[0]}`;
  const program = path.join("bin", "npm-cli.js");
  return { name, package: "npm", version, program, oldestNode, install: NPM };
}

/**
 * @param {string} version
 * @param {number} oldestNode
 * @param {string} file
 * @returns {Manager}
 */
function pnpm(version, oldestNode, file) {
  const name = `pnpm-${version.split(".")[0]}`;
  const program = path.join("bin", file);
  return { name, package: "pnpm", version, program, oldestNode, install: PNPM };
}

/** Of each the newest last. */
const MANAGERS = [
  npm("10.9.9", 18),
  npm("11.21.2", 20),
  npm("12.2.0", 22),
  pnpm("10.34.8", 18, "pnpm.cjs"),
  pnpm("11.28.10", 22, "pnpm.mjs"),
  pnpm("12.4.2", 18, "pnpm.mjs"),
];

/**
 * @param {string} node a version of Node.js
 * @returns {Manager[]} those that it can run
 */
function managersFor(node) {
  const major = Number(node.split(".")[0]);
  return MANAGERS.filter(({ oldestNode }) => oldestNode <= major);
}

/**
 * @param {Manager} manager
 * @returns {Promise<string>} its program, fetched unless it was there
 */
async function installManager(manager) {
  const folder = await fetchPackage(
    manager.name,
    manager.package,
    manager.version,
  );
  return path.join(folder, manager.program);
}

module.exports = { installManager, managersFor };
