"use strict";

// `npm run failure-modes [-- NAME…]`: the same faults under this adapter and under the JavaScript one, and what became of
// the messages. The figures are quoted in docs/failure-modes.md.

const { setTimeout: delay } = require("node:timers/promises");

const { FAULTS } = require("./failure-modes/faults.js");
const { CREATE_TABLE, openStage } = require("./failure-modes/stage.js");
const { ensureReady } = require("./setup.js");
const { until } = require("../__test__/support/wait.js");

/** @typedef {import("./failure-modes/faults.js").Fault} Fault */
/** @typedef {import("./failure-modes/stage.js").Stage} Stage */

/** How many numbers flow before the fault. */
const WARM_UP = 100;
/** How long a server may take to answer before it is not there any more. */
const ANSWER_MS = 5_000;
/** How long they go on once all works again. */
const AFTERMATH_MS = 1_000;

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
  if (!fault.apart) {
    await until(() => receiver.numbers.length >= WARM_UP);
  }
  const start = Date.now();
  let back;
  let sent = 0;
  try {
    await fault.happen(stage);
    if (!fault.last) {
      if (receiver.end === undefined) back = await stage.untilDelivered();
      await delay(AFTERMATH_MS);
    }
    const isGone = fault.last === "gone";
    if (!isGone) sent = await emitter.child.call("stop");
    await stage.untilQuiet();
    if (isGone) sent = countOf(stage);
  } catch (err) {
    if (stage.isAlive) throw err;
    sent = countOf(stage);
  }
  /** @type {Map<string, number>} */
  const errors = new Map();
  for (const { child, end } of stage.members) {
    const own = end === undefined ? await errorsOf(child) : [];
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
    clients: stage.members.map(describeClient).join(", "),
    notes: stage.notes.join("; "),
    cause: crashCause(stage),
    seconds: Math.round((Date.now() - start) / 1000),
  };
}

/**
 * @param {Stage} stage whose first server cannot be asked any more
 * @returns {number} how many numbers it sent, as far as anybody knows
 */
function countOf({ members }) {
  let count = 0;
  for (const { numbers } of members) {
    for (const number of numbers) count = Math.max(count, number + 1);
  }
  return count;
}

/**
 * @param {import("../__test__/support/child.js").ChildServer} child whose thread may have been ended
 * @returns {Promise<[string, number][]>}
 */
function errorsOf(child) {
  return Promise.race([child.call("errors"), delay(ANSWER_MS, [])]);
}

/** @param {import("./failure-modes/stage.js").Member} member */
function describeClient({ disconnects, failures, others }) {
  return [["cut off", disconnects], ["threw", failures], ...others]
    .filter(([, count]) => count)
    .map(([name, count]) => `${count} × ${name}`)
    .join(" and ");
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
    if (!fault.hasNoTable) await stage.query(CREATE_TABLE);
    stage.setting = { ...fault.setting };
    await fault.prepare?.(stage);
    await stage.startMembers(adapter);
    if (!fault.apart) await stage.untilAcquainted();
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
  "clients",
  "notes",
  "cause",
]);

/** They wait for most of their time. */
const AT_A_TIME = 4;

/** @param {string[]} cells */
const row = (cells) => `| ${cells.join(" | ")} |`;

/**
 * @param {Fault} fault
 * @param {string} adapter
 * @returns {Promise<string>} a row of the table
 */
async function describeRun(fault, adapter) {
  /** @type {string[]} */
  let cells;
  try {
    const result = await run(fault, adapter);
    cells = COLUMNS.map((column) => String(result[column]));
  } catch (err) {
    cells = [`not measured: ${err}`];
  }
  return row([fault.name, adapter, ...cells]);
}

async function main() {
  await ensureReady();
  const wanted = process.argv.slice(2);
  const waiting = FAULTS.filter(
    ({ name }) => !wanted.length || wanted.some((part) => name.includes(part)),
  ).flatMap((fault) =>
    ["native", "reference"].map((adapter) => ({ fault, adapter })),
  );
  console.log(row(["fault", "adapter", ...COLUMNS]));
  console.log(row(Array(COLUMNS.length + 2).fill("---")));
  const work = async () => {
    for (let next; (next = waiting.shift());) {
      console.log(await describeRun(next.fault, next.adapter));
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
}

main().catch((err) => {
  console.error(err);
  process.exitCode = 1;
});
