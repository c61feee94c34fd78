"use strict";

// The code blocks of a Markdown file, so that tests can run what the documentation says.

const fs = require("node:fs");

/** The line before a block that is a whole program, with the name of the file that a reader would save it in. */
const PROGRAM = /^<!-- program: (\S+) -->$/;

/** What opens a block (with its language) or closes it; blocks in lists are indented. */
const FENCE = /^(\s*)(`{3,}|~{3,})(.*)$/;

/**
 * @typedef {object} CodeBlock
 * @property {string} file the Markdown file
 * @property {number} line where the block begins, from 1
 * @property {string} language what stands behind the fence; empty if nothing does
 * @property {string} code
 * @property {string} [program] the file to save it in, where the block is a whole program
 */

/**
 * @param {string} file
 * @returns {CodeBlock[]} in the order in which they stand there
 */
function readCodeBlocks(file) {
  const lines = fs.readFileSync(file, "utf8").split("\n");
  /** @type {CodeBlock[]} */
  const blocks = [];
  for (let i = 0; i < lines.length; i++) {
    const [, indent, fence, info] = FENCE.exec(lines[i] ?? "") ?? [];
    if (fence === undefined) continue;
    const end = lines.findIndex(
      (line, index) => index > i && line.trim() === fence,
    );
    if (end < 0) throw new Error(`${file}:${i + 1}: the block has no end`);
    blocks.push({
      file,
      line: i + 1,
      language: info?.trim() ?? "",
      code: lines
        .slice(i + 1, end)
        .map((line) => line.slice(indent?.length ?? 0))
        .join("\n")
        .concat("\n"),
      program: programBefore(lines, i),
    });
    i = end;
  }
  return blocks;
}

/**
 * @param {string[]} lines
 * @param {number} index of the fence
 */
function programBefore(lines, index) {
  const before = lines.slice(0, index).filter((line) => line.trim() !== "");
  return PROGRAM.exec(before.at(-1) ?? "")?.[1];
}

module.exports = { readCodeBlocks };
