"use strict";

// npm run lint: the formatters, linters and compilers, without a test.

const { lintSteps } = require("./lint-steps.js");
const { main } = require("./run-steps.js");

void main(lintSteps);
