"use strict";

// Whether every way to import the package, with and without types, finds what it should: publint and
// are-the-types-wrong, over the tarball that would be published.

const fs = require("node:fs");
const path = require("node:path");
const { runCommand } = require("../run-command.js");

/** The oldest major version of Node.js that are-the-types-wrong runs with. */
const OLDEST_NODE = 20;

/** @returns {string | undefined} why it cannot be checked here */
function reasonToLeaveOut() {
  const { node } = process.versions;
  return Number(node.split(".")[0]) < OLDEST_NODE
    ? `left out: are-the-types-wrong needs Node.js ${OLDEST_NODE}, this is ${node}`
    : undefined;
}

/**
 * @param {string} tarball
 * @returns {Promise<string[]>} what publint has to say, suggestions included
 */
async function askPublint(tarball) {
  const { publint } = await import("publint");
  const { formatMessage } = await import("publint/utils");
  const bytes = new Uint8Array(fs.readFileSync(tarball));
  const { messages, pkg } = await publint({
    pack: { tarball: bytes.buffer },
    strict: true,
  });
  return messages.map(
    (message) =>
      `publint: ${formatMessage(message, pkg, { color: false }) ?? message.code}`,
  );
}

/**
 * @param {string} tarball
 * @returns {Promise<string[]>} what are-the-types-wrong has to say
 */
async function askAreTheTypesWrong(tarball) {
  const manifest = require.resolve("@arethetypeswrong/cli/package.json");
  const { bin } = require(manifest);
  const program = path.join(path.dirname(manifest), bin.attw);
  /** @type {string[]} */
  const lines = [];
  const flags = ["--no-color", "--no-emoji", "--format", "ascii"];
  const { code } = await runCommand(
    process.execPath,
    [program, tarball, ...flags],
    { onLine: (line) => lines.push(line) },
  );
  return code === 0 ? [] : [`are-the-types-wrong: ${lines.join("\n")}`];
}

/**
 * @param {string} tarball of the package
 * @returns {Promise<string[]>} what is wrong with it
 */
async function findExportProblems(tarball) {
  return [
    ...(await askPublint(tarball)),
    ...(await askAreTheTypesWrong(tarball)),
  ];
}

module.exports = { findExportProblems, reasonToLeaveOut };
