"use strict";

// npm test: everything. `node scripts/test.js unit parity` runs only the steps with these names.

const { main } = require("./run-steps.js");
const { allSteps } = require("./steps.js");

/**
 * @param {string[]} names
 * @returns {import('./steps.js').Step[]} the steps with these names, or all when there are none
 */
function selectSteps(names) {
  const steps = allSteps();
  const known = new Set(steps.map((step) => step.name));
  const unknown = names.filter((name) => !known.has(name));
  if (unknown.length > 0) {
    const error = new Error(
      `No such step: ${unknown.join(", ")}. There are: ${[...known].join(", ")}.`,
    );
    error.name = "UsageError";
    throw error;
  }
  return names.length === 0
    ? steps
    : steps.filter((step) => names.includes(step.name));
}

void main(() => selectSteps(process.argv.slice(2)));
