"use strict";

// npm run lint: the formatters, linters and compilers, without a test.

const { main } = require("./run-steps.js");
const { lintSteps } = require("./steps.js");

void main(lintSteps);
