"use strict";

// npm run test:matrix: the suites against every major version of PostgreSQL. `npm run test:matrix -- 15 16 order` runs
// one of them against some.

const { ABSENT, MAJORS } = require("./postgres-versions.js");
const { main } = require("./run-steps.js");
const { SetupError } = require("./setup.js");
const { matrixSteps } = require("./steps.js");

void main(() => {
  for (const major of ABSENT) {
    console.log(`left out: PostgreSQL ${major} has no programs here`);
  }
  const args = process.argv.slice(2);
  const majors = args.filter((arg) => /^\d+$/.test(arg)).map(Number);
  const names = args.filter((arg) => !/^\d+$/.test(arg));
  const steps = (majors.length > 0 ? majors : MAJORS)
    .flatMap(matrixSteps)
    .filter(({ name }) => names.length === 0 || names.includes(name));
  if (steps.length === 0) {
    throw new SetupError(`No such suite: ${names.join(", ")}.`);
  }
  return steps;
});
