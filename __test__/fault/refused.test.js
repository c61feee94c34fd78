"use strict";

// A database that takes no connection of ours: the application learns why, and no more than that.

const assert = require("node:assert/strict");
const fs = require("node:fs/promises");
const path = require("node:path");
const { after, before, describe, it } = require("node:test");

const { startPostgres } = require("../../scripts/embedded-postgres.js");
const { untilAcquainted } = require("../support/cluster.js");
const { Reports } = require("../support/faults.js");
const { useDatabase } = require("../support/postgres.js");
const { TestServer } = require("../support/server.js");
const { once, until } = require("../support/wait.js");

describe("a server that does not let us in", () => {
  const database = useDatabase();

  /** @param {Record<string, string>} changes of the connection string */
  function connectionString(changes) {
    return Object.assign(new URL(database.connectionString), changes).href;
  }

  const refusals = {
    "a wrong password": {
      changes: { password: "hunter2" },
      message: /password authentication failed for user/,
      sqlstate: "28P01",
    },
    "an unknown database": {
      changes: { pathname: "/no_such_database" },
      message: /database "no_such_database" does not exist/,
      sqlstate: "3D000",
    },
    "a closed port": {
      changes: { port: "1" },
      message: /refused/,
      sqlstate: undefined,
    },
    "a host without a name": {
      changes: { hostname: "nowhere.invalid" },
      message: /nowhere\.invalid/,
      sqlstate: undefined,
    },
  };
  for (const [name, { changes, message, sqlstate }] of Object.entries(
    refusals,
  )) {
    it(`${name}: is reported without secrets, and local clients are served`, async (t) => {
      const reports = new Reports();
      const server = new TestServer({
        connectionString: connectionString(changes),
        options: { errorHandler: reports.errorHandler },
      });
      t.after(() => server.close());
      await server.listen();
      const client = await server.connect();

      const error = await reports.first("ERR_CONNECTION");
      assert.match(error.message, message);
      assert.equal(error.cause?.code, sqlstate);
      const { password } = new URL(database.connectionString);
      assert.ok(!reports.text.includes(password), reports.text);
      assert.ok(!reports.text.includes("hunter2"), reports.text);

      const arrival = once(client, "news");
      server.io.emit("news", 1);
      assert.deepEqual(await arrival, [1]);
      assert.deepEqual((await server.io.fetchSockets()).length, 1);
      assert.equal(await server.adapter().serverCount(), 1);
    });
  }

  const fail = () => {
    throw new Error("from the errorHandler");
  };
  const handlers = { throws: fail, rejects: async () => fail() };
  for (const [what, handler] of Object.entries(handlers)) {
    it(`an errorHandler that ${what} harms nobody`, async (t) => {
      let calls = 0;
      const server = new TestServer({
        connectionString: connectionString({ port: "1" }),
        options: {
          errorHandler() {
            calls += 1;
            return handler();
          },
        },
      });
      t.after(() => server.close());
      await server.listen();
      const client = await server.connect();
      await until(() => calls >= 2);

      const arrival = once(client, "news");
      server.io.emit("news", 1);
      assert.deepEqual(await arrival, [1]);
    });
  }

  it("a password function that fails is asked again", async (t) => {
    const reports = new Reports();
    const url = new URL(database.connectionString);
    const secret = decodeURIComponent(url.password);
    const server = new TestServer({
      connectionString: "",
      pool: {
        host: url.hostname,
        port: Number(url.port),
        user: url.username,
        database: url.pathname.slice(1),
        async password() {
          // each connection is told no
          if (reports.codes.length < 2) {
            throw new Error("the vault is sealed");
          }
          return secret;
        },
      },
      options: { errorHandler: reports.errorHandler },
    });
    const other = new TestServer({
      connectionString: database.connectionString,
    });
    t.after(() => Promise.all([server.close(), other.close()]));

    await untilAcquainted([server, other]);
    assert.deepEqual(reports.codes, ["ERR_CREDENTIALS", "ERR_CREDENTIALS"]);
    assert.match(reports.text, /the vault is sealed/);
    assert.ok(!reports.text.includes(secret));
  });
});

/**
 * A connection that is refused is tried again after 2.5 to 5 s, and after 5 to 10 s then: of two connections there are
 * no five attempts before that. Whatever keeps the machine busy makes them come later.
 */
const ATTEMPTS = 5;
const LEAST_MS = 7_500;

describe("a server that counts failed logins", () => {
  /** @type {import("../../scripts/embedded-postgres.js").EmbeddedPostgres} */
  let postgres;
  before(async () => {
    postgres = await startPostgres({ settings: { log_line_prefix: "%n " } });
  });
  after(() => postgres?.dispose());

  /** @returns {Promise<number[]>} when logins were refused, by its log, in milliseconds */
  async function failedLogins() {
    const log = await fs.readFile(
      path.join(postgres.folder, "server.log"),
      "utf8",
    );
    return [
      ...log.matchAll(
        /^(\d+\.\d+) FATAL: +password authentication failed for user/gm,
      ),
    ].map(([, seconds]) => Number(seconds) * 1_000);
  }

  it("is not given a reason to lock the account", async (t) => {
    const wrong = Object.assign(new URL(postgres.connectionString), {
      password: "hunter2",
    });
    const server = new TestServer({
      connectionString: wrong.href,
      options: { errorHandler() {} },
    });
    t.after(() => server.close());

    /** @type {number[]} */
    let times = [];
    await until(async () => (times = await failedLogins()).length >= ATTEMPTS, {
      message: () => `${ATTEMPTS} failed logins, so far ${times}`,
    });
    const [first = NaN] = times;
    const last = times[ATTEMPTS - 1] ?? NaN;
    t.diagnostic(`${ATTEMPTS} failed logins within ${last - first} ms`);
    assert.ok(last - first >= LEAST_MS, `${last - first} ms`);
  });
});
