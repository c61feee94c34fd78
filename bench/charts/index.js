"use strict";

// Which figures of a run become which chart.

const fs = require("node:fs");
const path = require("node:path");
const { LABELS } = require("../labels");
const { drawBars } = require("./bars");
const { drawLines } = require("./lines");

/** @typedef {import("../results").Results} Results */
/** @typedef {import("../run-cases").CaseResult} CaseResult */
/** @typedef {import("../run-cases").PointResult} PointResult */

const MESSAGE_CASES = ["text", "binary", "large", "elsewhere", "mix", "ack"];

/** @param {Results} results */
function footerOf({ machine, versions, date }) {
  const { cores, processor } = machine;
  const redis = versions["redis-server"];
  const brokers = `PostgreSQL ${versions.postgresql}${redis ? `, Redis ${redis}` : ""}`;
  return `${cores} cores (${processor}), everything on one machine; Node.js ${versions.node}, ${brokers}; ${date.slice(0, 10)}`;
}

/**
 * @param {PointResult | undefined} point
 * @param {string} figure
 * @param {number} [divisor]
 * @returns {import("./bars").Bar[]} of the adapters that did it
 */
function barsOf(point, figure, divisor = 1) {
  return Object.entries(LABELS).flatMap(([adapter, label]) => {
    const outcomes = /** @type {Record<string, any>} */ (point?.adapters ?? {});
    const value = outcomes[adapter]?.figures[figure];
    if (!value) {
      return [];
    }
    const scaled = {
      ...value,
      median: value.median / divisor,
      least: value.least / divisor,
      most: value.most / divisor,
    };
    return [{ className: adapter, label, value: scaled }];
  });
}

/**
 * @param {CaseResult} result
 * @param {string} figure
 * @param {number} [divisor]
 */
function linesOf(result, figure, divisor = 1) {
  return Object.entries(LABELS).flatMap(([adapter, label]) => {
    const points = result.points.flatMap(({ key, adapters }) => {
      const outcomes = /** @type {Record<string, any>} */ (adapters);
      const median = outcomes[adapter]?.figures[figure]?.median;
      return median > 0 ? [{ x: Number(key), y: median / divisor }] : [];
    });
    return points.length > 0 ? [{ className: adapter, label, points }] : [];
  });
}

/**
 * @param {Results} results
 * @returns {Record<string, import("./bars").Panel[]>} the panels of each chart with bars
 */
function panelsOf({ cases }) {
  const pointOf = (/** @type {string} */ name) =>
    cases.find((each) => each.name === name)?.points[0];
  const titleOf = (/** @type {string} */ name) =>
    cases.find((each) => each.name === name)?.title ?? name;
  /** @type {(title: string, unit: string, bars: import("./bars").Bar[]) => import("./bars").Panel} */
  const panel = (title, unit, bars) => ({ title, unit, bars });
  return {
    throughput: MESSAGE_CASES.map((name) =>
      panel(titleOf(name), "messages/s", barsOf(pointOf(name), "rate")),
    ),
    "event-loop": ["text", "elsewhere"].flatMap((name) => [
      panel(
        `${titleOf(name)}: sender`,
        "µs/message",
        barsOf(pointOf(name), "senderLoop"),
      ),
      panel(
        `${titleOf(name)}: receiver`,
        "µs/message",
        barsOf(pointOf(name), "receiverLoop"),
      ),
    ]),
    latency: [
      panel(
        "half of them within",
        "ms",
        barsOf(pointOf("latency"), "p50", 1000),
      ),
      panel("99 % within", "ms", barsOf(pointOf("latency"), "p99", 1000)),
      panel("99.9 % within", "ms", barsOf(pointOf("latency"), "p999", 1000)),
    ],
  };
}

/** @type {Record<string, string>} */
const BAR_TITLES = {
  throughput: "Messages per second, one sender, one receiver",
  "event-loop": "Time of the event loop for each message, under load",
  latency: "Latency at 300 messages/s",
};

const LINE_CHARTS = [
  {
    name: "receivers",
    title: "Messages delivered per second in all, by receivers",
    figure: "delivered",
    divisor: 1,
    xTitle: "receiving servers",
    yTitle: "messages/s",
  },
  {
    name: "namespaces",
    title: "Messages per second, by namespaces",
    figure: "rate",
    divisor: 1,
    xTitle: "namespaces",
    yTitle: "messages/s",
  },
  {
    name: "sizes",
    title: "Messages per second, by size",
    figure: "rate",
    divisor: 1,
    xTitle: "bytes of text",
    yTitle: "messages/s",
  },
  {
    name: "rates",
    title:
      "99 % arrive within, by rate; a line ends where its adapter is saturated",
    figure: "p99",
    divisor: 1000,
    xTitle: "messages/s",
    yTitle: "ms",
  },
];

/**
 * Draws what was measured. A chart of which a case or an adapter is missing stays as it is: it would compare less than
 * it says.
 *
 * @param {Results} results
 * @param {readonly string[]} compared the adapters that a chart must have, all of them and no other
 * @param {string} folder
 * @returns {string[]} the names of the charts that were drawn
 */
function drawCharts(results, compared, folder) {
  const footer = footerOf(results);
  const isWhole = (/** @type {{ className: string }[]} */ drawn) =>
    drawn.map(({ className }) => className).join() === compared.join();
  /** @type {Record<string, string>} */
  const drawn = {};
  for (const [name, panels] of Object.entries(panelsOf(results))) {
    if (panels.every(({ bars }) => isWhole(bars))) {
      drawn[name] = drawBars({ title: BAR_TITLES[name] ?? "", footer, panels });
    }
  }
  for (const { name, figure, divisor, ...titles } of LINE_CHARTS) {
    const result = results.cases.find((each) => each.name === name);
    const lines = result ? linesOf(result, figure, divisor) : [];
    if (isWhole(lines)) {
      drawn[name] = drawLines({ ...titles, footer, lines });
    }
  }
  fs.mkdirSync(folder, { recursive: true });
  for (const [name, svg] of Object.entries(drawn)) {
    fs.writeFileSync(path.join(folder, `${name}.svg`), svg);
  }
  return Object.keys(drawn);
}

module.exports = { drawCharts };
