"use strict";

const { isBoxedPrimitive } = require("node:util").types;

/**
 * Binary content travels beside the JSON text of a message. In the text a part stands as the string
 * `<marker><index>`; the marker is random and never leaves the process, so no user's string can be taken for one.
 */

/**
 * @param {unknown} value
 * @returns {value is ArrayBuffer | SharedArrayBuffer | ArrayBufferView}
 */
function isBinary(value) {
  return (
    ArrayBuffer.isView(value) ||
    value instanceof ArrayBuffer ||
    (typeof SharedArrayBuffer === "function" &&
      value instanceof SharedArrayBuffer)
  );
}

/** What a stack that overflows means to the one who gave the value. */
const TOO_DEEP = "it holds a cycle, or nests too deep";

/**
 * Whether the JSON form of a value would hold binary content.
 *
 * @param {any} value
 * @param {boolean} [afterToJSON] - `toJSON()` is called once for each value, as `JSON.stringify()` does
 * @returns {boolean}
 */
function hasBinary(value, afterToJSON = false) {
  if (typeof value !== "object" || value === null) {
    return false;
  }
  if (isBinary(value)) {
    return true;
  }
  if (!afterToJSON && typeof value.toJSON === "function") {
    return hasBinary(value.toJSON(), true);
  }
  if (Array.isArray(value)) {
    return value.some((element) => hasBinary(element));
  }
  for (const key in value) {
    if (Object.prototype.hasOwnProperty.call(value, key)) {
      if (hasBinary(value[key])) {
        return true;
      }
    }
  }
  return false;
}

/**
 * The bytes of a binary value, not copied.
 *
 * @param {ArrayBuffer | SharedArrayBuffer | ArrayBufferView} value
 * @returns {Buffer}
 */
function toBuffer(value) {
  return ArrayBuffer.isView(value)
    ? Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    : Buffer.from(value);
}

/**
 * Takes the binary parts out of a value.
 *
 * @param {unknown} value
 * @param {string} marker
 * @returns {{ text: string, parts: Buffer[] }}
 */
function detach(value, marker) {
  /** @type {Buffer[]} */
  const parts = [];
  let copy;
  try {
    copy = withoutBinary(value, "", parts, marker);
  } catch (cause) {
    throw cause instanceof RangeError ? new TypeError(TOO_DEEP) : cause;
  }
  return { text: JSON.stringify(copy), parts };
}

/**
 * A copy of what JSON would make of a value, with a text in the place of each binary part. Not a replacer function of
 * `JSON.stringify()`: before that is asked, a Buffer has become an array of numbers.
 *
 * @param {any} value
 * @param {string} key - what `toJSON()` is told
 * @param {Buffer[]} parts - the parts are added to it
 * @param {string} marker
 * @returns {any}
 */
function withoutBinary(value, key, parts, marker) {
  if (!isBinary(value) && typeof value?.toJSON === "function") {
    value = value.toJSON(key);
  }
  if (isBinary(value)) {
    return marker + (parts.push(toBuffer(value)) - 1);
  }
  if (Array.isArray(value)) {
    return value.map((element, index) =>
      withoutBinary(element, String(index), parts, marker),
    );
  }
  if (typeof value !== "object" || value === null || isBoxedPrimitive(value)) {
    return value;
  }
  // without a prototype, so that a key such as __proto__ is one like any other
  const copy = Object.create(null);
  for (const name of Object.keys(value)) {
    const member = withoutBinary(value[name], name, parts, marker);
    // JSON knows no functions; one called toJSON would be taken for more than that
    if (typeof member !== "function") {
      copy[name] = member;
    }
  }
  return copy;
}

/**
 * Puts the binary parts back into a parsed value, in place.
 *
 * @param {any} value
 * @param {Buffer[]} parts
 * @param {string} marker
 * @returns {any} the value, or the part that it stands for
 */
function attach(value, parts, marker) {
  if (typeof value === "string") {
    return value.startsWith(marker)
      ? parts[Number(value.slice(marker.length))]
      : value;
  }
  if (typeof value === "object" && value !== null) {
    for (const key of Object.keys(value)) {
      const part = attach(value[key], parts, marker);
      if (part !== value[key]) {
        value[key] = part;
      }
    }
  }
  return value;
}

/**
 * Puts binary parts into a parsed event in place of the objects by which Socket.IO's protocol names them.
 *
 * @param {any} value
 * @param {Buffer[]} parts
 * @returns {any} the value, or the part that it stands for
 */
function replacePlaceholders(value, parts) {
  if (typeof value !== "object" || value === null) {
    return value;
  }
  if (value._placeholder === true) {
    return parts[value.num];
  }
  for (const key of Object.keys(value)) {
    value[key] = replacePlaceholders(value[key], parts);
  }
  return value;
}

module.exports = { replacePlaceholders, TOO_DEEP, hasBinary, detach, attach };
