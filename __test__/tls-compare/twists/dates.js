"use strict";

// Validity periods, and the encodings of their dates.

const { TAG, der } = require("../../support/der.js");
const { longTimeOf, timeOf } = require("../draft.js");
const { pickRole } = require("./extensions.js");

/** @typedef {import("./topology.js").Twists} Twists */

/**
 * @param {number} tag
 * @param {string} text
 */
function time(tag, text) {
  return der(tag, Buffer.from(text));
}

/** Unusual times, most of them invalid in DER. */
const ODD_TIMES = [
  [TAG.GENERALIZED_TIME, "99991231235959Z"],
  [TAG.GENERALIZED_TIME, "20500101000000Z"],
  [TAG.GENERALIZED_TIME, "00000101000000Z"],
  [TAG.GENERALIZED_TIME, "19000101000000Z"],
  [TAG.GENERALIZED_TIME, "20991231235959"],
  [TAG.GENERALIZED_TIME, "20991231235959.5Z"],
  [TAG.GENERALIZED_TIME, "20991231235959+0100"],
  [TAG.GENERALIZED_TIME, "209912312359Z"],
  [TAG.GENERALIZED_TIME, "20991331235959Z"],
  [TAG.GENERALIZED_TIME, "20990229000000Z"],
  [TAG.GENERALIZED_TIME, ""],
  [TAG.UTC_TIME, "491231235959Z"],
  [TAG.UTC_TIME, "500101000000Z"],
  [TAG.UTC_TIME, "700101000000Z"],
  [TAG.UTC_TIME, "4912312359Z"],
  [TAG.UTC_TIME, "491231235959+0100"],
  [TAG.UTC_TIME, "490230000000Z"],
  [TAG.UTC_TIME, "never"],
  [TAG.UTC_TIME, "20491231235959Z"],
  [TAG.UTF8_STRING, "491231235959Z"],
];

/** @type {Twists} */
const dates = {
  expired: (plan) => {
    const draft = pickRole(plan);
    draft.notBefore = timeOf(-400);
    draft.notAfter = timeOf(-1);
  },
  "not yet valid": (plan) => {
    const draft = pickRole(plan);
    draft.notBefore = timeOf(2);
    draft.notAfter = timeOf(400);
  },
  "valid from its end to its start": (plan) => {
    const draft = pickRole(plan);
    draft.notBefore = timeOf(5);
    draft.notAfter = timeOf(-5);
  },
  "in the long form": (plan) => {
    const draft = pickRole(plan);
    const { random } = plan;
    const [from, to] = random.pick([
      [-2, 2],
      [-9, -2],
      [2, 9],
    ]);
    draft.notBefore = longTimeOf(/** @type {number} */ (from));
    draft.notAfter = longTimeOf(/** @type {number} */ (to));
  },
  "an odd end": (plan) => {
    const draft = pickRole(plan);
    const [tag, text] = plan.random.pick(ODD_TIMES);
    plan.note(`${tag}: ${text}`);
    draft.notAfter = time(Number(tag), String(text));
  },
  "an odd start": (plan) => {
    const draft = pickRole(plan);
    const [tag, text] = plan.random.pick(ODD_TIMES);
    plan.note(`${tag}: ${text}`);
    draft.notBefore = time(Number(tag), String(text));
  },
  "valid without end": (plan) => {
    for (const draft of plan.chain) {
      draft.notAfter = time(TAG.GENERALIZED_TIME, "99991231235959Z");
    }
  },
};

module.exports = { dates };
