"use strict";

const { randomUUID } = require("node:crypto");
const { createServer } = require("node:http");

const { createAdapter } = require("@socket.io/postgres-adapter-rs");
const { Pool } = require("pg");
const { Server } = require("socket.io");

const { addJob, createQueue } = require("./queue.js");

const { DATABASE_URL, PORT = "3000" } = process.env;
const LARGEST = 10_000_000;

// For the queue; the adapter reads its settings and leaves its connections alone.
const pool = new Pool({ connectionString: DATABASE_URL });
// An idle connection may break at any time. Without a listener that would end the process.
pool.on("error", (err) => console.error(`Pool: ${err.message}`));

const server = createServer((request, response) => {
  response.writeHead(404).end();
});

const io = new Server(server, {
  adapter: createAdapter(pool, {
    errorHandler: (err) => console.error(err.code, err.message),
  }),
});

io.on("connection", (socket) => {
  socket.on("count primes", async (below, reply) => {
    // whoever asks may be anybody: without an acknowledgement there is nobody to answer
    if (typeof reply !== "function") return;
    if (!Number.isInteger(below) || below < 0 || below > LARGEST) {
      reply({ error: `a number from 0 to ${LARGEST} is needed` });
      return;
    }
    const id = randomUUID();
    // before a worker can know of it: nothing that it says is missed
    socket.join(`job ${id}`);
    try {
      await addJob(pool, { id, below });
      reply({ id });
    } catch (err) {
      console.error(err);
      reply({ error: "the queue takes no jobs at the moment" });
    }
  });
});

async function start() {
  await createQueue(pool);
  server.listen(Number(PORT), () => console.log(`Listening on port ${PORT}`));
}

async function close() {
  await io.close();
  await pool.end();
}

process.once("SIGINT", close);
process.once("SIGTERM", close);

void start();
