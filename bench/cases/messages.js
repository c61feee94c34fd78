"use strict";

// One sender, one receiver, as fast as it goes: kinds of messages.

const { point } = require("./point");

/** @typedef {import("../node/traffic").TrafficKind} TrafficKind */

/**
 * @param {string} name
 * @param {string} title
 * @param {TrafficKind} kind
 * @param {number} size
 * @param {boolean} inQuick
 * @returns {import("./index").Case}
 */
function messageCase(name, title, kind, size, inQuick) {
  const pace = kind === "acknowledgement" ? "acknowledge" : "saturate";
  const quickPoints = inQuick ? [""] : [];
  const points = [point({ traffic: { kind, size }, pace })];
  return { name, title, kind: "exchange", points, quickPoints };
}

const cases = [
  messageCase("text", "text, 200 bytes", "text", 200, true),
  messageCase("binary", "binary, 1 kB", "binary", 1000, true),
  messageCase("noise", "incompressible binary, 1 kB", "noise", 1000, false),
  messageCase("large", "text, 50 kB", "text", 50_000, true),
  messageCase(
    "elsewhere",
    "rooms elsewhere, 200 bytes",
    "elsewhere",
    200,
    true,
  ),
  messageCase("mix", "90 % text, 9 % binary, 1 % large", "mix", 200, false),
  messageCase("ack", "acknowledgements", "acknowledgement", 200, false),
];

module.exports = { cases };
