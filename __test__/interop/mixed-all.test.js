"use strict";

const { describeMixedCluster } = require("./mixed-features.js");

describeMixedCluster(["native", "js-0.5", "js-0.4"]);
