"use strict";

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
  const text = JSON.stringify(
    value,
    /**
     * @this {any}
     * @param {string} key
     * @param {unknown} afterToJSON
     */
    function (key, afterToJSON) {
      // a Buffer has a toJSON() of its own: the value before it counts
      const before = this[key];
      const binary = isBinary(before) ? before : afterToJSON;
      return isBinary(binary)
        ? marker + (parts.push(toBuffer(binary)) - 1)
        : afterToJSON;
    },
  );
  return { text, parts };
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

module.exports = { hasBinary, detach, attach };
