"use strict";

// What `npm test` consists of; the part of it that is `npm run lint` is in lint-steps.js. Each step is one or more
// commands and what they need.

const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { countCargo, countTap } = require("./count-tests.js");
const { lintSteps } = require("./lint-steps.js");
const { OLDEST } = require("./postgres-versions.js");
const { root } = require("./setup.js");
const { CARGO_LIMIT_MS, TEST_LIMIT_MS } = require("./step-limits.js");

/** Suites that pin the behaviour of the JavaScript adapter: they run against both, which proves that they do. */
const COMPARED_SUITES = new Set(["order", "parity"]);

/** The order in which known suites run, cheap ones first; others follow by name. */
const SUITE_ORDER = ["unit", "parity", "order", "interop", "fault"];

/**
 * @typedef {object} Step
 * @property {string} name what `node scripts/test.js <name>` asks for; shared by steps that belong together
 * @property {string} title the heading
 * @property {[command: string, ...args: string[]][]} commands
 * @property {Record<string, string>} [env] added to the environment
 * @property {number} limitMs for each command, in milliseconds
 * @property {boolean} [needsAddon]
 * @property {boolean} [needsDatabase]
 * @property {number} [postgres] the major version of the database; the newest when absent
 * @property {() => import('./count-tests.js').Counter} [counter] reads the output of a test runner
 */

/** @returns {Step[]} */
function rustSteps() {
  const shared = {
    limitMs: CARGO_LIMIT_MS,
    needsDatabase: true,
    counter: countCargo,
  };
  return [
    {
      name: "core",
      title: "cargo test --no-default-features: the engine without the binding",
      commands: [["cargo", "test", "--no-fail-fast", "--no-default-features"]],
      ...shared,
    },
    {
      name: "cargo",
      title: "cargo test",
      commands: [["cargo", "test", "--no-fail-fast"]],
      ...shared,
    },
  ];
}

/**
 * @param {string} folder
 * @returns {string[]} the test files below it, sorted
 */
function testFiles(folder) {
  const entries = fs.readdirSync(folder, { withFileTypes: true });
  const found = entries.flatMap((entry) => {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) return testFiles(file);
    return entry.name.endsWith(".test.js") ? [file] : [];
  });
  return found.sort();
}

/**
 * @param {string} [version] of Node.js
 * @returns {string[]} the flags of its test runner that it knows
 */
function runnerFlags(version = process.versions.node) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const flags = ["--test"];
  // Before there was a choice of reporters there was TAP only.
  if (major > 18 || minor >= 15) flags.push("--test-reporter=tap");
  if (major > 20 || (major === 20 && minor >= 10)) {
    flags.push(
      `--test-concurrency=${Math.max(1, Math.min(4, os.cpus().length - 1))}`,
    );
  }
  return flags;
}

/**
 * @param {string} suite a folder of `__test__`
 * @returns {Step[]} none for a folder without tests
 */
function suiteSteps(suite) {
  const files = testFiles(path.join(root, "__test__", suite)).map((file) =>
    path.relative(root, file),
  );
  if (files.length === 0) return [];
  /** @type {Step} */
  const step = {
    name: suite,
    title: `node --test __test__/${suite}`,
    commands: [[process.execPath, ...runnerFlags(), ...files]],
    limitMs: TEST_LIMIT_MS,
    needsAddon: true,
    needsDatabase: true,
    counter: countTap,
  };
  if (!COMPARED_SUITES.has(suite)) return [step];
  return ["native", "reference"].map((adapter) => ({
    ...step,
    title: `${step.title}, ADAPTER=${adapter}`,
    env: { ADAPTER: adapter },
  }));
}

