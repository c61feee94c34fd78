"use strict";

// The table of the attachments gets into trouble while the servers run.

const assert = require("node:assert/strict");
const { randomBytes } = require("node:crypto");
const { describe, it } = require("node:test");

const { untilAcquainted } = require("../support/cluster.js");
const { Reports, terminateSessions } = require("../support/faults.js");
const { useDatabase } = require("../support/postgres.js");
const { startProxy } = require("../support/proxy.js");
const { TestServer } = require("../support/server.js");
const { collect, until } = require("../support/wait.js");

/** All but the smallest messages go through the table, also between servers of this package. */
const payloadThreshold = 1_000;
const LARGE = "x".repeat(2_000);

describe("the attachment table, in the middle of traffic,", () => {
  const database = useDatabase();

  /**
   * Two servers, the second one behind a proxy.
   * @param {import("node:test").TestContext} t
   * @param {{ tableName: string, connectionString?: string }} settings
   */
  async function startTwo(
    t,
    { tableName, connectionString = database.connectionString },
  ) {
    const proxy = await startProxy(t, connectionString);
    const reports = new Reports();
    const { errorHandler } = reports;
    const [near, far] = [connectionString, proxy.connectionString].map(
      (way) =>
        new TestServer({
          connectionString: way,
          options: { tableName, payloadThreshold, errorHandler },
        }),
    );
    assert.ok(near && far);
    t.after(() => Promise.all([near.close(), far.close()]));
    await far.listen();
    await untilAcquainted([near, far]);
    const values = collect(await far.connect(), "value");
    const { io } = near;
    return { proxy, reports, io, values, servers: [near, far] };
  }

  /**
   * @param {import("socket.io").Server} io
   * @param {{ count(count: number): Promise<any[]>, values: any[] }} values
   */
  async function assertWorks(io, values) {
    const before = values.values.length;
    io.emit("value", LARGE, "works");
    io.emit("value", "small", "works");
    const arrived = (await values.count(before + 2)).slice(before);
    assert.deepEqual(arrived, [
      [LARGE, "works"],
      ["small", "works"],
    ]);
  }

  it("has no room left on the disk: what it cannot hold is reported, all else arrives; once there is room, all works", async (t) => {
    const { reports, io, values } = await startTwo(t, { tableName: "full" });
    await assertWorks(io, values);
    await database.query(`
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100';
      END $$;
      CREATE TRIGGER refuse BEFORE INSERT ON "full" FOR EACH ROW EXECUTE FUNCTION refuse();
    `);

    // enough for a batch
    for (let number = 0; number < 20; number += 1) {
      io.emit("value", number % 4 === 0 ? LARGE : "", number);
    }
    await until(() => values.values.at(-1)[1] === 19);

    assert.deepEqual(
      values.values.slice(2).map(([, number]) => number),
      Array.from({ length: 20 }, (_, i) => i).filter((i) => i % 4 !== 0),
    );
    assert.deepEqual(reports.codes, Array(5).fill("ERR_PUBLISH"));
    for (const error of reports.errors) {
      assert.equal(error.cause?.code, "53100");
      assert.ok(!reports.text.includes(LARGE));
    }
    await database.query(`DROP TRIGGER refuse ON "full"`);
    await assertWorks(io, values);
    assert.equal(reports.codes.length, 5);
  });

  it("may no longer be used: the same, until it may again", async (t) => {
    const role = `restricted_${randomBytes(4).toString("hex")}`;
    await database.query(`
      CREATE ROLE ${role} LOGIN PASSWORD 'pass';
      CREATE TABLE guarded (id bigserial UNIQUE, created_at timestamptz DEFAULT NOW(), payload bytea);
      GRANT ALL ON guarded TO ${role};
      GRANT ALL ON SEQUENCE guarded_id_seq TO ${role};
    `);
    const connectionString = Object.assign(new URL(database.connectionString), {
      username: role,
      password: "pass",
    }).href;
    const { reports, io, values } = await startTwo(t, {
      tableName: "guarded",
      connectionString,
    });
    t.after(() => database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`));
    await assertWorks(io, values);

    await database.query(`REVOKE INSERT ON guarded FROM ${role}`);
    io.emit("value", LARGE, "not stored");
    io.emit("value", "small", 1);
    assert.deepEqual((await values.count(3))[2], ["small", 1]);
    const refusal = await reports.first("ERR_PUBLISH");
    assert.equal(refusal.cause?.code, "42501");

    await database.query(
      `GRANT INSERT ON guarded TO ${role}; REVOKE SELECT ON guarded FROM ${role}`,
    );
    io.emit("value", LARGE, "not read");
    io.emit("value", "small", 2);
    assert.deepEqual((await values.count(4))[3], ["small", 2]);
    const unread = await reports.first("ERR_ATTACHMENT");
    assert.equal(unread.cause?.code, "42501");

    await database.query(`GRANT SELECT ON guarded TO ${role}`);
    await assertWorks(io, values);
    assert.deepEqual(reports.codes, ["ERR_PUBLISH", "ERR_ATTACHMENT"]);
  });

  it("is in a database that can be read only: what needs it is reported, all else arrives; as it can be written to again, all works", async (t) => {
    const { reports, io, values, servers } = await startTwo(t, {
      tableName: "frozen",
    });
    // by the counters: an error is not reported again before the connection has worked
    const reconnects = () =>
      servers.flatMap((server) =>
        Object.values(server.adapter().stats().connections).map(
          (connection) => connection.reconnects,
        ),
      );
    await assertWorks(io, values);
    const [{ name }] = await database.query(
      "SELECT current_database() AS name",
    );
    const setting = `DATABASE "${name}" SET default_transaction_read_only`;
    await database.query(`ALTER ${setting} = on`);
    t.after(() => database.query(`ALTER ${setting} = off`));
    const lost = () =>
      reports.codes.filter((code) => code === "ERR_CONNECTION").length;
    // it holds for new sessions
    await terminateSessions(database);
    await until(() => lost() >= 4, { message: "four lost connections" });

    io.emit("value", LARGE, "not stored");
    io.emit("value", "small", 1);
    assert.deepEqual((await values.count(3))[2], ["small", 1]);
    const refusal = await reports.first("ERR_PUBLISH");
    assert.equal(refusal.cause?.code, "25006");
    const before = lost();
    io.emit("value", LARGE, "not stored either");
    io.emit("value", "small", 2);
    assert.deepEqual((await values.count(4))[3], ["small", 2]);
    assert.equal(lost(), before);

    await database.query(`ALTER ${setting} = off`);
    const earlier = reconnects();
    await terminateSessions(database);
    await until(
      () => reconnects().every((count, i) => count > Number(earlier[i])),
      { message: "four new connections" },
    );
    await assertWorks(io, values);
  });

  it("is pruned before a server that is behind has read its rows: these are reported, later ones arrive", async (t) => {
    const { proxy, reports, io, values } = await startTwo(t, {
      tableName: "pruned",
    });
    await assertWorks(io, values);

    const behind = proxy.connections("listener")[0];
    assert.ok(behind);
    behind.hold();
    io.emit("value", LARGE, "pruned");
    io.emit("value", LARGE, "pruned as well");
    io.emit("value", "small", 1);
    const rows = () => database.query("SELECT id FROM pruned");
    await until(async () => (await rows()).length === 3, {
      message: "the rows of this and the first message",
    });
    await database.query("DELETE FROM pruned");
    behind.resume();

    assert.deepEqual((await values.count(3))[2], ["small", 1]);
    assert.deepEqual(reports.codes, ["ERR_ATTACHMENT", "ERR_ATTACHMENT"]);
    assert.match(reports.text, /is gone.*cleanupInterval/);
    await assertWorks(io, values);
  });

  it("is dropped: it is made again, and nothing is lost", async (t) => {
    const { reports, io, values } = await startTwo(t, { tableName: "dropped" });
    const total = 200;
    for (let number = 0; number < total; number += 1) {
      if (number % 50 === 25) {
        await values.count(number);
        await database.query("DROP TABLE dropped");
      }
      io.emit("value", LARGE, number);
    }
    await values.count(total);

    assert.deepEqual(
      values.values.map(([, number]) => number),
      Array.from({ length: total }, (_, number) => number),
    );
    assert.deepEqual(reports.codes, []);
  });
});
