"use strict";

// Takes jobs from the queue and tells the clients how far it is. It is not a Socket.IO server.

const {
  setImmediate: nextTurn,
  setTimeout: delay,
} = require("node:timers/promises");

const { Emitter } = require("@socket.io/postgres-adapter-rs");
const { Pool } = require("pg");

const { countPrimes } = require("./primes.js");
const { createQueue, doNextJob } = require("./queue.js");

const PARTS = 10;
const IDLE_MS = 250;

const pool = new Pool({ connectionString: process.env.DATABASE_URL });
// An idle connection may break at any time. Without a listener that would end the process.
pool.on("error", (err) => console.error(`Pool: ${err.message}`));

const emitter = new Emitter(pool, {
  errorHandler: (err) => console.error(err.code, err.message),
});

const ending = new AbortController();
process.once("SIGINT", () => ending.abort());
process.once("SIGTERM", () => ending.abort());

/** @param {import("./queue.js").Job} job */
async function work({ id, below }) {
  let count = 0;
  for (let part = 0; part < PARTS; part += 1) {
    const [from, to] = [part, part + 1].map((n) =>
      Math.floor((below * n) / PARTS),
    );
    count += countPrimes(Number(from), Number(to));
    // to whichever server that client is connected to
    emitter.to(`job ${id}`).emit("progress", (part + 1) / PARTS);
    await nextTurn(); // signals are heard between two parts
  }
  return count;
}

async function main() {
  await createQueue(pool);
  console.log("Waiting for jobs");
  while (!ending.signal.aborted) {
    try {
      const done = await doNextJob(pool, work);
      if (done) {
        emitter.to(`job ${done.job.id}`).emit("result", done.result);
        continue;
      }
    } catch (err) {
      console.error(err); // the job is still in the queue
    }
    await delay(IDLE_MS, undefined, { signal: ending.signal }).catch(() => {});
  }
  await emitter.close(); // resolves when everything is on its way
  await pool.end();
}

void main();
