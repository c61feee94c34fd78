"use strict";

// A queue of jobs in the database.

/** @typedef {{ id: string, below: number }} Job the primes below a number are to be counted */

// The lock: of several processes that start at the same moment, one creates the table.
const CREATE = `
  SELECT pg_advisory_xact_lock(7401);
  CREATE TABLE IF NOT EXISTS jobs (
    id       uuid PRIMARY KEY,
    position bigserial,
    below    integer NOT NULL
  )`;

const ADD = "INSERT INTO jobs (id, below) VALUES ($1, $2)";

// A row that is locked is another worker's job. If that worker dies, so does its transaction, and the job is free.
const TAKE =
  "SELECT id, below FROM jobs ORDER BY position LIMIT 1 FOR UPDATE SKIP LOCKED";

const REMOVE = "DELETE FROM jobs WHERE id = $1";

/** @param {import("pg").Pool} pool */
async function createQueue(pool) {
  await pool.query(CREATE);
}

/**
 * @param {import("pg").Pool} pool
 * @param {Job} job
 */
async function addJob(pool, { id, below }) {
  await pool.query(ADD, [id, below]);
}

/**
 * Does the next job, if there is one, and removes it.
 *
 * @template T
 * @param {import("pg").Pool} pool
 * @param {(job: Job) => Promise<T>} work
 * @returns {Promise<{ job: Job, result: T } | undefined>}
 */
async function doNextJob(pool, work) {
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    const { rows } = await client.query(TAKE);
    const job = rows[0];
    const done = job && { job, result: await work(job) };
    if (job) await client.query(REMOVE, [job.id]);
    await client.query("COMMIT");
    client.release();
    return done;
  } catch (err) {
    client.release(true); // closes the connection, and with it the transaction
    throw err;
  }
}

module.exports = { addJob, createQueue, doNextJob };
