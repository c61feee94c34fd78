"use strict";

// A connection on which nothing comes any more, and nothing says so: a vanished router, a frozen host.

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");

const { untilAcquainted } = require("../support/cluster.js");
const { Reports, startProxy } = require("../support/faults.js");
const { useDatabase } = require("../support/postgres.js");
const { TestServer } = require("../support/server.js");
const { collect, once } = require("../support/wait.js");

/** 5 seconds of silence, 10 for an answer to the question why, and some to connect again. */
const NOTICED_MS = 22_000;

describe("a connection that fell silent", () => {
  const database = useDatabase();

  it("is noticed and replaced, and what was emitted meanwhile arrives in order", async (t) => {
    const proxy = await startProxy(t, database.connectionString);
    const reports = new Reports();
    const near = new TestServer({
      connectionString: proxy.connectionString,
      options: { errorHandler: reports.errorHandler },
    });
    const far = new TestServer({ connectionString: database.connectionString });
    t.after(() => Promise.all([near.close(), far.close()]));
    await Promise.all([near.listen(), far.listen()]);
    await untilAcquainted([near, far]);
    const nearClient = await near.connect();
    const remote = collect(await far.connect(), "number");

    proxy.freeze();
    const expected = Array.from({ length: 50 }, (_, number) => number);
    expected.forEach((number) => near.io.emit("number", number));
    await remote.count(expected.length, { timeout: NOTICED_MS });
    assert.deepEqual(remote.values, expected);

    // the other connection has to notice by itself
    const arrival = once(nearClient, "answer", { timeout: NOTICED_MS });
    const timer = setInterval(() => far.io.emit("answer", 1), 100);
    t.after(() => clearInterval(timer));
    assert.deepEqual(await arrival, [1]);
    assert.deepEqual([...new Set(reports.codes)], ["ERR_CONNECTION"]);
    assert.match(reports.text, /no answer within/);
  });
});
