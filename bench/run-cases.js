"use strict";

// Goes through cases, points, repetitions and adapters; a run that fails costs its adapter this point, and is reported.

const { killAll } = require("./node-process");
const { measureExchange, measureMemory } = require("./measure");
const { summarise } = require("./statistics");

/** @typedef {import("./statistics").Summary} Summary */
/** @typedef {import("./node/adapters").AdapterName} AdapterName */
/** @typedef {{ figures: Record<string, Summary>, error?: string }} Outcome */
/** @typedef {{ key: string, title: string, adapters: Partial<Record<AdapterName, Outcome>> }} PointResult */
/** @typedef {{ name: string, title: string, points: PointResult[] }} CaseResult */

/**
 * @typedef {object} Broker
 * @property {() => number | undefined} microseconds
 * @property {() => Promise<unknown>} clean
 */

/**
 * @typedef {object} Surroundings
 * @property {import("./arguments").Options} options
 * @property {Omit<import("./node/adapters").Place, "prefix">} place
 * @property {(adapter: AdapterName) => Broker | undefined} brokerOf
 * @property {AbortSignal} signal
 * @property {(line: string) => void} log
 */

/** An adapter that does less than this part of the wanted rate is saturated. */
const KEEPS_UP = 0.9;

/** No run takes longer, whatever hangs. */
const RUN_LIMIT_MS = 180_000;

let runs = 0;

/**
 * @param {import("./cases").Case} benchCase
 * @param {import("./cases").Point} point
 * @param {AdapterName} adapter
 * @param {Surroundings} surroundings
 */
async function measureOnce(benchCase, point, adapter, surroundings) {
  const { options, place, brokerOf } = surroundings;
  const broker = brokerOf(adapter);
  await broker?.clean();
  runs += 1;
  const conditions = {
    adapter,
    place: { ...place, prefix: `bench-${runs}` },
    serverMicroseconds: () => broker?.microseconds(),
    warmUpMs: options.warmUpMs,
    durationMs: options.durationMs,
    profileFolder: options.profileFolder,
  };
  const limit = setTimeout(killAll, RUN_LIMIT_MS);
  try {
    return await (benchCase.kind === "memory"
      ? measureMemory(point, conditions)
      : measureExchange(point, conditions));
  } finally {
    clearTimeout(limit);
  }
}

/** @param {import("./measure").Figures[]} all */
function summariseFigures(all) {
  /** @type {Record<string, Summary>} */
  const summaries = {};
  for (const name of Object.keys(all[0] ?? {})) {
    summaries[name] = summarise(all.map((figures) => figures[name] ?? NaN));
  }
  return summaries;
}

/**
 * Each repetition begins with another adapter, so that none is always measured on a machine that is warmer.
 *
 * @template T
 * @param {T[]} items
 * @param {number} by
 */
function rotated(items, by) {
  const at = by % Math.max(1, items.length);
  return [...items.slice(at), ...items.slice(0, at)];
}

/** @param {Record<string, number>} figures */
function describe({ rate, p50, p99, resident }) {
  const parts = [];
  if (rate !== undefined) parts.push(`${Math.round(rate)} messages/s`);
  if (p50 !== undefined) parts.push(`p50 ${Math.round(p50)} µs`);
  if (p99 !== undefined) parts.push(`p99 ${Math.round(p99)} µs`);
  if (resident !== undefined) parts.push(`${resident.toFixed(1)} MB`);
  return parts.join(", ");
}

/**
 * @param {import("./cases").Case} benchCase
 * @param {import("./cases").Point} point
 * @param {AdapterName[]} adapters
 * @param {Surroundings} surroundings
 * @returns {Promise<PointResult>}
 */
async function runPoint(benchCase, point, adapters, surroundings) {
  const { options, signal, log } = surroundings;
  /** @type {Map<AdapterName, import("./measure").Figures[]>} */
  const measured = new Map(adapters.map((adapter) => [adapter, []]));
  /** @type {Map<AdapterName, string>} */
  const errors = new Map();
  for (let round = 0; round < options.repetitions; round++) {
    for (const adapter of rotated(adapters, round)) {
      signal.throwIfAborted();
      if (errors.has(adapter)) continue;
      const label = `${benchCase.name} ${point.title} ${adapter}`;
      try {
        const figures = await measureOnce(
          benchCase,
          point,
          adapter,
          surroundings,
        );
        measured.get(adapter)?.push(figures);
        log(`${label}: ${describe(figures)}`);
      } catch (err) {
        signal.throwIfAborted();
        const { message } = /** @type {Error} */ (err);
        errors.set(adapter, message);
        log(`${label}: FAILED: ${message}`);
      }
    }
  }
  /** @type {PointResult} */
  const result = { key: point.key, title: point.title, adapters: {} };
  for (const [adapter, all] of measured) {
    const error = errors.get(adapter);
    const figures = error ? {} : summariseFigures(all);
    result.adapters[adapter] = { figures, error };
  }
  return result;
}

/**
 * @param {import("./cases").Point} point
 * @param {Outcome | undefined} outcome
 */
function keptUp({ pace }, outcome) {
  const rate = outcome?.figures["rate"];
  return (
    typeof pace !== "object" ||
    (rate !== undefined && rate.median >= pace.perSecond * KEEPS_UP)
  );
}

/**
 * @param {import("./cases").Case} benchCase
 * @param {Surroundings} surroundings
 * @returns {Promise<CaseResult>}
 */
async function runCase(benchCase, surroundings) {
  /** @type {AdapterName[]} */
  let adapters = [...surroundings.options.adapters];
  if (benchCase.kind === "memory") {
    adapters.push("none");
  }
  /** @type {PointResult[]} */
  const points = [];
  for (const point of benchCase.points) {
    const result = await runPoint(benchCase, point, adapters, surroundings);
    points.push(result);
    if (benchCase.untilSaturated) {
      adapters = adapters.filter((adapter) =>
        keptUp(point, result.adapters[adapter]),
      );
    }
  }
  return { name: benchCase.name, title: benchCase.title, points };
}

module.exports = { runCase };
