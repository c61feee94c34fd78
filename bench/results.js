"use strict";

// What a run found, and the ratios that follow from it.

/** @typedef {import("./run-cases").CaseResult} CaseResult */
/** @typedef {import("./node/adapters").AdapterName} AdapterName */

/** @typedef {ReturnType<typeof import("./machine").describeSurroundings> & { cases: CaseResult[] }} Results */

/** @typedef {{ case: string, point: string, title: string, figure: string, against: Record<string, number> }} Ratio */

/** The figures that are compared. */
const COMPARED = [
  "rate",
  "senderLoop",
  "receiverLoop",
  "senderThread",
  "receiverThread",
  "senderCpu",
  "receiverCpu",
  "serverCpu",
  "totalCpu",
  "p50",
  "p99",
  "p999",
];

/** @type {AdapterName[]} */
const PEERS = ["javascript", "redis", "streams", "watched"];

/**
 * @param {Results} results
 * @param {string} caseName
 * @param {string} key
 * @param {AdapterName} adapter
 * @param {string} figure
 * @returns {number | undefined}
 */
function medianOf({ cases }, caseName, key, adapter, figure) {
  const found = cases.find(({ name }) => name === caseName);
  const point = found?.points.find((each) => each.key === key);
  return point?.adapters[adapter]?.figures[figure]?.median;
}

/**
 * @param {Results} results
 * @returns {Ratio[]} the median of this adapter, divided by those of the others
 */
function ratiosOf(results) {
  /** @type {Ratio[]} */
  const ratios = [];
  for (const { name, points } of results.cases) {
    for (const { key, title } of points) {
      for (const figure of COMPARED) {
        const own = medianOf(results, name, key, "native", figure);
        /** @type {Record<string, number>} */
        const against = {};
        for (const peer of PEERS) {
          const theirs = medianOf(results, name, key, peer, figure);
          if (own !== undefined && theirs !== undefined && theirs > 0) {
            against[peer] = own / theirs;
          }
        }
        if (Object.keys(against).length > 0) {
          ratios.push({ case: name, point: key, title, figure, against });
        }
      }
    }
  }
  return ratios;
}

module.exports = { PEERS, medianOf, ratiosOf };
