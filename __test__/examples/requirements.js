"use strict";

const { exampleManifest } = require("../../scripts/examples.js");

/**
 * @param {import("node:test").TestContext} t which says why it is left out
 * @param {string} name of an example
 * @returns {boolean} whether this Node.js is new enough for it
 */
function runsHere(t, name) {
  const { node } = exampleManifest(name).engines;
  const [wanted] = /\d+/.exec(node) ?? [];
  const [major] = process.versions.node.split(".");
  if (Number(major) >= Number(wanted)) return true;
  t.skip(`left out: ${name} needs Node.js ${node}`);
  return false;
}

module.exports = { runsHere };
