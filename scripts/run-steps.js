"use strict";

const { countNothing } = require("./count-tests.js");
const { addCargoHomeToPath, ensureReady, root } = require("./setup.js");
const { startPostgres } = require("./embedded-postgres.js");
const { installPostgres, NEWEST } = require("./postgres-versions.js");
const { endingOnSignals, runCommand } = require("./run-command.js");

/** @typedef {import('./steps.js').Step} Step */

/**
 * @typedef {object} Outcome
 * @property {string} title
 * @property {number} passed
 * @property {number} failed
 * @property {string[]} leftOut
 * @property {string[]} inapplicable
 * @property {string} [problem]
 * @property {number} durationMs
 */

// Colours (CARGO_TERM_COLOR=always is common in CI) would hide the numbers from the counters.
const COLOUR_CODE = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, "g");

/**
 * @param {number} ms
 * @returns {string} such as "3.2 s" or "2 min 05 s"
 */
function formatDuration(ms) {
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
}

/**
 * @param {import('./run-command.js').CommandResult} result
 * @param {number} limitMs
 * @returns {string | undefined} what went wrong
 */
function describeProblem(result, limitMs) {
  if (result.timedOut)
    return `hung: ended after the limit of ${formatDuration(limitMs)}`;
  if (result.error) return `could not start: ${result.error.message}`;
  if (result.code === 0) return undefined;
  return result.signal
    ? `ended by ${result.signal}`
    : `exit code ${result.code}`;
}

/**
 * Where a machine is known to have everything, as in CI, LEAVE_NOTHING_OUT names its platform.
 *
 * @param {string[]} leftOut
 * @param {NodeJS.ProcessEnv} env
 * @returns {string | undefined} what is wrong with it
 */
function describeLeftOut(leftOut, env) {
  return leftOut.length > 0 && env.LEAVE_NOTHING_OUT === process.platform
    ? `${leftOut.length} left out, and LEAVE_NOTHING_OUT is set`
    : undefined;
}

/**
 * @param {Step} step
 * @param {NodeJS.ProcessEnv} env
 * @param {AbortSignal} signal
 * @returns {Promise<Outcome>}
 */
async function runStep(step, env, signal) {
  console.log(`\n=== ${step.title}`);
  const startedAt = Date.now();
  const counter = (step.counter ?? countNothing)();
  const onLine = (/** @type {string} */ line) => {
    if (counter.read(line.replace(COLOUR_CODE, ""))) console.log(line);
  };
  /** @type {string | undefined} */
  let problem;
  for (const [command, ...args] of step.commands) {
    const options = {
      cwd: root,
      env: { ...env, ...step.env },
      onLine,
      timeoutMs: step.limitMs,
      signal,
    };
    problem ??= describeProblem(
      await runCommand(command, args, options),
      step.limitMs,
    );
  }
  if (signal.aborted) problem = "interrupted";
  const { passed, failed, leftOut, inapplicable } = counter;
  if (step.counter && passed + failed === 0) problem ??= "no test ran";
  problem ??= describeLeftOut(leftOut, env);
  if (problem !== undefined) console.log(`=== ${step.title}: ${problem}`);
  // A runner that died, and a failed lint step, count no failure of their own.
  const failures = problem === undefined ? failed : Math.max(failed, 1);
  return {
    title: step.title,
    passed,
    failed: failures,
    leftOut,
    inapplicable,
    problem,
    durationMs: Date.now() - startedAt,
  };
}

/**
 * @param {Outcome[]} outcomes
 * @returns {boolean} whether all is well
 */
function summarise(outcomes) {
  console.log("\n=== Summary");
  for (const { title, failed, problem, durationMs } of outcomes) {
    const verdict = failed === 0 ? "ok    " : "FAILED";
    console.log(
      `${verdict} ${formatDuration(durationMs).padStart(12)}  ${title}${problem ? `: ${problem}` : ""}`,
    );
  }
  for (const { title, leftOut, inapplicable } of outcomes) {
    for (const test of inapplicable)
      console.log(`does not apply: ${title}: ${test}`);
    for (const test of leftOut) console.log(`left out: ${title}: ${test}`);
  }
  const passed = outcomes.reduce((sum, outcome) => sum + outcome.passed, 0);
  const failed = outcomes.reduce((sum, outcome) => sum + outcome.failed, 0);
  const skipped = outcomes.reduce(
    (sum, outcome) =>
      sum + outcome.leftOut.length + outcome.inapplicable.length,
    0,
  );
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  return failed === 0;
}

/** The servers of a run: one for each major version of PostgreSQL, started for the first step that wants it. */
class Databases {
  /** @param {AbortSignal} signal */
  constructor(signal) {
    this._signal = signal;
    /** @type {Map<number, import('./embedded-postgres.js').EmbeddedPostgres>} */
    this._servers = new Map();
  }

  /**
   * @param {Step} step
   * @returns {Promise<NodeJS.ProcessEnv>} what tells its tests where to find a server
   */
  async environmentFor({ needsDatabase, postgres = NEWEST }) {
    if (!needsDatabase) return process.env;
    const isGiven = postgres === NEWEST && process.env.TEST_DATABASE_URL;
    if (isGiven) return process.env;
    const native = await installPostgres(postgres, this._signal);
    const server =
      this._servers.get(postgres) ?? (await startPostgres({ native }));
    this._servers.set(postgres, server);
    return {
      ...process.env,
      TEST_DATABASE_URL: server.connectionString,
      // for tests that start servers of their own
      ...(native && { EMBEDDED_POSTGRES: native }),
    };
  }

  async dispose() {
    await Promise.all(
      [...this._servers.values()].map((server) => server.dispose()),
    );
  }
}

/**
 * @param {Step[]} steps
 * @param {AbortSignal} signal
 * @param {Databases} databases
 */
async function runInOrder(steps, signal, databases) {
  /** @type {Outcome[]} */
  const outcomes = [];
  for (const step of steps) {
    if (signal.aborted) break;
    const env = await databases.environmentFor(step);
    outcomes.push(await runStep(step, env, signal));
  }
  return outcomes;
}

/**
 * Sets up what the steps need, runs them all in their order and prints a summary. One PostgreSQL of a version serves
 * them all: the one of TEST_DATABASE_URL, or else one of our own.
 *
 * @param {Step[]} steps
 * @param {AbortSignal} signal
 * @returns {Promise<boolean>} whether every step passed
 */
async function runSteps(steps, signal) {
  await ensureReady({ build: steps.some((step) => step.needsAddon), signal });
  addCargoHomeToPath();
  const databases = new Databases(signal);
  try {
    const outcomes = await runInOrder(steps, signal, databases);
    return summarise(outcomes) && !signal.aborted;
  } finally {
    await databases.dispose();
  }
}

/**
 * The main function of a script: exit code 0 when every step passed, else 1.
 *
 * @param {(signal: AbortSignal) => Step[] | Promise<Step[]>} selectSteps called after the set-up of the npm packages,
 *   which some steps ask for their programs
 */
async function main(selectSteps) {
  try {
    const passed = await endingOnSignals(async (signal) => {
      await ensureReady({ build: false, signal });
      return runSteps(await selectSteps(signal), signal);
    });
    process.exitCode = passed ? 0 : 1;
  } catch (error) {
    const isForPeople =
      error instanceof Error &&
      ["SetupError", "UsageError"].includes(error.name);
    console.error(isForPeople ? error.message : error);
    process.exitCode = 1;
  }
}

module.exports = { main, runStep, summarise };
