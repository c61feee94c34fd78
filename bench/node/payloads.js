"use strict";

// What the messages say: nothing that compresses better than what applications send. The same in every run.

/** So many bytes of different payloads: far more than one batch of any adapter holds. */
const POOL_BYTES = 4 * 2 ** 20;
const POOL_BOUNDS = { least: 8, most: 8192 };

const VOCABULARY_WORDS = 2000;

/** @typedef {() => number} Random from 0 to 1 */

/**
 * Marsaglia's xorshift, 32 bits.
 *
 * @param {number} seed
 * @returns {Random}
 */
function seeded(seed) {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** @param {Random} random */
function word(random) {
  const length = 2 + Math.floor(random() * 9);
  const codes = Array.from(
    { length },
    () => 97 + Math.floor(random() ** 1.5 * 26),
  );
  return String.fromCharCode(...codes);
}

/**
 * Words of a language: some frequent, most rare.
 *
 * @param {number} size
 * @param {Random} random
 */
function textOf(size, random) {
  const vocabularyRandom = seeded(1);
  const vocabulary = Array.from({ length: VOCABULARY_WORDS }, () =>
    word(vocabularyRandom),
  );
  return () => {
    let text = "";
    while (text.length < size) {
      text += `${vocabulary[Math.floor(random() ** 3 * VOCABULARY_WORDS)]} `;
    }
    return text.slice(0, size);
  };
}

/**
 * Records of 20 bytes: who, when, and where in three dimensions.
 *
 * @param {number} size
 * @param {Random} random
 */
function recordsOf(size, random) {
  let time = 1_700_000_000_000;
  return () => {
    const buffer = Buffer.alloc(size);
    for (let at = 0; at + 20 <= size; at += 20) {
      time += Math.floor(random() * 20);
      buffer.writeUInt16LE(Math.floor(random() * 500), at);
      buffer.writeUIntLE(time, at + 2, 6);
      for (let axis = 0; axis < 3; axis++) {
        buffer.writeFloatLE(random() * 1000, at + 8 + axis * 4);
      }
    }
    return buffer;
  };
}

/**
 * As of pictures, sound, or anything that is compressed already.
 *
 * @param {number} size
 * @param {Random} random
 */
function noiseOf(size, random) {
  return () =>
    Buffer.from(Array.from({ length: size }, () => Math.floor(random() * 256)));
}

const KINDS = { text: textOf, records: recordsOf, noise: noiseOf };

/**
 * Payloads in turns, made when they are first asked for.
 *
 * @param {keyof typeof KINDS} kind
 * @param {number} size
 * @returns {() => string | Buffer}
 */
function payloads(kind, size) {
  const { least, most } = POOL_BOUNDS;
  const count = Math.max(least, Math.min(most, Math.floor(POOL_BYTES / size)));
  /** @type {(string | Buffer)[]} */
  let pool = [];
  let at = 0;
  return () => {
    if (pool.length === 0) {
      const make = KINDS[kind](size, seeded(size));
      pool = Array.from({ length: count }, () => make());
    }
    at = (at + 1) % count;
    return /** @type {string | Buffer} */ (pool[at]);
  };
}

module.exports = { payloads };
