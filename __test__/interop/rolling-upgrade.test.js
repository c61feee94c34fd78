"use strict";

const { describeUpgrade } = require("./rolling.js");

describeUpgrade("js-0.5", "native");
