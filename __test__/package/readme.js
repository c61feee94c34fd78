"use strict";

// What README.md tells the reader to type and to save.

const path = require("node:path");
const { readCodeBlocks } = require("../../scripts/markdown.js");

const README = path.join(__dirname, "..", "..", "README.md");

/** @typedef {{ file: string, code: string }} Program */

/** @returns {Program[]} */
function programs() {
  return readCodeBlocks(README).flatMap(({ program, code }) =>
    program === undefined ? [] : [{ file: program, code }],
  );
}

/** @returns {string[]} what its commands install, as they name it */
function installedPackages() {
  const lines = readCodeBlocks(README)
    .filter(({ language }) => language === "sh")
    .flatMap(({ code }) => code.split("\n"));
  const words = lines.flatMap(
    (line) => /^npm install (.*)/.exec(line)?.[1]?.trim().split(/\s+/) ?? [],
  );
  return words.filter((word) => !word.startsWith("-"));
}

/** @returns {Program[]} the programs that are Socket.IO servers */
function servers() {
  return programs().filter(({ code }) => code.includes("createAdapter("));
}

/** @returns {Program[]} the programs that send to the servers */
function emitters() {
  return programs().filter(({ code }) => code.includes("new Emitter("));
}

module.exports = { emitters, installedPackages, README, servers };
