"use strict";

// The report on a comparison: every failed case, and a table of counts.

const { readName } = require("./cases.js");

/** @typedef {import("./compare.js").Kind} Kind */
/** @typedef {import("./compare.js").Outcome} Outcome */

/** @type {readonly Kind[]} */
const COLUMNS = [
  "accepted",
  "refused",
  "skipped",
  "knownRefusal",
  "unexplained",
  "wronglyAccepted",
  "late",
  "crashed",
];

/** @type {ReadonlySet<Kind>} */
const FAILURES = new Set(["unexplained", "wronglyAccepted", "late", "crashed"]);

/**
 * @param {Outcome[]} outcomes
 * @param {{ requireReasons?: boolean }} [options] true fails a refusal that does not give the reason of `pg`
 * @returns {Outcome[]} the failed cases
 */
function failuresOf(outcomes, { requireReasons = true } = {}) {
  return outcomes.filter(
    ({ kind, hasReason }) =>
      FAILURES.has(kind) || (requireReasons && hasReason === false),
  );
}

/** @param {Outcome} outcome */
function describeOutcome(outcome) {
  const { name, kind, description, pg, engine } = outcome;
  const lines = [`${kind}: ${name}`, `  ${description}`];
  if (pg) lines.push(`  pg: ${describeOpinion(pg)}`);
  if (engine) lines.push(`  engine: ${describeOpinion(engine)}`);
  // there are names with NUL, which makes a file unreadable for other programs
  return lines
    .join("\n")
    .replaceAll(/(?!\n)\p{Cc}/gu, (character) =>
      JSON.stringify(character).slice(1, -1),
    );
}

/** @param {import("./verdict.js").Opinion} opinion */
function describeOpinion({ startup, code, message, isLate }) {
  if (isLate) return `no verdict (${message})`;
  if (startup === "secured") return "accepted";
  if (startup === "clear") return "accepted, without TLS";
  return `refused, ${code ?? "no code"}: ${message}`;
}

/**
 * @param {Outcome[]} outcomes
 * @param {(outcome: Outcome) => string} nameOf
 * @returns {Map<string, Outcome[]>}
 */
function groupBy(outcomes, nameOf) {
  /** @type {Map<string, Outcome[]>} */
  const groups = new Map();
  for (const outcome of outcomes) {
    const name = nameOf(outcome);
    groups.set(name, [...(groups.get(name) ?? []), outcome]);
  }
  return groups;
}

/** @param {Outcome} outcome */
function groupOf({ name }) {
  const { environment, group } = readName(name);
  return environment ? `${group}, in an environment` : group;
}

/** @param {(string | number)[]} cells */
const row = (cells) => `| ${cells.join(" | ")} |`;

/**
 * @param {Outcome[]} outcomes
 * @returns {string} a table in Markdown
 */
function table(outcomes) {
  const counts = (/** @type {Outcome[]} */ list) =>
    COLUMNS.map((column) => list.filter(({ kind }) => kind === column).length);
  const groups = [...groupBy(outcomes, groupOf)].sort(([a], [b]) =>
    a.localeCompare(b),
  );
  return [
    row(["group", "cases", ...COLUMNS]),
    row(["---", ...COLUMNS.map(() => "--:"), "--:"]),
    ...groups.map(([name, list]) => row([name, list.length, ...counts(list)])),
    row(["all", outcomes.length, ...counts(outcomes)]),
  ].join("\n");
}

/**
 * @param {Outcome[]} outcomes
 * @param {{ requireReasons?: boolean }} [options]
 * @returns {string}
 */
function report(outcomes, options) {
  const known = groupBy(
    outcomes.filter(({ kind }) => kind === "knownRefusal"),
    ({ reason }) => reason ?? "",
  );
  const judged = outcomes.filter(({ hasReason }) => hasReason !== undefined);
  const repeated = judged.filter(({ hasReason }) => hasReason);
  return [
    ...failuresOf(outcomes, options).map(describeOutcome),
    table(outcomes),
    ...[...known].map(
      ([reason, list]) => `${list.length} known refusals: ${reason}`,
    ),
    `${repeated.length} of ${judged.length} refusals of a certificate give the reason of pg`,
  ].join("\n\n");
}

module.exports = { describeOutcome, failuresOf, report };
