"use strict";

// The example of worker processes: servers that take jobs, and workers that tell the clients how far they are.

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");

const { exampleCommand } = require("../../scripts/examples.js");
const { useDatabase } = require("../support/postgres.js");
const { collect, until } = require("../support/wait.js");
const { spawnExample, startTwo } = require("./example-process.js");
const { startObserver } = require("./observer.js");

const PROGRESS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1];
const ENDED = { code: 0, signal: null, errors: "" };

/** So much that a worker is busy with it for long after somebody has heard of its first part. */
const LONGEST_JOB = 10_000_000;

describe("the example of a worker", () => {
  const database = useDatabase();

  /** @param {import("node:test").TestContext} t */
  async function startWorker(t) {
    const worker = spawnExample(t, "worker", {
      args: exampleCommand("worker", "worker"),
      env: { DATABASE_URL: database.connectionString },
    });
    await worker.untilPrinted(/^Waiting for jobs$/m);
    return worker;
  }

  /**
   * What a worker says while a server does not listen is not kept for it.
   *
   * @param {import("node:test").TestContext} t
   */
  async function untilAllListen(t) {
    const observer = await startObserver(t, database);
    await observer.untilServers(2);
  }

  /** @param {import("socket.io-client").Socket} client */
  function listenTo(client) {
    const progress = collect(client, "progress");
    const result = collect(client, "result");
    return { progress, result };
  }

  it("tells each client about its own job, on whichever server it is", async (t) => {
    const servers = await startTwo(t, "worker", database);
    await untilAllListen(t);
    const workers = [await startWorker(t), await startWorker(t)];
    const clients = await Promise.all(servers.map((each) => each.connect()));
    const heard = clients.map(listenTo);
    const [first, second] = clients;
    assert.ok(first && second);

    const jobs = [
      await first.emitWithAck("count primes", 100_000),
      await second.emitWithAck("count primes", 1_000),
    ];

    for (const { progress, result } of heard) {
      await result.count(1);
      assert.deepEqual(progress.values, PROGRESS);
    }
    const results = heard.map(({ result }) => result.values);
    assert.deepEqual(results, [[9_592], [168]]);
    assert.notEqual(jobs[0].id, jobs[1].id);
    assert.deepEqual(await database.query("SELECT * FROM jobs"), []);

    for (const worker of workers) {
      assert.deepEqual(await worker.end("SIGTERM"), ENDED);
    }
    for (const server of servers) {
      assert.deepEqual(await server.end("SIGTERM"), ENDED);
    }
  });

  it("says what is wrong with a job", async (t) => {
    const [server] = await startTwo(t, "worker", database);
    const client = await server.connect();
    for (const below of [-1, 1.5, 1e9, "7", null]) {
      const { id, error } = await client.emitWithAck("count primes", below);
      assert.equal(id, undefined);
      assert.match(error, /^a number from 0 to /);
    }
  });

  it("is not ended by a client that asks without an acknowledgement", async (t) => {
    const [server] = await startTwo(t, "worker", database);
    const client = await server.connect();
    for (const values of [[-1], [1_000], [1_000, "no function"], []]) {
      client.emit("count primes", ...values);
    }
    const { error } = await client.emitWithAck("count primes", -1);
    assert.match(error, /^a number from 0 to /);
    assert.deepEqual(await database.query("SELECT * FROM jobs"), []);
    assert.deepEqual(await server.end("SIGTERM"), ENDED);
  });

  it("finishes its job before it ends, and leaves it to another one when it dies", async (t) => {
    const [server] = await startTwo(t, "worker", database);
    await untilAllListen(t);
    const client = await server.connect();
    const { progress, result } = listenTo(client);
    const doomed = await startWorker(t);
    await client.emitWithAck("count primes", LONGEST_JOB);
    await progress.count(1);
    await doomed.kill();
    assert.ok(progress.values.length < PROGRESS.length);
    // the job is free again; this waits until it is
    await database.query("UPDATE jobs SET below = 1000000");

    const worker = await startWorker(t);
    const begins = () => progress.values.lastIndexOf(PROGRESS[0]);
    await until(() => begins() > 0, { message: "a second beginning" });
    assert.deepEqual(await worker.end("SIGINT"), ENDED);

    assert.deepEqual(await result.count(1), [78_498]);
    assert.deepEqual(progress.values.slice(begins()), PROGRESS);
    assert.deepEqual(await database.query("SELECT * FROM jobs"), []);
  });
});
