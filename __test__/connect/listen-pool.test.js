"use strict";

// The option `listenPool`, where there is no pooler to go around: the ways are told by their names in the database.

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");

const { createAdapter, Emitter, setupPrimary } = require("../../index.js");
const { clusterFor } = require("../support/cluster.js");
const { useDatabase } = require("../support/postgres.js");
const { once, until } = require("../support/wait.js");

describe("listenPool", () => {
  const database = useDatabase();

  /** @returns {Promise<Record<string, string>>} the last statement of each session, by its name */
  async function sessions() {
    const rows = await database.query(
      `SELECT application_name AS name, query FROM pg_stat_activity
        WHERE datname = current_database() AND application_name IN ('main', 'ears')`,
    );
    return Object.fromEntries(rows.map(({ name, query }) => [name, query]));
  }

  /**
   * Waits until one session listens, and the other does not.
   * @param {import("socket.io").Server} io which makes the other one publish
   */
  function untilApart(io) {
    return until(
      async () => {
        io.emit("anything");
        const { ears = "", main } = await sessions();
        // seconds later it is asked what it listens to
        return (
          /^LISTEN|pg_listening_channels/.test(ears) &&
          main?.includes("pg_notify")
        );
      },
      { message: "a session that listens and another one that publishes" },
    );
  }

  it("is where a server listens, with a password of its own", async (t) => {
    const url = new URL(database.connectionString);
    const password = decodeURIComponent(url.password);
    /** @type {string[]} */
    const asked = [];
    /** @param {string} name */
    const settings = (name) => ({
      connectionString: undefined,
      host: url.hostname,
      port: Number(url.port),
      user: url.username,
      database: database.name,
      application_name: name,
      password: async () => {
        asked.push(name);
        return password;
      },
    });
    const cluster = await clusterFor(t, database, {
      servers: 1,
      pool: settings("main"),
      options: { listenPool: settings("ears") },
    });
    await untilApart(cluster.io(0));
    assert.deepEqual(asked.sort(), ["ears", "main"]);
    const arrival = once(cluster.client(0), "news");
    cluster.io(0).emit("news", 1);
    assert.deepEqual(await arrival, [1]);
  });

  it("is where a primary listens", async () => {
    const way = (/** @type {string} */ name) =>
      `${database.connectionString}?application_name=${name}`;
    const primary = setupPrimary(way("main"), { listenPool: way("ears") });
    try {
      await until(async () => Object.keys(await sessions()).length === 2);
    } finally {
      await primary.close();
    }
  });
});

describe("a listenPool that leads nowhere", () => {
  const MAIN = { user: "u", password: "hunter2" };

  const refusals = {
    "a number": { given: 5, message: /^the option "listenPool": .*a number/ },
    null: { given: null, message: /^the option "listenPool": .*null/ },
    "a broken connection string": {
      given: "postgres://u:hunter2@db:port/x",
      message: /^the option "listenPool": .*not a valid URL/,
    },
    "a setting that cannot be honoured": {
      given: { ...MAIN, stream: () => {} },
      message: /^the option "listenPool": the setting "stream"/,
    },
  };
  for (const [name, { given, message }] of Object.entries(refusals)) {
    it(`is refused by name: ${name}`, () => {
      const listenPool = /** @type {any} */ (given);
      for (const call of [createAdapter, setupPrimary]) {
        assert.throws(
          () => call(MAIN, { listenPool }),
          (/** @type {any} */ error) => {
            assert.match(error.message, message);
            assert.match(error.code, /^ERR_(OPTIONS|UNSUPPORTED_CONFIG)$/);
            assert.ok(!`${error.stack}`.includes("hunter2"), error.stack);
            return true;
          },
        );
      }
    });
  }

  it("is not for an emitter, which has no ears", () => {
    const options = /** @type {any} */ ({ listenPool: MAIN });
    const expected = {
      name: "TypeError",
      code: "ERR_OPTIONS",
      message: /"listenPool" is for servers/,
    };
    assert.throws(() => new Emitter(MAIN, options), expected);
    assert.throws(() => new Emitter(MAIN, "/", options), expected);
  });
});
