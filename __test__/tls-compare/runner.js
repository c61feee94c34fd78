"use strict";

// Runs cases in child processes, each with one environment and at most a few hundred cases.

const { fork } = require("node:child_process");
const { once } = require("node:events");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");

const { readName } = require("./cases.js");
const {
  environments,
  variablesOf,
  writeEnvironmentFiles,
} = require("./environments.js");

/** @typedef {import("./compare.js").Outcome} Outcome */
/** @typedef {{ environment: string, names: string[] }} Batch */

const SCRIPT = path.join(__dirname, "batch-process.js");

/** The maximum of cases for one process. */
const MAX_BATCH_SIZE = 400;
/** The length of the excerpt from the stderr of a crashed process, in characters. */
const MAX_STDERR_LENGTH = 1_500;

/**
 * @param {string[]} names
 * @returns {Batch[]}
 */
function toBatches(names) {
  /** @type {Map<string, string[]>} */
  const byEnvironment = new Map();
  for (const name of names) {
    const { environment } = readName(name);
    const list = byEnvironment.get(environment) ?? [];
    byEnvironment.set(environment, list);
    list.push(name);
  }
  const batches = [];
  for (const [environment, list] of byEnvironment) {
    for (let start = 0; start < list.length; start += MAX_BATCH_SIZE) {
      const part = list.slice(start, start + MAX_BATCH_SIZE);
      batches.push({ environment, names: part });
    }
  }
  return batches;
}

class Runner {
  /**
   * @param {string} folder for temporary files
   * @param {(outcome: Outcome) => void} onOutcome
   */
  constructor(folder, onOutcome) {
    this._folder = folder;
    this._onOutcome = onOutcome;
    this._environments = environments(folder);
  }

  /**
   * @param {Batch} batch
   * @returns {Promise<Batch[]>} the cases that are left after a crash
   */
  async run({ environment, names }) {
    const surroundings = this._environments[environment];
    if (!surroundings) throw new Error(`no environment "${environment}"`);
    const folder = this._folder;
    const child = fork(
      SCRIPT,
      [JSON.stringify({ names, environment, folder })],
      {
        stdio: ["ignore", "inherit", "pipe", "ipc"],
        execArgv: surroundings.flags ?? [],
        env: variablesOf(surroundings, folder),
      },
    );
    let stderr = "";
    child.stderr?.on("data", (chunk) => (stderr += chunk));
    const begun = new Set();
    const left = new Set(names);
    child.on("message", (/** @type {any} */ message) => {
      if (message.begun) begun.add(message.begun);
      if (!message.outcome) return;
      left.delete(message.outcome.name);
      this._onOutcome(message.outcome);
    });
    await once(child, "close");
    if (left.size === 0) return [];
    if (names.length === 1) {
      this._onOutcome({
        name: /** @type {string} */ (names[0]),
        kind: "crashed",
        description: stderr.slice(-MAX_STDERR_LENGTH),
      });
      return [];
    }
    // a case in progress caused the crash: each of those runs again in a process of its own
    const suspects = [...left].filter((name) => begun.has(name));
    const others = [...left].filter((name) => !begun.has(name));
    return [
      ...suspects.map((name) => ({ environment, names: [name] })),
      ...(others.length > 0 ? [{ environment, names: others }] : []),
    ];
  }
}

/**
 * @param {string[]} names of cases
 * @param {{ processes?: number, onOutcome?: (outcome: Outcome, done: number) => void }} [options]
 *   done: the number of outcomes so far
 * @returns {Promise<Outcome[]>}
 */
async function compareAll(names, options = {}) {
  const { processes = os.cpus().length, onOutcome } = options;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "tls-compare-"));
  /** @type {Outcome[]} */
  const outcomes = [];
  const runner = new Runner(folder, (outcome) => {
    outcomes.push(outcome);
    onOutcome?.(outcome, outcomes.length);
  });
  try {
    writeEnvironmentFiles(folder);
    const batches = toBatches(names);
    const work = async () => {
      for (let batch = batches.shift(); batch; batch = batches.shift()) {
        batches.push(...(await runner.run(batch)));
      }
    };
    await Promise.all(Array.from({ length: processes }, work));
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
  return outcomes;
}

/** @returns {string[]} */
function environmentNames() {
  return Object.keys(environments(""));
}

module.exports = { compareAll, environmentNames };