/** @returns {Step[]} */
function javascriptSteps() {
  const rank = (/** @type {string} */ suite) =>
    SUITE_ORDER.indexOf(suite) + 1 || SUITE_ORDER.length + 1;
  return fs
    .readdirSync(path.join(root, "__test__"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort((a, b) => rank(a) - rank(b) || a.localeCompare(b))
    .flatMap((suite) =>
      suite === "package" ? packageSteps() : suiteSteps(suite),
    );
}

/**
 * @param {{ wholeMatrix?: boolean }} [options] wholeMatrix: every package manager and version of Node.js, not one of each
 * @returns {Step[]} the packages are made, then tested
 */
function packageSteps({ wholeMatrix = false } = {}) {
  return suiteSteps("package").map((step) => ({
    ...step,
    title: `npm run pack, ${step.title}`,
    commands: [
      [process.execPath, path.join("scripts", "pack.js")],
      ...step.commands,
    ],
    env: { PACKAGE_MATRIX: wholeMatrix ? "all" : "" },
    // it compiles the addon, with another linker
    limitMs: CARGO_LIMIT_MS,
  }));
}

/** What of the suites sees the most of the database, for the oldest version in `npm test`. */
const CLOSEST_TO_DATABASE = [
  "parity/broadcast",
  "parity/fetch-sockets",
  "parity/lifecycle",
  "parity/options",
  "parity/values",
  "order/order",
  "interop/js-emitter",
  "interop/mixed-0.5",
  "fault/connection",
  "fault/restart",
  "fault/table",
];

/** @returns {Step} */
function oldestPostgresStep() {
  const files = CLOSEST_TO_DATABASE.map((name) =>
    path.join("__test__", `${name}.test.js`),
  );
  return {
    name: `postgres-${OLDEST}`,
    title: `PostgreSQL ${OLDEST}: node --test, what sees the most of the database`,
    commands: [[process.execPath, ...runnerFlags(), ...files]],
    limitMs: TEST_LIMIT_MS,
    needsAddon: true,
    needsDatabase: true,
    postgres: OLDEST,
    counter: countTap,
  };
}

/**
 * @param {number} major
 * @returns {Step[]} every test that talks to a database, against this version of PostgreSQL
 */
function matrixSteps(major) {
  const without = new Set([
    "unit",
    "types",
    "docs",
    "demo",
    "package",
    "examples",
  ]);
  return [...rustSteps().slice(0, 1), ...javascriptSteps()]
    .filter(
      ({ name, env }) => !without.has(name) && env?.ADAPTER !== "reference",
    )
    .map((step) => ({
      ...step,
      title: `PostgreSQL ${major}: ${step.title}`,
      postgres: major,
    }));
}

/** What runs in every version of Node.js; the rest is the engine's business, which is the same in all. */
const NODE_SUITES = ["unit", "parity", "life"];

/**
 * @param {import('./runtimes.js').Runtime} runtime
 * @param {string} program where it is
 * @returns {Step[]}
 */
function runtimeSteps({ name, version, flags, runsSuites }, program) {
  const [endToEnd] = suiteSteps("runtimes");
  if (endToEnd === undefined) return [];
  const step = {
    ...endToEnd,
    title: `${name} (${version}): end to end`,
    env: { TEST_RUNTIME: JSON.stringify([program, ...flags]) },
  };
  if (!runsSuites) return [step];
  const suites = NODE_SUITES.flatMap(suiteSteps)
    .filter(({ env }) => env?.ADAPTER !== "reference")
    .map((suite) => ({
      ...suite,
      title: `${name} (${version}): ${suite.title}`,
      commands: suite.commands.map(
        ([, ...args]) =>
          /** @type {[string, ...string[]]} */ ([
            program,
            ...runnerFlags(version),
            ...args.filter((arg) => !arg.startsWith("--")),
          ]),
      ),
    }));
  return [step, ...suites];
}

/** @returns {Step[]} everything, in the order in which it runs */
function allSteps() {
  return [
    ...lintSteps(),
    ...rustSteps(),
    ...javascriptSteps(),
    oldestPostgresStep(),
  ];
}

module.exports = {
  allSteps,
  matrixSteps,
  packageSteps,
  runnerFlags,
  runtimeSteps,
};
