"use strict";

// What a message holds follows from who sends it and its number, so that the receiver can tell whether it is whole.

const { Random } = require("./random.js");

/** Sizes in bytes. Around 8000 the JavaScript adapter loses messages: "payload string too long". */
const SIZES = { text: [0, 3_000], binary: [1, 4_000], large: [12_000, 60_000] };

/**
 * @param {string} sender
 * @param {number} number of the message
 * @param {string} kind
 * @returns {string | Buffer}
 */
function contentOf(sender, number, kind) {
  const random = new Random("content", sender, number);
  const size = (/** @type {number[]} */ [from = 0, to = 0]) =>
    random.integer(from, to);
  switch (kind) {
    case "binary":
      return Buffer.alloc(size(SIZES.binary), number % 256);
    case "large":
      return number % 2 === 0
        ? Buffer.alloc(size(SIZES.large), number % 256)
        : `${number} ž `.repeat(size(SIZES.large) / 8);
    default:
      return "x".repeat(size(SIZES.text) / random.integer(1, 50));
  }
}

/**
 * @param {string} sender
 * @param {number} number
 * @param {string} kind
 * @param {unknown} content as it arrived
 */
function isWhole(sender, number, kind, content) {
  const expected = contentOf(sender, number, kind);
  return Buffer.isBuffer(expected)
    ? Buffer.isBuffer(content) && expected.equals(content)
    : expected === content;
}

module.exports = { contentOf, isWhole };
