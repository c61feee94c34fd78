"use strict";

const { describeMixedCluster } = require("./mixed-features.js");

describeMixedCluster(["native", "js-0.4"]);
describeMixedCluster(["native", "native", "js-0.4"]);
describeMixedCluster(["native", "js-0.4", "js-0.4"]);
