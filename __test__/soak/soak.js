"use strict";

// Hours of traffic and faults, or seconds of it; and then the account.

const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { setTimeout: delay } = require("node:timers/promises");

const { Account } = require("./account.js");
const { SoakCluster } = require("./cluster.js");
const { FAULTS, STEPS } = require("./faults.js");
const { Life } = require("./life.js");
const { Random } = require("./random.js");
const { Windows } = require("./windows.js");

/** What a process may grow by, in MB, and from which length of its life on that says something, in seconds. */
const MOST_GROWTH = { rss: 60, heap: 12 };
const TELLING_LIFE_S = 15;

/**
 * @typedef {object} SoakOptions
 * @property {string} seed
 * @property {import("../interop/adapters.js").Kind[]} kinds of the servers
 * @property {number[]} [late] places of servers that join later
 * @property {string[]} [plan] the faults, one after the other; at random for `ms` when absent
 * @property {number} [ms]
 * @property {[from: number, to: number]} calm between the faults, in milliseconds
 * @property {(line: string) => void} log
 */

/**
 * @param {SoakOptions} options
 * @returns {Promise<{ failures: string[], lines: string[] }>}
 */
async function soak(options) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "soak-"));
  const cluster = new SoakCluster(options.kinds, { ...options, folder });
  try {
    await cluster.start();
    await runFaults(cluster, options);
    await cluster.finish();
    const outcome = settle(cluster);
    if (outcome.failures.length === 0) {
      fs.rmSync(folder, { recursive: true, force: true });
    } else {
      const windows = JSON.stringify(cluster.windows, null, 1);
      fs.writeFileSync(path.join(folder, "windows.json"), windows);
      outcome.lines.push(`what everybody did and saw is in ${folder}`);
    }
    return outcome;
  } finally {
    await cluster.dispose();
  }
}

/**
 * @param {SoakCluster} cluster
 * @param {SoakOptions} options
 */
async function runFaults(cluster, { seed, plan, ms = 0, calm: [from, to] }) {
  const random = new Random(seed, "faults");
  const calm = () => delay(random.integer(from, to));
  const end = Date.now() + ms;
  const names = Object.keys(FAULTS);
  for (let i = 0; plan ? i < plan.length : Date.now() < end; i += 1) {
    const name = plan?.[i] ?? random.pick(names);
    await calm();
    await (FAULTS[name] ?? STEPS[name])?.(cluster, random);
  }
  await calm();
}

/** @param {SoakCluster} cluster */
function settle(cluster) {
  const lives = cluster.all.map((node) => new Life(node));
  const account = new Account(lives, new Windows(cluster.windows));
  const tally = account.settle();
  account.settleRequests();
  account.settleReports();
  const memory = lives.map((life) => describeMemory(life, tally));
  for (const { name, isNative, stderr } of cluster.all) {
    if (isNative && stderr) tally.fail(`${name} wrote: ${stderr}`);
  }
  const sent = lives.reduce((sum, life) => sum + life.sent.size, 0);
  const { frames, plain } = cluster.notifications;
  return {
    failures: tally.failures,
    lines: [
      `sent: ${sent}; notifications: ${plain} plain, ${frames} frames; slowest delivery: ${account.slowest} ms`,
      ...describeFaults(cluster),
      ...memory,
      ...tally.lines(),
    ],
  };
}

/** @param {SoakCluster} cluster */
function describeFaults({ windows }) {
  /** @type {Map<string, number[]>} */
  const durations = new Map();
  for (const { fault, from, to } of windows) {
    const kind = fault.replace(/\S+-\d+\.\d+/, "").trim();
    durations.set(kind, [...(durations.get(kind) ?? []), to - from]);
  }
  return [...durations].map(
    ([kind, all]) =>
      `${kind}: ${all.length} times, recovered within ${Math.max(...all)} ms`,
  );
}

/**
 * @param {Life} life
 * @param {import("./tally.js").Tally} tally
 */
function describeMemory(life, tally) {
  const { seconds, rss, heap, growth } = life.memoryGrowth();
  const line = `${life.name}: ${seconds} s, ${rss.toFixed(0)} MB (${growth.rss.toFixed(1)} more), heap ${heap.toFixed(1)} MB (${growth.heap.toFixed(1)} more)`;
  const isTooMuch =
    growth.rss > MOST_GROWTH.rss || growth.heap > MOST_GROWTH.heap;
  if (life.isNative && seconds >= TELLING_LIFE_S && isTooMuch) {
    tally.fail(`memory of ${line}`);
  }
  return line;
}

module.exports = { soak };
