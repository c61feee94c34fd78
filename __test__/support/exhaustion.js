"use strict";

// A database that has no more of something.

const { Client } = require("pg");

/** What is not accepted any more when the queue of notifications is full. */
const PROGRAM_LIMIT_EXCEEDED = "54000";

/** How many notifications of how many bytes are tried: the last bytes of the queue are filled as well. */
const FILLINGS = [
  [10, 7_900],
  [1, 7_900],
  [1, 100],
  [1, 1],
];

/** @param {string} connectionString */
async function connect(connectionString) {
  const client = new Client(connectionString);
  client.on("error", () => {});
  await client.connect();
  return client;
}

/**
 * @param {string} connectionString
 * @returns {Promise<Client[]>} which have taken every connection there was
 */
async function takeAllConnections(connectionString) {
  /** @type {Client[]} */
  const taken = [];
  for (;;) {
    try {
      taken.push(await connect(connectionString));
    } catch {
      return taken;
    }
  }
}

/**
 * @param {string} connectionString
 * @returns {Promise<Client>} one that listens and, with its transaction open, reads nothing
 */
async function startSleeper(connectionString) {
  const sleeper = await connect(connectionString);
  await sleeper.query("LISTEN something");
  await sleeper.query("BEGIN");
  await sleeper.query("SELECT 1");
  return sleeper;
}

/**
 * Notifies until there is no room, which there always is while nobody sleeps.
 * @param {string} connectionString
 */
async function fillQueue(connectionString) {
  const filler = await connect(connectionString);
  for (const [count, bytes] of FILLINGS) {
    const fill = async () => {
      for (;;) {
        await filler.query(
          `SELECT pg_notify('something', repeat('x', ${bytes}) || n) FROM generate_series(1, ${count}) AS n`,
        );
      }
    };
    await fill().catch((err) => {
      if (err.code !== PROGRAM_LIMIT_EXCEEDED) throw err;
    });
  }
  await filler.end();
}

module.exports = { fillQueue, startSleeper, takeAllConnections };
