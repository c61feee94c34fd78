"use strict";

// `npm run tls-compare [-- COUNT SEED]`: compares the verdicts of `pg` and of the native engine on COUNT generated
// databases, valid ones and broken ones. `npm run tls-compare -- NAME…` runs single cases. With `--any-reason` the engine
// may refuse a certificate for another reason than `pg`.

const { ensureReady, SetupError } = require("./setup.js");

const DEFAULT_COUNT = 5_000;
const DEFAULT_SEED = 1;
/** The number of cases between two lines of progress. */
const PROGRESS_INTERVAL = 500;

/**
 * @param {string[]} names of cases
 * @param {{ requireReasons: boolean }} options
 */
async function run(names, options) {
  // they need the npm packages
  const { compareAll } = require("../__test__/tls-compare/runner.js");
  const {
    describeOutcome,
    failuresOf,
    report,
  } = require("../__test__/tls-compare/report.js");
  const start = Date.now();
  const outcomes = await compareAll(names, {
    onOutcome: (_outcome, done) => {
      if (done % PROGRESS_INTERVAL) return;
      console.log(`${done} of ${names.length}`);
    },
  });
  const milliseconds = ((Date.now() - start) / names.length).toFixed(1);
  // a single case is of interest whatever came of it
  const isShort = names.length <= 5;
  console.log(
    isShort
      ? outcomes.map(describeOutcome).join("\n\n")
      : report(outcomes, options),
  );
  const failures = failuresOf(outcomes, options);
  console.log(
    `\n${names.length} cases, ${milliseconds} ms each, ${failures.length} failures`,
  );
  if (failures.length === 0) return;
  console.log("To run one of them alone: npm run tls-compare -- NAME");
  process.exitCode = 1;
}

async function main() {
  await ensureReady();
  const { caseNames, readName } = require("../__test__/tls-compare/cases.js");
  const { environmentNames } = require("../__test__/tls-compare/runner.js");
  const args = process.argv.slice(2);
  const options = { requireReasons: !args.includes("--any-reason") };
  const wanted = args.filter((arg) => arg !== "--any-reason");
  if (wanted.length > 0 && wanted.every((name) => readName(name).group)) {
    return run(wanted, options);
  }
  const [count = DEFAULT_COUNT, seed = DEFAULT_SEED] = wanted.map(Number);
  if (!Number.isInteger(count) || count < 1 || !Number.isInteger(seed)) {
    console.error(
      "usage: npm run tls-compare -- [COUNT [SEED] | NAME…] [--any-reason]",
    );
    process.exitCode = 2;
    return;
  }
  return run(caseNames(count, seed, environmentNames()), options);
}

main().catch((err) => {
  console.error(err instanceof SetupError ? err.message : err);
  process.exitCode = 1;
});
