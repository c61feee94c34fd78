"use strict";

// What `npm run pack` has left.

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const { hostPlatform } = require("../../scripts/packaging/platforms.js");
const { PACKAGES, tarballName } = require("../../scripts/packaging/stage.js");
const { npm, root } = require("../../scripts/setup.js");

const { name, version } = require("../../package.json");

/**
 * @param {string} packageName
 * @returns {string} its tarball
 */
function tarballOf(packageName) {
  const file = path.join(PACKAGES, tarballName(packageName, version));
  assert.ok(fs.existsSync(file), `${file} is missing: npm run pack`);
  return file;
}

/** @returns {string} */
function mainTarball() {
  return tarballOf(name);
}

/** @returns {string} */
function platformTarball() {
  return tarballOf(hostPlatform().packageName);
}

/** What Socket.IO depends on and has the same scope: a registry for the scope must have it, too. */
const NEIGHBOUR = "@socket.io/component-emitter";

/** @returns {Promise<string[]>} all that a registry for the scope needs */
async function tarballs() {
  const folder = path.join(root, "node_modules", NEIGHBOUR);
  const manifest = fs.readFileSync(path.join(folder, "package.json"), "utf8");
  const neighbours = path.join(root, "target", "neighbours");
  fs.mkdirSync(neighbours, { recursive: true });
  await npm(
    ["pack", folder, "--pack-destination", neighbours, "--silent"],
    undefined,
    "It is a package that Socket.IO depends on.",
  );
  const neighbour = tarballName(NEIGHBOUR, JSON.parse(manifest).version);
  return [mainTarball(), platformTarball(), path.join(neighbours, neighbour)];
}

module.exports = { mainTarball, platformTarball, tarballs };
