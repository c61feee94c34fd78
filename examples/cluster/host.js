"use strict";

// One host: a primary and its workers, which share a port.

/** @type {import("node:cluster").Cluster} whose declarations know it as an ES module only */
const cluster = /** @type {any} */ (require("node:cluster"));

const { createAdapter } = require("@socket.io/cluster-adapter");
const { setupPrimary } = require("@socket.io/postgres-adapter-rs");
const { Server } = require("socket.io");

const { DATABASE_URL, PORT = "3000", WORKERS = "2" } = process.env;

function runPrimary() {
  if (!DATABASE_URL) {
    throw new Error("Set DATABASE_URL to a PostgreSQL connection string.");
  }
  // so that binary content passes between the processes as it is
  cluster.setupPrimary({ serialization: "advanced" });

  const primary = setupPrimary(DATABASE_URL, {
    errorHandler: (err) => console.error(err.code, err.message),
  });

  cluster.on("listening", (worker, { port }) => {
    console.log(`Worker ${worker.id} listens on port ${port}`);
  });

  for (let i = 0; i < Number(WORKERS); i += 1) {
    cluster.fork();
  }

  const close = () => {
    // disconnect() waits for connections to end, which those of WebSockets never do by themselves
    for (const worker of Object.values(cluster.workers ?? {})) {
      worker?.send("close");
    }
    cluster.disconnect(() => primary.close());
  };
  process.once("SIGINT", close);
  process.once("SIGTERM", close);
}

/** @param {import("node:cluster").Worker} worker */
function runWorker(worker) {
  // HTTP long-polling would need sticky sessions: the requests of a client go to any worker
  const io = new Server(Number(PORT), {
    transports: ["websocket"],
    adapter: createAdapter(),
  });

  io.on("connection", (socket) => {
    console.log(`Worker ${worker.id} has a client`);
    socket.join("news");
    socket.on("message", (text) => {
      io.to("news").emit("message", text); // reaches the clients of every worker of every host
    });
  });

  worker.on("message", (message) => {
    if (message === "close") io.close();
  });
  // a terminal or a service manager sends them to the workers as well, but it is the primary that lets them go
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => {});
}

if (cluster.worker) {
  runWorker(cluster.worker);
} else {
  runPrimary();
}
