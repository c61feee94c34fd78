"use strict";

// One quantity grows, the rest stays.

const { point } = require("./point");

const RECEIVERS = [1, 2, 4, 8];
const NAMESPACES = [1, 10, 100];
const SIZES = [10, 100, 1000, 7000, 10_000, 100_000, 1_000_000];
const RATES = [1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 200_000];

/** @type {import("./index").Case[]} */
const cases = [
  {
    name: "receivers",
    title: "text, 200 bytes, by receivers",
    kind: "exchange",
    points: RECEIVERS.map((receivers) =>
      point({ key: String(receivers), title: `${receivers}`, receivers }),
    ),
    quickPoints: ["8"],
  },
  {
    name: "namespaces",
    title: "text, 200 bytes, by namespaces",
    kind: "exchange",
    points: NAMESPACES.map((namespaces) =>
      point({ key: String(namespaces), title: `${namespaces}`, namespaces }),
    ),
    quickPoints: [],
  },
  {
    name: "sizes",
    title: "text, by bytes",
    kind: "exchange",
    points: SIZES.map((size) =>
      point({
        key: String(size),
        title: `${size}`,
        traffic: { kind: "text", size },
      }),
    ),
    quickPoints: [],
  },
  {
    name: "rates",
    title: "text, 200 bytes, by messages/s that the sender wants",
    kind: "exchange",
    points: RATES.map((perSecond) =>
      point({
        key: String(perSecond),
        title: `${perSecond}/s`,
        pace: { perSecond },
      }),
    ),
    quickPoints: [],
    untilSaturated: true,
  },
];

module.exports = { cases };
