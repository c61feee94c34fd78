"use strict";

// Reads what is in a tarball of npm: https://docs.npmjs.com/cli/v11/commands/npm-pack makes plain ustar archives.

const fs = require("node:fs");
const { gunzipSync } = require("node:zlib");

const BLOCK = 512;

/**
 * @param {Buffer} header
 * @param {number} start
 * @param {number} length
 */
function textAt(header, start, length) {
  return header
    .toString("utf8", start, start + length)
    .split("\0", 1)[0]
    ?.trim();
}

/**
 * @param {string} file
 * @returns {Map<string, Buffer>} the content of each file in it, by its path below `package/`, in the order of their names
 */
function readTarball(file) {
  const archive = gunzipSync(fs.readFileSync(file));
  /** @type {[string, Buffer][]} */
  const files = [];
  for (let at = 0; at + BLOCK <= archive.length;) {
    const header = archive.subarray(at, at + BLOCK);
    const name = [textAt(header, 345, 155), textAt(header, 0, 100)]
      .filter(Boolean)
      .join("/");
    if (name === "") break; // two empty blocks are the end
    const size = Number.parseInt(textAt(header, 124, 12) ?? "", 8);
    const start = at + BLOCK;
    files.push([
      name.replace(/^package\//, ""),
      archive.subarray(start, start + size),
    ]);
    at = start + Math.ceil(size / BLOCK) * BLOCK;
  }
  return new Map(files.sort(([a], [b]) => (a < b ? -1 : 1)));
}

module.exports = { readTarball };
