"use strict";

// `npm run failure-modes [-- NAME…]`: the same faults under this adapter and under the JavaScript one, and what became of
// the messages. The figures are quoted in docs/failure-modes.md.

const { setTimeout: delay } = require("node:timers/promises");

const { FAULTS } = require("./failure-modes/faults.js");
const { openStage } = require("./failure-modes/stage.js");
const { ensureReady } = require("./setup.js");
const { until } = require("../__test__/support/wait.js");

/** @typedef {import("./failure-modes/faults.js").Fault} Fault */
/** @typedef {import("./failure-modes/stage.js").Stage} Stage */

/** How many numbers flow before the fault. */
const WARM_UP = 100;
/** How long they go on once all works again. */
const AFTERMATH_MS = 2_000;

/**
 * @param {number} sent
 * @param {number[]} numbers as they arrived
 */
function account(sent, numbers) {
  const distinct = new Set(numbers);
  let highest = -1;
  let late = 0;
  for (const number of numbers) {
    if (number < highest) late += 1;
    highest = Math.max(highest, number);
  }
  const doubled = numbers.length - distinct.size;
  // what comes for the second time is late as well
  return {
    missing: sent - distinct.size,
    doubled,
    disordered: Math.max(0, late - doubled),
  };
}

/**
 * @param {Stage} stage
 * @param {Fault} fault
 */
async function measure(stage, fault) {
  const { emitter, receiver } = stage;
  await emitter.child.call("emit");
  if (!fault.before) {
    await until(() => receiver.numbers.length >= WARM_UP);
  }
  const start = Date.now();
  let back;
  let sent = 0;
  try {
    await fault.happen(stage);
    if (receiver.end === undefined) back = await stage.untilDelivered();
    await delay(AFTERMATH_MS);
    sent = await emitter.child.call("stop");
    await stage.untilQuiet();
  } catch (err) {
    if (stage.isAlive) throw err;
    sent = Math.max(...emitter.numbers) + 1;
  }
  /** @type {Map<string, number>} */
  const errors = new Map();
  for (const { child, end } of stage.members) {
    const own = end === undefined ? await child.call("errors") : [];
    for (const [name, count] of own) {
      errors.set(name, (errors.get(name) ?? 0) + count);
    }
  }
  return {
    alive: stage.members.map(({ end }) => end ?? "yes").join(", "),
    sent,
    local: sent - new Set(emitter.numbers).size,
    ...account(sent, receiver.numbers),
    back: back === undefined ? "never" : `${(back / 1000).toFixed(1)} s`,
    errors: [...errors].map(([name, count]) => `${count} × ${name}`).join("; "),
    notes: stage.notes.join("; "),
    cause: crashCause(stage),
    seconds: Math.round((Date.now() - start) / 1000),
  };
}

/** @param {Stage} stage */
function crashCause(stage) {
  const stderr = stage.members.map(({ child }) => child.stderr).join("\n");
  return /^\S*error: .*$/im.exec(stderr)?.[0] ?? "";
}

/**
 * @param {Fault} fault
 * @param {string} adapter
 */
async function run(fault, adapter) {
  const stage = await openStage(fault.settings);
  try {
    await fault.before?.(stage);
    await stage.startMembers(adapter);
    if (!fault.before) await stage.untilAcquainted();
    return await measure(stage, fault);
  } finally {
    await stage.close();
  }
}

const COLUMNS = /** @type {const} */ ([
  "alive",
  "sent",
  "missing",
  "doubled",
  "disordered",
  "local",
  "back",
  "errors",
  "notes",
  "cause",
]);

/** @param {string[]} cells */
const row = (cells) => `| ${cells.join(" | ")} |`;

async function main() {
  await ensureReady({ build: true, signal: new AbortController().signal });
  const wanted = process.argv.slice(2);
  const chosen = FAULTS.filter(
    ({ name }) => !wanted.length || wanted.some((part) => name.includes(part)),
  );
  console.log(row(["fault", "adapter", ...COLUMNS]));
  console.log(row(Array(COLUMNS.length + 2).fill("---")));
  for (const fault of chosen) {
    for (const adapter of ["native", "reference"]) {
      const result = await run(fault, adapter);
      const cells = COLUMNS.map((column) => String(result[column]));
      console.log(row([fault.name, adapter, ...cells]));
    }
  }
}

main().catch((err) => {
  console.error(err);
  process.exitCode = 1;
});
