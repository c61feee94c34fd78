// The same as host.js, as an ES module.

import cluster from "node:cluster";
import { setupPrimary } from "@socket.io/postgres-adapter-rs";
import { runPrimary } from "./host-primary.js";
import { runWorker } from "./host-worker.js";

const options = JSON.parse(process.argv[2] ?? "{}");

if (cluster.isPrimary) {
  runPrimary(setupPrimary, options);
} else {
  runWorker(options);
}
