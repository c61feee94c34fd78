"use strict";

// PostgreSQL's queue of notifications is full: somebody listens, and reads nothing because a transaction is left open.

const assert = require("node:assert/strict");
const { randomBytes } = require("node:crypto");
const { after, before, describe, it } = require("node:test");

const { Client } = require("pg");

const { startPostgres } = require("../../scripts/embedded-postgres.js");
const { untilAcquainted } = require("../support/cluster.js");
const { fillQueue, startSleeper } = require("../support/exhaustion.js");
const { startReportingServers } = require("../support/reporting-servers.js");
const { collect, once, until } = require("../support/wait.js");

const NO_SMALL_QUEUE =
  "does not apply: before PostgreSQL 17 the queue has 8 GB";

/** Eight megabytes, a thousandth of the usual size. */
const SMALL_QUEUE = "ALTER SYSTEM SET max_notify_queue_pages = 1024";

/**
 * @param {import("../../scripts/embedded-postgres.js").EmbeddedPostgres} postgres
 * @returns {Promise<boolean>} whether it can have a small queue: from version 17 on
 */
async function makeQueueSmall(postgres) {
  const admin = new Client(postgres.connectionString);
  await admin.connect();
  const { rows } = await admin.query("SHOW server_version_num");
  const canBeSmall = Number(rows[0].server_version_num) >= 170_000;
  if (canBeSmall) await admin.query(SMALL_QUEUE);
  await admin.end();
  await postgres.stop();
  await postgres.start();
  return canBeSmall;
}

describe("a queue of notifications that is full", () => {
  /** @type {import("../../scripts/embedded-postgres.js").EmbeddedPostgres} */
  let postgres;
  let canBeSmall = false;
  before(async () => {
    postgres = await startPostgres();
    canBeSmall = await makeQueueSmall(postgres);
  });
  after(() => postgres?.dispose());

  it("delays what does not fit, is reported once, and nothing is lost", async (t) => {
    if (!canBeSmall) return t.skip(NO_SMALL_QUEUE);
    const { servers, reports } = await startReportingServers(
      t,
      postgres.connectionString,
    );
    const [near, far] = servers;
    assert.ok(near && far);
    await untilAcquainted(servers);
    const numbers = collect(await far.connect(), "number");
    const local = await near.connect();

    const sleeper = await startSleeper(postgres.connectionString);
    t.after(() => sleeper.end());
    await fillQueue(postgres.connectionString);
    const expected = Array.from({ length: 200 }, (_, number) => number);
    for (const number of expected) {
      near.io.emit("number", number, randomBytes(1500).toString("hex"));
    }
    const { message, cause } = await reports.first("ERR_QUEUE_FULL");
    assert.match(message, /publish: .*NOTIFY queue/);
    assert.equal(cause.code, "54000");
    assert.equal(near.adapter().stats().buffer.dropped, 0);
    const arrival = once(local, "still here");
    near.io.emit("still here");
    await arrival;

    await sleeper.query("COMMIT");
    const values = await numbers.count(expected.length);
    assert.deepEqual(
      values.map(([number]) => number),
      expected,
    );
    const told = reports.codes.filter((code) => code === "ERR_QUEUE_FULL");
    assert.deepEqual(reports.codes, told, reports.text);
  });

  it("drops what waits for too long, and the next finds out that there is room", async (t) => {
    if (!canBeSmall) return t.skip(NO_SMALL_QUEUE);
    const { servers, reports } = await startReportingServers(
      t,
      postgres.connectionString,
      { maxBufferAge: 300 },
    );
    const [near, far] = servers;
    assert.ok(near && far);
    await untilAcquainted(servers);
    const words = collect(await far.connect(), "word");

    const sleeper = await startSleeper(postgres.connectionString);
    t.after(() => sleeper.end());
    await fillQueue(postgres.connectionString);
    near.io.emit("word", "too old");
    await reports.first("ERR_QUEUE_FULL");
    const { message } = await reports.first("ERR_BUFFER_OVERFLOW");
    assert.match(message, /^1 message/);

    await sleeper.query("COMMIT");
    await until(() => {
      near.io.emit("word", "in time");
      return words.values.length > 0;
    });
    assert.ok(words.values.every((word) => word === "in time"));
  });
});
