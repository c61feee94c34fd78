"use strict";

// npm run test:matrix: the suites against every major version of PostgreSQL. `npm run test:matrix -- 15 16` names some.

const { MAJORS } = require("./postgres-versions.js");
const { main } = require("./run-steps.js");
const { matrixSteps } = require("./steps.js");

void main(() => {
  const majors = process.argv.slice(2).map(Number);
  return (majors.length > 0 ? majors : MAJORS).flatMap(matrixSteps);
});
