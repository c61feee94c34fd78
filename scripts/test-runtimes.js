"use strict";

// npm run test:runtimes: every version of Node.js that is supported, Bun and Deno. `npm run test:runtimes -- bun` names
// some.

const { main } = require("./run-steps.js");
const { installRuntime, RUNTIMES } = require("./runtimes.js");
const { SetupError } = require("./setup.js");
const { runtimeSteps } = require("./steps.js");

/** @param {string[]} names */
function chosen(names) {
  const known = RUNTIMES.map(({ name }) => name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new SetupError(
      `No such runtime: ${unknown.join(", ")}. There are: ${known.join(", ")}.`,
    );
  }
  return names.length === 0
    ? RUNTIMES
    : RUNTIMES.filter(({ name }) => names.includes(name));
}

void main(async (signal) => {
  const steps = [];
  for (const runtime of chosen(process.argv.slice(2))) {
    const program = await installRuntime(runtime, signal);
    steps.push(...runtimeSteps(runtime, program));
  }
  return steps;
});
