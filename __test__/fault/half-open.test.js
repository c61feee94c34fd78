"use strict";

// A connection on which nothing comes any more, or gets out any more, and nothing says so: a vanished router, a frozen
// host. And one on which everything works, but that no longer listens.

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");

const { untilAcquainted } = require("../support/cluster.js");
const {
  notifyAttachment,
  Reports,
  untilListening,
} = require("../support/faults.js");
const { createDatabase, useDatabase } = require("../support/postgres.js");
const { startProxy } = require("../support/proxy.js");
const { TestServer } = require("../support/server.js");
const { collect, once, until } = require("../support/wait.js");

/** @typedef {import("../support/adapter.js").AdapterOptions} AdapterOptions */

/** The promise is 15 seconds; a machine that has much else to do may take longer. */
const NOTICED = { timeout: 40_000 };

/** So rare that no heartbeat notices anything. */
const SILENT = { heartbeatInterval: 60_000, heartbeatTimeout: 120_000 };

// They wait for most of their time, and so wait together.
describe("a connection", { concurrency: true }, () => {
  const database = useDatabase();
  let clusters = 0;

  /**
   * Two servers that know each other; the way of the first to the database can fall silent.
   * @param {import("node:test").TestContext} t
   * @param {AdapterOptions} [options] of both
   */
  async function startTwo(t, options) {
    const proxy = await startProxy(t, database.connectionString);
    const reports = new Reports();
    const channelPrefix = `half-open-${(clusters += 1)}`;
    const near = new TestServer({
      connectionString: proxy.connectionString,
      options: {
        ...options,
        channelPrefix,
        errorHandler: reports.errorHandler,
      },
    });
    const far = new TestServer({
      connectionString: database.connectionString,
      options: { ...options, channelPrefix },
    });
    t.after(() => Promise.all([near.close(), far.close()]));
    await Promise.all([near.listen(), far.listen()]);
    await untilAcquainted([near, far]);
    return {
      proxy,
      reports,
      near,
      far,
      nearClient: await near.connect(),
      farClient: await far.connect(),
    };
  }

  /**
   * @param {import("../support/proxy.js").Proxy} proxy
   * @param {import("../support/proxy.js").Role} role
   * @returns {() => Promise<unknown>} waits until another connection has this role, and only that one
   */
  function replacementOf(proxy, role) {
    const [silent] = proxy.connections(role);
    assert.ok(silent);
    return () =>
      until(
        () => {
          const [first, ...others] = proxy.connections(role);
          return first && first !== silent && others.length === 0;
        },
        { ...NOTICED, message: `another ${role}` },
      );
  }

  /** @param {Reports} reports */
  function assertNoticedSilence(reports) {
    assert.deepEqual([...new Set(reports.codes)], ["ERR_CONNECTION"]);
    assert.match(reports.text, /no answer within/);
  }

  it("that fell silent is replaced, and what was emitted meanwhile arrives in order", async (t) => {
    const { proxy, reports, near, far, nearClient, farClient } =
      await startTwo(t);
    const remote = collect(farClient, "number");
    const replacements = [
      replacementOf(proxy, "listener"),
      replacementOf(proxy, "publisher"),
    ];

    proxy.freeze();
    const expected = Array.from({ length: 50 }, (_, number) => number);
    expected.forEach((number) => near.io.emit("number", number));
    await Promise.all(replacements.map((untilReplaced) => untilReplaced()));
    await remote.count(expected.length);
    assert.deepEqual(remote.values, expected);

    await untilAcquainted([near, far]);
    const arrival = once(nearClient, "answer");
    far.io.emit("answer", 1);
    assert.deepEqual(await arrival, [1]);
    assertNoticedSilence(reports);
  });

  for (const speaker of /** @type {const} */ (["server", "database"])) {
    it(`that listens is replaced when the ${speaker} is no longer heard on it, whatever else is`, async (t) => {
      const { proxy, reports, near, far, nearClient } = await startTwo(t);
      const numbers = collect(nearClient, "number");
      let sent = 0;
      const timer = setInterval(() => far.io.emit("number", sent++), 20);
      t.after(() => clearInterval(timer));
      await numbers.count(10);
      const untilReplaced = replacementOf(proxy, "listener");

      proxy.connections("listener")[0]?.swallow(speaker);
      await untilReplaced();
      const back = sent;
      await until(() => numbers.values.at(-1) > back);

      const ascending = [...numbers.values].sort((a, b) => a - b);
      assert.deepEqual(numbers.values, ascending);
      assert.equal(new Set(numbers.values).size, numbers.values.length);
      await untilAcquainted([near, far]);
      assertNoticedSilence(reports);
    });

    it(`that publishes and is idle is replaced when the ${speaker} is no longer heard on it`, async (t) => {
      const { proxy, reports, near, farClient } = await startTwo(t, SILENT);
      const untilReplaced = replacementOf(proxy, "publisher");

      proxy.connections("publisher")[0]?.swallow(speaker);
      await untilReplaced();

      const arrival = once(farClient, "news");
      near.io.emit("news", 1);
      assert.deepEqual(await arrival, [1]);
      assertNoticedSilence(reports);
    });
  }

  it("in whose session somebody stopped listening is replaced, although all else works", async (t) => {
    const own = await createDatabase();
    const reports = new Reports();
    const server = new TestServer({
      connectionString: own.connectionString,
      options: { ...SILENT, errorHandler: reports.errorHandler },
    });
    t.after(async () => {
      await server.close();
      await own.dispose();
    });
    await server.listen();
    const client = await server.connect();
    await untilListening(own, client);
    await until(
      async () =>
        (
          await own.query(
            "SELECT to_regclass('socket_io_attachments') IS NOT NULL AS made",
          )
        )[0].made,
    );
    // whoever reads an attachment runs what is in the view
    await own.query(`
      ALTER TABLE socket_io_attachments RENAME TO sound;
      CREATE FUNCTION stop_listening() RETURNS boolean LANGUAGE plpgsql
        AS $$ BEGIN EXECUTE 'UNLISTEN *'; RETURN true; END $$;
      CREATE VIEW socket_io_attachments AS SELECT id, payload FROM sound WHERE stop_listening();
    `);
    await notifyAttachment(own, Buffer.from([0xc0]));
    await reports.first("ERR_MALFORMED_MESSAGE"); // it was read

    const error = await reports.first("ERR_CONNECTION", NOTICED);
    assert.match(error.message, /no longer listens/);
    await untilListening(own, client);
  });
});
