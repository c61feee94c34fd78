"use strict";

// The packages of the peers belong to the benchmark alone: it installs them when they are missing or outdated.

const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");

/** Written by npm as the last step of an installation. */
const MARKER = path.join(__dirname, "node_modules", ".package-lock.json");
const LOCK = path.join(__dirname, "package-lock.json");

function isInstalled() {
  return (
    fs.existsSync(MARKER) &&
    fs.statSync(MARKER).mtimeMs >= fs.statSync(LOCK).mtimeMs
  );
}

/**
 * @returns {boolean} false when npm could not install them; it has said why
 */
function installPeers() {
  if (isInstalled()) {
    return true;
  }
  console.log("Installing the packages of the peers into bench/node_modules");
  const { status } = spawnSync("npm", ["ci", "--no-audit", "--no-fund"], {
    cwd: __dirname,
    stdio: "inherit",
    shell: process.platform === "win32",
  });
  return status === 0;
}

/**
 * @param {string} name of a package
 * @returns {string} its version, as installed
 */
function versionOf(name) {
  const places = [__dirname, path.join(__dirname, "..")];
  for (const place of places) {
    const file = path.join(place, "node_modules", name, "package.json");
    if (fs.existsSync(file)) {
      return String(JSON.parse(fs.readFileSync(file, "utf8")).version);
    }
  }
  return "missing";
}

module.exports = { installPeers, versionOf };
