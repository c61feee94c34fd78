"use strict";

// The tables at the end of a run.

const { LABELS } = require("./labels");
const { PEERS, ratiosOf } = require("./results");
const { formatTable } = require("./table");
const { judgeAll, judgeMemory } = require("./targets");

/** @typedef {import("./results").Results} Results */
/** @typedef {import("./run-cases").CaseResult} CaseResult */
/** @typedef {import("./statistics").Summary} Summary */

/** Columns of the table of a case: figure, heading. Those that a case does not have are left out. */
const COLUMNS = [
  ["rate", "messages/s"],
  ["delivered", "delivered/s"],
  ["senderLoop", "sender loop µs"],
  ["senderThread", "JS thread µs"],
  ["senderCpu", "CPU µs"],
  ["senderPeak", "peak MB"],
  ["receiverLoop", "receiver loop µs"],
  ["receiverThread", "JS thread µs"],
  ["receiverCpu", "CPU µs"],
  ["receiverPeak", "peak MB"],
  ["serverCpu", "server CPU µs"],
  ["totalCpu", "CPU of all µs"],
  ["p50", "p50 µs"],
  ["p99", "p99 µs"],
  ["p999", "p99.9 µs"],
  ["resident", "resident MB"],
];

/** @type {Record<string, string>} */
const FIGURE_TITLES = {
  rate: "messages/s",
  senderLoop: "event loop, sender",
  receiverLoop: "event loop, receiver",
  senderThread: "JS thread, sender",
  receiverThread: "JS thread, receiver",
  senderCpu: "CPU, sender",
  receiverCpu: "CPU, receiver",
  serverCpu: "CPU, server",
  totalCpu: "CPU, all together",
  p50: "latency p50",
  p99: "latency p99",
  p999: "latency p99.9",
};

/** @param {number} value */
function number(value) {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toLocaleString("en", { maximumFractionDigits: digits });
}

/** @param {number} ratio of costs and of rates alike: 12.3, or 1/12.3 */
function ratioText(ratio) {
  return ratio >= 0.5 ? ratio.toFixed(2) : `1/${(1 / ratio).toFixed(1)}`;
}

/** @param {Summary | undefined} summary */
function cell(summary) {
  if (!summary) {
    return "";
  }
  const { median, least, most, runs } = summary;
  return runs.length > 1
    ? `${number(median)} (${number(least)}–${number(most)})`
    : number(median);
}

/** @param {CaseResult} result */
function caseTable({ title, points }) {
  const outcomes = points.flatMap((point) =>
    Object.entries(point.adapters).map(([adapter, outcome]) => ({
      label: `${point.title} ${LABELS[/** @type {keyof typeof LABELS} */ (adapter)]}`,
      figures: outcome.figures,
      error: outcome.error,
    })),
  );
  const columns = COLUMNS.filter(([figure = ""]) =>
    outcomes.some(({ figures }) => figures[figure]),
  );
  const rows = outcomes.map(({ label, figures, error }) =>
    error
      ? [label.trim(), "failed"]
      : [
          label.trim(),
          ...columns.map(([figure = ""]) => cell(figures[figure])),
        ],
  );
  const headings = columns.map(([, heading = ""]) => heading);
  return formatTable([title, ...headings], rows, 1);
}

/** @param {Results} results */
function ratioTable(results) {
  const ratios = ratiosOf(results);
  const peers = PEERS.filter((peer) =>
    ratios.some(({ against }) => peer in against),
  );
  const rows = ratios.map(({ case: name, title, figure, against }) => [
    `${name} ${title}`.trim(),
    FIGURE_TITLES[figure] ?? figure,
    ...peers.map((peer) => {
      const ratio = against[peer];
      return ratio === undefined ? "" : ratioText(ratio);
    }),
  ]);
  const headings = peers.map((peer) => `/ ${LABELS[peer]}`);
  return formatTable(["this one divided by", "figure", ...headings], rows, 2);
}

/** @param {Results} results */
function targetTable(results) {
  const rows = judgeAll(results).map(
    ({ title, against, wanted, ratio, met }) => [
      title,
      LABELS[/** @type {keyof typeof LABELS} */ (against)],
      wanted,
      ratioText(ratio),
      met ? "yes" : "no",
    ],
  );
  const memory = judgeMemory(results);
  if (memory) {
    const { megabytes, limit, met } = memory;
    const found = `${megabytes.toFixed(1)} MB`;
    rows.push([
      "memory when idle, over the bare process",
      "",
      `at most ${limit} MB`,
      found,
      met ? "yes" : "no",
    ]);
  }
  return formatTable(["goal", "against", "wanted", "found", "met"], rows, 3);
}

/** @param {Results} results */
function failuresOf({ cases }) {
  return cases.flatMap(({ name, points }) =>
    points.flatMap((point) =>
      Object.entries(point.adapters).flatMap(([adapter, { error }]) =>
        error ? [`${name} ${point.title} ${adapter}: ${error}`] : [],
      ),
    ),
  );
}

/**
 * @param {Results} results
 * @returns {boolean} whether every run was complete
 */
function printReport(results) {
  const { machine, versions, settings, date } = results;
  console.log(
    `\n${date}, ${machine.system}, ${machine.cores} × ${machine.processor}`,
  );
  console.log(
    Object.entries(versions)
      .map((pair) => pair.join(" "))
      .join(", "),
  );
  console.log(
    `${settings.repetitions} × ${settings.secondsOfEachRun} s each: median (least–most)`,
  );
  for (const result of results.cases) {
    console.log(`\n${caseTable(result)}`);
  }
  console.log(`\n${ratioTable(results)}`);
  console.log(`\n${targetTable(results)}`);
  const failures = failuresOf(results);
  for (const failure of failures) {
    console.log(`\nFAILED: ${failure}`);
  }
  return failures.length === 0;
}

module.exports = { printReport };
