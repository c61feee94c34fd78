"use strict";

// The commands that the first documents tell the reader to type, and the programs that they tell to save.

const path = require("node:path");
const { readCodeBlocks } = require("../../scripts/markdown.js");

const root = path.join(__dirname, "..", "..");
const README = path.join(root, "README.md");

/** Where a new reader finds programs, in this order. */
const DOCUMENTS = ["README.md", "docs/getting-started.md", "docs/emitter.md"];

/** @typedef {{ file: string, code: string }} Program */

/** @returns {import("../../scripts/markdown.js").CodeBlock[]} */
function blocks() {
  return DOCUMENTS.flatMap((name) => readCodeBlocks(path.join(root, name)));
}

/** @returns {Program[]} */
function programs() {
  return blocks().flatMap(({ program, code }) =>
    program === undefined ? [] : [{ file: program, code }],
  );
}

/**
 * @param {string} command such as "npm install"
 * @returns {string[][]} the arguments of each such command
 */
function commands(command) {
  return blocks()
    .filter(({ language }) => language === "sh")
    .flatMap(({ code }) => code.replaceAll(/\s#.*/g, "").split("\n"))
    .filter((line) => line.startsWith(`${command} `))
    .map((line) => line.slice(command.length).trim().split(/\s+/));
}

/** @returns {string[]} the packages to install, as they are named there */
function installedPackages() {
  const words = commands("npm install").flat();
  return [...new Set(words.filter((word) => !word.startsWith("-")))];
}

/**
 * @param {string} file
 * @returns {string[] | undefined} the arguments to compile the file with
 */
function compilation(file) {
  return commands("npx tsc").find((args) => args.includes(file));
}

/** @returns {Program[]} the programs that are Socket.IO servers */
function servers() {
  return programs().filter(({ code }) => code.includes("createAdapter("));
}

/** @returns {Program[]} the programs that are clients of such servers */
function clients() {
  return programs().filter(({ code }) => code.includes('"socket.io-client"'));
}

/** @returns {Program[]} the programs that send to the servers */
function emitters() {
  return programs().filter(({ code }) => code.includes("new Emitter("));
}

module.exports = {
  clients,
  compilation,
  emitters,
  installedPackages,
  README,
  servers,
};
