"use strict";
/* oxlint-disable unicorn/require-post-message-target-origin -- windows have an origin, threads do not */

// Adapters in worker threads: each is a server of the cluster, whatever becomes of its thread.

const assert = require("node:assert/strict");
const path = require("node:path");
const { describe, it } = require("node:test");
const { Worker } = require("node:worker_threads");

const { untilAcquainted } = require("../support/cluster.js");
const { useDatabase } = require("../support/postgres.js");
const { TestServer } = require("../support/server.js");
const { collect, once, until, within } = require("../support/wait.js");

const SCRIPT = path.join(__dirname, "worker-server.js");

/** How often workers are ended in the middle of traffic, and how many at a time. */
const ROUNDS = 5;
const WORKERS = 3;

/** @typedef {import("node:test").TestContext} TestContext */

describe("worker threads", () => {
  const database = useDatabase();

  /**
   * @param {TestContext} t
   * @returns {Promise<Worker>} whose server runs
   */
  async function startWorker(t) {
    const worker = new Worker(SCRIPT, {
      workerData: { connectionString: database.connectionString },
    });
    t.after(() => worker.terminate());
    const [event] = await once(worker, "message");
    assert.equal(event, "open");
    return worker;
  }

  /** @param {TestContext} t */
  async function startMain(t) {
    const server = new TestServer({
      connectionString: database.connectionString,
    });
    t.after(() => server.close());
    await server.listen();
    return server;
  }

  it("have servers beside that of the main thread", async (t) => {
    const server = await startMain(t);
    const workers = await Promise.all([startWorker(t), startWorker(t)]);
    await untilAcquainted([server], { count: 3 });
    const client = await server.connect();
    const greetings = collect(client, "greeting");

    const answers = await server.io.serverSideEmitWithAck(
      "question",
      Buffer.from("who"),
    );
    assert.deepEqual(
      answers.sort(),
      workers.map(({ threadId }) => `who: ${threadId}`).sort(),
    );
    workers.forEach((worker) => worker.postMessage("greet"));
    const values = await greetings.count(2);
    assert.deepEqual(
      values.map(([from, content]) => [from, content.length]).sort(),
      workers.map(({ threadId }) => [threadId, 30_000]).sort(),
    );
  });

  it("end by themselves once their server is closed", async (t) => {
    const server = await startMain(t);
    const worker = await startWorker(t);
    await untilAcquainted([server], { count: 2 });
    const exited = once(worker, "exit");

    worker.postMessage("close");

    assert.deepEqual(await exited, [0]);
    await untilAcquainted([server], { count: 1 });
  });

  it("may be terminated in the middle of traffic, over and over", async (t) => {
    const server = await startMain(t);
    let heard = 0;
    server.io.on("traffic", () => (heard += 1));

    for (let round = 0; round < ROUNDS; round += 1) {
      const starts = Array.from({ length: WORKERS }, () => startWorker(t));
      const workers = await Promise.all(starts);
      const before = heard;
      workers.forEach((worker) => worker.postMessage("talk"));
      // a little later each time
      await until(() => heard > before + 50 * round, { message: "traffic" });
      // one of them is closing its server at that moment
      workers[0]?.postMessage("close");
      const ends = workers.map((worker) => worker.terminate());
      await within(Promise.all(ends), "the workers ended");
      // their connections are closed with them
      await until(async () => (await database.sessionCount()) === 2, {
        message: "only the sessions of the main thread",
      });
    }
    const client = await server.connect();
    const arrival = once(client, "still here");
    server.io.emit("still here");
    await arrival;
  });

  it("may be terminated while they wait for a database that is away", async (t) => {
    const workers = Array.from(
      { length: WORKERS },
      () =>
        new Worker(SCRIPT, {
          workerData: { connectionString: "postgres://nobody@127.0.0.1:1/x" },
        }),
    );
    t.after(() => Promise.all(workers.map((worker) => worker.terminate())));
    await Promise.all(workers.map((worker) => once(worker, "message")));
    // some while they close, which waits for what is to be sent
    workers.slice(1).forEach((worker) => worker.postMessage("close"));

    const ends = workers.map((worker) => worker.terminate());
    await within(Promise.all(ends), "the workers ended");
  });
});
