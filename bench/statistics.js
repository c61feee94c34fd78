"use strict";

// Medians with their spread; percentiles.

/** @typedef {{ median: number, least: number, most: number, runs: number[] }} Summary */

/**
 * @param {number[]} sorted ascending, not empty
 * @param {number} share 0 to 1
 */
function quantile(sorted, share) {
  const place = (sorted.length - 1) * share;
  const below = Math.floor(place);
  const low = sorted[below] ?? 0;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] ?? 0;
  return low + (high - low) * (place - below);
}

/** @param {number[]} values */
function ascending(values) {
  return Float64Array.from(values).sort();
}

/**
 * @param {number[]} values not empty
 * @returns {Summary}
 */
function summarise(values) {
  const sorted = [...ascending(values)];
  return {
    median: quantile(sorted, 0.5),
    least: sorted[0] ?? 0,
    most: sorted[sorted.length - 1] ?? 0,
    runs: values,
  };
}

/** @param {number[]} values */
function percentiles(values) {
  const sorted = [...ascending(values)];
  return {
    count: sorted.length,
    p50: quantile(sorted, 0.5),
    p99: quantile(sorted, 0.99),
    p999: quantile(sorted, 0.999),
  };
}

module.exports = { percentiles, summarise };
