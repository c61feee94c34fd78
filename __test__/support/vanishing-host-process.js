"use strict";

// Runs in a network of its own, which it takes down under the connections of a server: what the kernel sends gets no
// answer, and nothing says so. Writes what was reported, as JSON.

const { execFileSync } = require("node:child_process");

const { startPostgres } = require("../../scripts/embedded-postgres.js");
const { Reports } = require("./faults.js");
const { TestServer } = require("./server.js");
const { until } = require("./wait.js");

/** So often that the connection that publishes always waits for an answer. */
const EMIT_MS = 20;

/** @param {"up" | "down"} state */
const setNetwork = (state) =>
  execFileSync("ip", ["link", "set", "lo", state], { stdio: "pipe" });

async function main() {
  const { pool } = JSON.parse(process.argv[2] ?? "{}");
  setNetwork("up");
  const postgres = await startPostgres();
  const reports = new Reports();
  const server = new TestServer({
    connectionString: postgres.connectionString,
    options: { errorHandler: reports.errorHandler },
    pool,
  });
  const areConnected = () =>
    Object.values(server.adapter().stats().connections).every(
      ({ state }) => state === "connected",
    );
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  try {
    await until(areConnected);
    timer = setInterval(() => server.io.emit("number", 1), EMIT_MS);
    await until(() => server.adapter().stats().published.batches > 10);
    setNetwork("down");
    // how each was lost; that it cannot be made again is reported after that
    const lost = await Promise.all(
      ["listener", "publisher"].map((link) =>
        until(
          () =>
            reports.errors.find(({ message }) => message.startsWith(link))
              ?.message,
          { message: () => `the ${link} lost; ${reports.text}` },
        ),
      ),
    );
    setNetwork("up");
    await until(areConnected);
    console.log(JSON.stringify(lost));
  } finally {
    clearInterval(timer);
    await server.close();
    await postgres.dispose();
  }
}

void main();
