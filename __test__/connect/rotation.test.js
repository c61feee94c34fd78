"use strict";

// A password that changes while servers run: it is asked for at each connect, and the cluster goes on.

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");

const { untilAcquainted } = require("../support/cluster.js");
const { Reports } = require("../support/faults.js");
const { useDatabase } = require("../support/postgres.js");
const { TestServer } = require("../support/server.js");
const { collect, until } = require("../support/wait.js");

describe("a password that is rotated", () => {
  const database = useDatabase();

  it("is asked for again when connections are made again", async (t) => {
    const role = `${database.name}_role`;
    let password = "first";
    let calls = 0;
    await database.query(`CREATE ROLE ${role} LOGIN PASSWORD 'first'`);
    await database.query("GRANT CREATE ON SCHEMA public TO PUBLIC");
    t.after(async () => {
      await database.query(`DROP OWNED BY ${role}`);
      await database.query(`DROP ROLE ${role}`);
    });
    const { hostname, port } = new URL(database.connectionString);
    const reports = new Reports();
    const servers = [1, 2].map(
      () =>
        new TestServer({
          connectionString: "",
          pool: {
            host: hostname,
            port: Number(port),
            user: role,
            database: database.name,
            password: async () => {
              calls += 1;
              return password;
            },
          },
          options: { errorHandler: reports.errorHandler },
        }),
    );
    const close = () => Promise.all(servers.map((server) => server.close()));
    t.after(close);
    const [first, second] = /** @type {[TestServer, TestServer]} */ (servers);
    await Promise.all(servers.map((server) => server.listen()));
    await untilAcquainted(servers);
    const client = await second.connect();
    const heard = collect(client, "news");
    assert.equal(calls, 4);

    password = "second";
    await database.query(`ALTER ROLE ${role} PASSWORD 'second'`);
    // sessions outlive the password they began with
    first.io.emit("news", "still");
    await heard.count(1);
    await database.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1",
      [role],
    );
    await until(() => calls >= 8, {
      message: () => `8 calls, ${calls} so far`,
    });
    await until(
      () => {
        first.io.emit("news", "again");
        return heard.values.includes("again");
      },
      { message: () => `news, reported: ${reports.text}` },
    );
    // nobody tried the old password
    const states = reports.errors.map(({ cause }) => String(cause?.code));
    assert.ok(!states.some((state) => state.startsWith("28")), reports.text);
    await close();
  });
});
