"use strict";

// npm run test:package: the packages, installed by every package manager into every version of Node.js.

const { main } = require("./run-steps.js");
const { packageSteps } = require("./steps.js");

void main(() => packageSteps({ wholeMatrix: true }));
