"use strict";

// The database itself is away: before the first connection, during a restart, after a crash.

const assert = require("node:assert/strict");
const { after, before, describe, it } = require("node:test");

const { startPostgres } = require("../../scripts/embedded-postgres.js");
const { untilAcquainted } = require("../support/cluster.js");
const { startReportingServers } = require("../support/reporting-servers.js");
const { collect, once, until } = require("../support/wait.js");

/** @typedef {import("../../scripts/embedded-postgres.js").EmbeddedPostgres} EmbeddedPostgres */

/** A server waits up to 2 seconds between two attempts, and up to 5 for the others; the rest is for a busy machine. */
const RECONNECTION_MS = 30_000;

/** Closing waits 2 seconds for messages that are left and 3 for the tasks to end, at most; and a busy machine. */
const CLOSE_MS = 15_000;

/** @typedef {import("../support/server.js").TestServer} TestServer */

describe("a database that is away", () => {
  /** @type {EmbeddedPostgres} */
  let postgres;
  before(async () => {
    postgres = await startPostgres();
  });
  after(() => postgres?.dispose());

  /** @param {import("node:test").TestContext} t */
  const startServers = (t) =>
    startReportingServers(t, postgres.connectionString);

  /** @param {TestServer[]} servers */
  async function assertConnected([first, second]) {
    assert.ok(first && second);
    await until(
      async () =>
        (await first.adapter().serverCount()) === 2 &&
        (await second.adapter().serverCount()) === 2,
      { timeout: RECONNECTION_MS, message: "both know each other" },
    );
    const client = await second.connect();
    const arrival = once(client, "hello");
    first.io.emit("hello", Buffer.from("there"));
    assert.deepEqual(await arrival, [Buffer.from("there")]);
    assert.equal(
      (await first.io.fetchSockets()).some(({ id }) => id === client.id),
      true,
    );
  }

  it("at the start: local clients are served, the cluster forms when it appears", async (t) => {
    await postgres.stop();
    const { servers, reports } = await startServers(t);
    const [first] = servers;
    assert.ok(first);
    const client = await first.connect();

    const arrival = once(client, "local");
    first.io.emit("local", 1);
    assert.deepEqual(await arrival, [1]);
    assert.equal(await first.adapter().serverCount(), 1);
    assert.equal((await first.io.fetchSockets()).length, 1);
    await reports.first("ERR_CONNECTION");

    await postgres.start();
    await assertConnected(servers);
    assert.deepEqual([...new Set(reports.codes)], ["ERR_CONNECTION"]);
  });

  for (const mode of /** @type {const} */ (["fast", "immediate"])) {
    it(`and comes back after a stop (${mode}): everything resumes, in order`, async (t) => {
      const { servers, reports } = await startServers(t);
      await untilAcquainted(servers);
      const [first, second] = /** @type {[TestServer, TestServer]} */ (servers);
      const near = collect(await first.connect(), "number");
      const far = collect(await second.connect(), "number");
      let sent = 0;
      const timer = setInterval(() => first.io.emit("number", sent++), 2);
      t.after(() => clearInterval(timer));
      await far.count(20);

      await postgres.stop(mode);
      await near.count(sent + 20);
      await postgres.start();
      const back = sent;
      await until(() => far.values.at(-1) > back, { timeout: RECONNECTION_MS });
      clearInterval(timer);
      await assertConnected(servers);
      await near.count(sent);

      t.diagnostic(`sent ${sent}, arrived ${far.values.length}`);
      assert.deepEqual(
        near.values,
        Array.from({ length: sent }, (_, number) => number),
      );
      far.values.reduce((previous, number) => {
        assert.ok(number > previous, `${previous} before ${number}`);
        return number;
      });
      assert.deepEqual([...new Set(reports.codes)], ["ERR_CONNECTION"]);
    });
  }

  it("while a server is closed: that ends within seconds", async (t) => {
    const { servers } = await startServers(t);
    await untilAcquainted(servers);
    await postgres.stop("immediate");
    t.after(() => postgres.start());
    servers[0]?.io.emit("too late", Buffer.alloc(3));
    const started = Date.now();

    await Promise.all(servers.map((server) => server.close()));

    assert.ok(Date.now() - started < CLOSE_MS);
  });
});
