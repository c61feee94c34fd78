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

/**
 * @param {string} command such as "npm install"
 * @returns {string[][]} the arguments of each such command
 */
function commands(command) {
  return readCodeBlocks(README)
    .filter(({ language }) => language === "sh")
    .flatMap(({ code }) => code.split("\n"))
    .filter((line) => line.startsWith(`${command} `))
    .map((line) => line.slice(command.length).trim().split(/\s+/));
}

/** @returns {string[]} what it says to install, as it names it */
function installedPackages() {
  return commands("npm install")
    .flat()
    .filter((word) => !word.startsWith("-"));
}

/**
 * @param {string} file
 * @returns {string[] | undefined} the arguments with which it has the file compiled
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
