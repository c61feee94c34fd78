"use strict";

const { parseArgs } = require("node:util");
const { CASES } = require("./cases");

const USAGE = `npm run bench -- [options]
  --quick               the main cases, once, briefly: under two minutes
  --case text,binary    only these: ${CASES.map(({ name }) => name).join(", ")}
  --adapters a,b        only these: native, javascript, redis, streams
  --repetitions 3       of each measurement
  --seconds 3           of each measurement, after a warm-up
  --watched             this adapter alone, beside itself while everything that it tells is read
  --charts              draw docs/charts anew; without it charts go to bench/results
  --cpu-prof folder     have every server process write a profile there`;

const ADAPTERS = /** @type {const} */ ([
  "native",
  "javascript",
  "redis",
  "streams",
]);

/** @typedef {(typeof ADAPTERS)[number]} ComparedAdapter */

/**
 * @typedef {object} Options
 * @property {boolean} quick
 * @property {boolean} charts
 * @property {import("./cases").Case[]} cases
 * @property {(ComparedAdapter | "watched")[]} adapters
 * @property {number} repetitions
 * @property {number} durationMs
 * @property {number} warmUpMs
 * @property {string} [profileFolder]
 */

/**
 * @template T
 * @param {string} what
 * @param {string | undefined} list separated by commas; all when absent
 * @param {readonly T[]} known
 * @param {(item: T) => string} nameOf
 * @returns {T[]}
 */
function choose(what, list, known, nameOf) {
  if (list === undefined) {
    return [...known];
  }
  return list.split(",").map((name) => {
    const found = known.find((item) => nameOf(item) === name);
    if (found === undefined) {
      throw new Error(`no such ${what}: ${name}\n\n${USAGE}`);
    }
    return found;
  });
}

/**
 * @param {string} name
 * @param {string | undefined} text
 * @param {number} fallback
 */
function positive(name, text, fallback) {
  const value = text === undefined ? fallback : Number(text);
  if (!(value > 0)) {
    throw new Error(`--${name} must be a positive number\n\n${USAGE}`);
  }
  return value;
}

/** @param {import("./cases").Case[]} cases */
function quickCases(cases) {
  return cases
    .map((each) => ({
      ...each,
      points: each.points.filter(({ key }) => each.quickPoints.includes(key)),
    }))
    .filter(({ points }) => points.length > 0);
}

/**
 * @param {string | undefined} list
 * @param {boolean} watched
 * @returns {Options["adapters"]}
 */
function chooseAdapters(list, watched) {
  if (watched && list === undefined) {
    return ["native", "watched"];
  }
  const chosen = choose("adapter", list, ADAPTERS, (name) => name);
  return watched ? [...chosen, "watched"] : chosen;
}

/** @returns {Options | undefined} undefined when only the usage was asked for */
function parseArguments() {
  const { values } = parseArgs({
    options: {
      quick: { type: "boolean", default: false },
      case: { type: "string" },
      adapters: { type: "string" },
      repetitions: { type: "string" },
      seconds: { type: "string" },
      watched: { type: "boolean", default: false },
      charts: { type: "boolean", default: false },
      "cpu-prof": { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return undefined;
  }
  const { quick = false, charts = false, watched = false } = values;
  if (quick && charts) {
    throw new Error(`--quick measures too briefly for --charts\n\n${USAGE}`);
  }
  const chosen = choose("case", values.case, CASES, ({ name }) => name);
  const seconds = positive("seconds", values.seconds, quick ? 1.2 : 3);
  return {
    quick,
    charts,
    cases: quick && !values.case ? quickCases(chosen) : chosen,
    adapters: chooseAdapters(values.adapters, watched),
    repetitions: Math.ceil(
      positive("repetitions", values.repetitions, quick ? 1 : 3),
    ),
    durationMs: seconds * 1000,
    warmUpMs: Math.min(1000, seconds * 400),
    profileFolder: values["cpu-prof"],
  };
}

module.exports = { ADAPTERS, parseArguments };
