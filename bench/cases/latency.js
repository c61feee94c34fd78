"use strict";

const { point } = require("./point");

/** @type {import("./index").Case[]} */
const cases = [
  {
    name: "latency",
    title: "latency at 300 messages/s, 200 bytes",
    kind: "exchange",
    points: [point({ pace: { perSecond: 300 } })],
    quickPoints: [""],
  },
];

module.exports = { cases };
