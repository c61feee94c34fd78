"use strict";

// The documents of the repository: every Markdown file that a reader may come to.

const fs = require("node:fs");
const path = require("node:path");
const { readCodeBlocks } = require("../../scripts/markdown.js");

const root = path.join(__dirname, "..", "..");

/** Folders of others, and what is generated. */
const LEFT_OUT = new Set(["node_modules", "target", ".git", "artifacts"]);

/**
 * @param {string} folder
 * @returns {string[]}
 */
function markdownBelow(folder) {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) {
      return LEFT_OUT.has(entry.name) ? [] : markdownBelow(file);
    }
    return entry.name.endsWith(".md") ? [file] : [];
  });
}

/** @returns {string[]} their paths, sorted */
function documents() {
  return markdownBelow(root).sort();
}

/**
 * @param {...string} languages
 * @returns {import("../../scripts/markdown.js").CodeBlock[]} the blocks of all documents in one of these
 */
function blocksIn(...languages) {
  return documents()
    .flatMap(readCodeBlocks)
    .filter(({ language }) => languages.includes(language));
}

/**
 * @param {{ file: string, line: number }} place
 * @returns {string} such as `docs/emitter.md:12`
 */
function placeOf({ file, line }) {
  return `${path.relative(root, file).split(path.sep).join("/")}:${line}`;
}

module.exports = { blocksIn, documents, placeOf, root };
