"use strict";

const { parseArgs } = require("node:util");
const { CASES } = require("./cases");

const USAGE = `npm run bench -- [options]
  --quick               the main cases, once, briefly: under two minutes
  --case text,binary    only these: ${CASES.map(({ name }) => name).join(", ")}
  --adapters a,b        only these: native, javascript, redis, streams
  --repetitions 3       of each measurement
  --seconds 3           of each measurement, after a warm-up
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
 * @property {import("./cases").Case[]} cases
 * @property {ComparedAdapter[]} adapters
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

/** @returns {Options | undefined} undefined when only the usage was asked for */
function parseArguments() {
  const { values } = parseArgs({
    options: {
      quick: { type: "boolean", default: false },
      case: { type: "string" },
      adapters: { type: "string" },
      repetitions: { type: "string" },
      seconds: { type: "string" },
      "cpu-prof": { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return undefined;
  }
  const quick = values.quick ?? false;
  const chosen = choose("case", values.case, CASES, ({ name }) => name);
  const seconds = positive("seconds", values.seconds, quick ? 1.2 : 3);
  return {
    quick,
    cases: quick && !values.case ? quickCases(chosen) : chosen,
    adapters: choose("adapter", values.adapters, ADAPTERS, (name) => name),
    repetitions: Math.ceil(
      positive("repetitions", values.repetitions, quick ? 1 : 3),
    ),
    durationMs: seconds * 1000,
    warmUpMs: Math.min(1000, seconds * 400),
    profileFolder: values["cpu-prof"],
  };
}

module.exports = { parseArguments };
