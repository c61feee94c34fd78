"use strict";

/** @typedef {import("./index").Point} Point */

/** @type {Point} one sender, one receiver, 200 bytes of text */
const PLAIN = {
  key: "",
  title: "",
  traffic: { kind: "text", size: 200 },
  receivers: 1,
  namespaces: 1,
  pace: "saturate",
};

/**
 * @param {Partial<Point>} [differences] from the plain point
 * @returns {Point}
 */
function point(differences) {
  return { ...PLAIN, ...differences };
}

module.exports = { point };
