"use strict";

// One host: a primary and its workers, which share a port. Run it on as many machines as you like:
//
//   PORT=3000 WORKERS=2 DATABASE_URL=postgres://… node examples/cluster/host.js

/** @type {import("node:cluster").Cluster} whose declarations know it as an ES module only */
const cluster = /** @type {any} */ (require("node:cluster"));
const { createAdapter } = require("@socket.io/cluster-adapter");
const { Pool } = require("pg");
const { Server } = require("socket.io");
const { setupPrimary } = require("../../index.js");

const {
  DATABASE_URL,
  HOST_NAME = "host",
  PORT = "3000",
  WORKERS = "2",
} = process.env;

function runPrimary() {
  // so that binary content passes between the processes as it is
  cluster.setupPrimary({ serialization: "advanced" });

  const primary = setupPrimary(new Pool({ connectionString: DATABASE_URL }), {
    errorHandler: (err) => console.error(`${HOST_NAME}: ${err.message}`),
  });

  cluster.on("listening", (worker, { port }) => {
    console.log(`${HOST_NAME}: worker ${worker.id} listens on port ${port}`);
    process.send?.({ port });
  });

  for (let i = 0; i < Number(WORKERS); i += 1) {
    cluster.fork();
  }

  const end = () => cluster.disconnect(() => void primary.close());
  process.once("SIGINT", end);
  process.once("SIGTERM", end);
}

function runWorker() {
  const worker = /** @type {import("node:cluster").Worker} */ (cluster.worker);
  const name = `${HOST_NAME}, worker ${worker.id}`;

  // HTTP long-polling would need sticky sessions: the requests of a client go to any worker
  const io = new Server(Number(PORT), {
    transports: ["websocket"],
    adapter: createAdapter(),
  });

  io.on("connection", (socket) => {
    socket.on("count servers", async (reply) => {
      reply(await /** @type {any} */ (io.of("/").adapter).serverCount());
    });
    socket.on("say", (text) => {
      io.emit("said", `${text} (through ${name})`);
    });
  });

  worker.on("disconnect", () => void io.close());
  // Ctrl-C reaches the workers as well: the primary lets them go
  process.on("SIGINT", () => {});
}

if (cluster.isPrimary) {
  runPrimary();
} else {
  runWorker();
}
