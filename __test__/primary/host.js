"use strict";

// A Node.js cluster in processes of its own, as CommonJS: the primary, and once more for each of its workers.

const cluster = /** @type {any} */ (require("node:cluster"));

const { runPrimary } = require("./host-primary.js");
const { runWorker } = require("./host-worker.js");

/** @type {import("./host-primary.js").HostOptions} */
const options = JSON.parse(process.argv[2] ?? "{}");

if (options.kind === "js") {
  // @socket.io/postgres-adapter 0.5.0 looks for it there, and with none it throws
  cluster.default = cluster;
}

if (cluster.isPrimary) {
  // a path in a variable: the checker must not follow it
  const path =
    options.kind === "js" ? "@socket.io/postgres-adapter" : "../../index.js";
  runPrimary(require(path).setupPrimary, options);
} else {
  runWorker(options);
}
