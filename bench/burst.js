"use strict";

// How many broadcasts of 200 bytes get from one server process to another: this adapter and the JavaScript one, in
// turns, on the same PostgreSQL. `node bench/burst.js [messages] [repetitions]`

const { fork } = require("node:child_process");
const { once } = require("node:events");
const os = require("node:os");
const path = require("node:path");
const { setTimeout: delay } = require("node:timers/promises");
const { Client } = require("pg");
const { startPostgres } = require("../scripts/embedded-postgres");

const MESSAGES = Number(process.argv[2] ?? 20_000);
const REPETITIONS = Number(process.argv[3] ?? 3);
const GIVE_UP_MS = 120_000;

/** @typedef {(command: string, count?: number) => Promise<any>} Ask */

/**
 * @param {string} adapter
 * @param {string} connectionString
 */
function startNode(adapter, connectionString) {
  const child = fork(path.join(__dirname, "burst-node.js"), [
    adapter,
    connectionString,
  ]);
  /** @type {Ask} */
  const ask = async (command, count = 0) => {
    child.send({ command, count });
    return (await once(child, "message"))[0];
  };
  const close = async () => {
    child.kill();
    await once(child, "exit");
  };
  return { ask, close };
}

/**
 * @param {string} adapter
 * @param {string} connectionString
 * @returns {Promise<number>} messages per second
 */
async function run(adapter, connectionString) {
  const sender = startNode(adapter, connectionString);
  const receiver = startNode(adapter, connectionString);
  try {
    while (
      (await sender.ask("peers")) < 2 ||
      (await receiver.ask("peers")) < 2
    ) {
      await delay(50);
    }
    await receiver.ask("receive");
    const startedAt = await sender.ask("send", MESSAGES);
    const deadline = Date.now() + GIVE_UP_MS;
    for (;;) {
      const { received, lastAt } = await receiver.ask("received");
      if (received > MESSAGES) {
        throw new Error(`${adapter}: ${received} of ${MESSAGES} messages`);
      }
      if (received === MESSAGES) {
        return MESSAGES / ((lastAt - startedAt) / 1000);
      }
      if (Date.now() > deadline) {
        throw new Error(`${adapter}: only ${received} of ${MESSAGES} arrived`);
      }
      await delay(100);
    }
  } finally {
    await Promise.all([sender.close(), receiver.close()]);
  }
}

/** @param {number[]} values */
function summary(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const [least, median, most] = [
    sorted[0],
    sorted[Math.floor(sorted.length / 2)],
    sorted[sorted.length - 1],
  ].map((value) => Math.round(value ?? 0));
  return { least, median: median ?? 0, most };
}

/** @param {string} connectionString */
async function createTable(connectionString) {
  const client = new Client({ connectionString });
  await client.connect();
  await client.query(
    "CREATE TABLE IF NOT EXISTS socket_io_attachments (id bigserial UNIQUE, created_at timestamptz DEFAULT NOW(), payload bytea)",
  );
  await client.end();
}

async function main() {
  const postgres = await startPostgres();
  try {
    await createTable(postgres.connectionString);
    /** @type {Record<string, number[]>} */
    const rates = { native: [], javascript: [] };
    for (let repetition = 0; repetition < REPETITIONS; repetition++) {
      for (const adapter of Object.keys(rates)) {
        const rate = await run(adapter, postgres.connectionString);
        rates[adapter]?.push(rate);
        console.log(`${adapter}: ${Math.round(rate)} messages/s`);
      }
    }
    const native = summary(rates.native ?? []);
    const javascript = summary(rates.javascript ?? []);
    console.table({ native, javascript });
    console.log(
      `${MESSAGES} messages, ${os.cpus().length} cores, Node.js ${process.version}; all messages arrived; ratio of the medians: ${(native.median / javascript.median).toFixed(1)}`,
    );
  } finally {
    await postgres.dispose();
  }
}

main().catch((err) => {
  console.error(err);
  process.exitCode = 1;
});
