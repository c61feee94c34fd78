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
const { openTap, untilFramed } = require("../support/frames.js");
const { createDatabase, useDatabase } = require("../support/postgres.js");
const { startProxy } = require("../support/proxy.js");
const { TestServer } = require("../support/server.js");
const { collect, once, until } = require("../support/wait.js");

/** @typedef {import("../support/adapter.js").AdapterOptions} AdapterOptions */

/**
 * From the moment on which nothing comes any more, in the time that a busy machine lets pass: the engine counts its
 * ticks too, and does not make up for late ones.
 */
const PROMISED_MS = 15_000;
const TICK_MS = 100;
/** Only what fails takes that long. */
const NOTICED = { timeout: 60_000 };

/** So rare that no heartbeat notices anything. */
const SILENT = { heartbeatInterval: 60_000, heartbeatTimeout: 120_000 };

/** A clock that stands still while the machine has no time for this process. */
function startClock() {
  let ticks = 0;
  const timer = setInterval(() => (ticks += 1), TICK_MS);
  return {
    /** @returns {number} milliseconds */
    stop() {
      clearInterval(timer);
      return ticks * TICK_MS;
    },
  };
}

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
      prefix: channelPrefix,
      near,
      far,
      nearClient: await near.connect(),
      farClient: await far.connect(),
    };
  }

  /**
   * Makes connections fall silent, and waits until others have their roles, and only those.
   * @param {import("node:test").TestContext} t
   * @param {import("../support/proxy.js").Proxy} proxy
   * @param {import("../support/proxy.js").Role[]} roles
   * @param {() => void} silence
   */
  async function untilReplaced(t, proxy, roles, silence) {
    const silent = roles.flatMap((role) => proxy.connections(role));
    assert.equal(silent.length, roles.length);
    const clock = startClock();
    t.after(() => clock.stop());
    const started = performance.now();
    silence();
    await until(
      () =>
        roles.every((role) => {
          const [first, ...others] = proxy.connections(role);
          return first && !silent.includes(first) && others.length === 0;
        }),
      { ...NOTICED, message: `others for ${roles.join(" and ")}` },
    );
    const took = clock.stop();
    t.diagnostic(
      `replaced after ${took} ms, ${Math.round(performance.now() - started)} ms by the clock on the wall`,
    );
    assert.ok(took <= PROMISED_MS, `replaced after ${took} ms`);
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
    const expected = Array.from({ length: 50 }, (_, number) => number);

    await untilReplaced(t, proxy, ["listener", "publisher"], () => {
      proxy.freeze();
      expected.forEach((number) => near.io.emit("number", number));
    });
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

      await untilReplaced(t, proxy, ["listener"], () =>
        proxy.connections("listener")[0]?.swallow(speaker),
      );
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

      await untilReplaced(t, proxy, ["publisher"], () =>
        proxy.connections("publisher")[0]?.swallow(speaker),
      );

      const arrival = once(farClient, "news");
      near.io.emit("news", 1);
      assert.deepEqual(await arrival, [1]);
      assertNoticedSilence(reports);
    });

    it(`that publishes and is busy is replaced when the ${speaker} is no longer heard on it; nothing is lost or doubled`, async (t) => {
      const { proxy, reports, prefix, near, far, farClient } =
        await startTwo(t);
      const numbers = collect(farClient, "number");
      await untilFramed(await openTap(database, { prefix }), [near, far]);
      let sent = 0;
      const timer = setInterval(() => near.io.emit("number", sent++), 20);
      t.after(() => clearInterval(timer));
      await numbers.count(10);

      await untilReplaced(t, proxy, ["publisher"], () =>
        proxy.connections("publisher")[0]?.swallow(speaker),
      );
      clearInterval(timer);
      await numbers.count(sent);

      assert.deepEqual(
        numbers.values,
        Array.from({ length: sent }, (_, number) => number),
      );
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
