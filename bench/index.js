"use strict";

// npm run bench: this adapter beside the JavaScript one and the two for Redis, from end to end, in real processes.

const fs = require("node:fs");
const path = require("node:path");
const { ADAPTERS, parseArguments } = require("./arguments");
const { installPeers } = require("./dependencies");
const { describeSurroundings } = require("./machine");
const { killAll } = require("./node-process");
const { runCase } = require("./run-cases");
const { printReport } = require("./report");
const { ratiosOf } = require("./results");
const { judgeAll, judgeMemory } = require("./targets");
const { drawCharts } = require("./charts");
const { startDatabase } = require("./servers/postgres");
const { isRedisInstalled, startRedis } = require("./servers/redis");

/** @typedef {import("./arguments").Options} Options */

const RESULTS = path.join(__dirname, "results");
const CHARTS = path.join(__dirname, "..", "docs", "charts");

/**
 * @param {Options} options
 * @returns {Options} without the adapters that cannot run here
 */
function withoutAbsent(options) {
  const needsRedis = new Set(["redis", "streams"]);
  const isPossible =
    !options.adapters.some((name) => needsRedis.has(name)) ||
    (isRedisInstalled() && installPeers());
  if (isPossible) {
    return options;
  }
  const what =
    "the Redis adapters, which need redis-server (a package of the system) and the packages of bench/.";
  if (process.env["LEAVE_NOTHING_OUT"] === process.platform) {
    throw new Error(`Not to be left out: ${what}`);
  }
  console.log(`Left out: ${what}`);
  const adapters = options.adapters.filter((n) => !needsRedis.has(n));
  return { ...options, adapters };
}

/**
 * @param {Options} options
 * @param {AbortSignal} signal
 */
async function measure(options, signal) {
  const usesRedis =
    options.adapters.includes("redis") || options.adapters.includes("streams");
  const postgres = await startDatabase();
  /** @type {Awaited<ReturnType<typeof startRedis>> | undefined} */
  let redis;
  try {
    redis = usesRedis ? await startRedis() : undefined;
    const surroundings = {
      options,
      signal,
      place: { postgres: postgres.address, redisPort: redis?.port ?? 0 },
      brokerOf: (/** @type {string} */ adapter) =>
        ({
          native: postgres,
          javascript: postgres,
          watched: postgres,
          redis,
          streams: redis,
        })[adapter],
      log: console.log,
    };
    const cases = [];
    for (const benchCase of options.cases) {
      cases.push(await runCase(benchCase, surroundings));
    }
    const brokers = { postgres: postgres.version, redis: redis?.version };
    return { ...describeSurroundings(brokers, options), cases };
  } finally {
    killAll();
    await redis?.close();
    await postgres.close();
  }
}

/** @param {import("./results").Results} results */
function save(results) {
  fs.mkdirSync(RESULTS, { recursive: true });
  const complete = {
    ...results,
    ratios: ratiosOf(results),
    goals: judgeAll(results),
    memoryGoal: judgeMemory(results),
  };
  fs.writeFileSync(
    path.join(RESULTS, "latest.json"),
    `${JSON.stringify(complete, null, 2)}\n`,
  );
}

async function main() {
  const parsed = parseArguments();
  if (!parsed) {
    return;
  }
  const options = withoutAbsent(parsed);
  const interruption = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"]) {
    process.once(signal, () => {
      interruption.abort(new Error(`interrupted by ${signal}`));
      killAll();
    });
  }
  const results = await measure(options, interruption.signal);
  save(results);
  const isComplete = printReport(results);
  if (!options.quick) {
    const folder = options.charts ? CHARTS : RESULTS;
    const names = drawCharts(results, ADAPTERS, folder);
    const drawn = names.length > 0 ? names.join(", ") : "none";
    console.log(
      `\nCharts drawn, those whose cases all adapters have done: ${drawn}.`,
    );
  }
  if (!isComplete) {
    process.exitCode = 1;
  }
}

main().catch((err) => {
  console.error(err instanceof Error ? err.message : err);
  process.exitCode = 1;
});
