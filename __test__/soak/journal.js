"use strict";

// What a process did and saw, a line each, on disk before the next thing happens: it may be killed at any moment. All
// processes share the clock of the machine.

const fs = require("node:fs");

/**
 * @typedef {[letter: "s", number: number, at: number, target: string]} Sent target: see traffic.js
 * @typedef {[letter: "r", receiver: string, sender: string, number: number, at: number, isWhole: boolean]} Received
 * @typedef {[letter: "q", number: number, at: number, kind: string]} Asked
 * @typedef {[letter: "a", number: number, at: number, error: string | null, answers: number]} Answered
 * @typedef {[letter: "e", at: number, code: string, message: string]} Reported
 * @typedef {[letter: "m", at: number, rss: number, heap: number]} Memory in bytes
 * @typedef {[letter: "d", at: number, reason: string]} Disconnected a client lost its connection
 * @typedef {Sent | Received | Asked | Answered | Reported | Memory | Disconnected} Entry
 */

class Journal {
  /** @param {string} file */
  constructor(file) {
    this._fd = fs.openSync(file, "a");
  }

  /** @param {Entry[]} entries */
  write(...entries) {
    const lines = entries.map((entry) => `${JSON.stringify(entry)}\n`);
    fs.writeSync(this._fd, lines.join(""));
  }
}

/**
 * @param {string} file
 * @returns {Entry[]} without a last line that was cut off
 */
function readJournal(file) {
  const lines = fs.readFileSync(file, "utf8").split("\n");
  lines.pop();
  return lines.map((line) => JSON.parse(line));
}

module.exports = { Journal, readJournal };
