"use strict";

// Two servers, one of them a standby: the engine finds the one that takes writes, and follows when they change places.

const assert = require("node:assert/strict");
const { execFile } = require("node:child_process");
const fs = require("node:fs/promises");
const net = require("node:net");
const path = require("node:path");
const { after, before, describe, it } = require("node:test");
const { promisify } = require("node:util");

const { startPostgres } = require("../../scripts/embedded-postgres.js");
const { untilAcquainted } = require("../support/cluster.js");
const { Reports } = require("../support/faults.js");
const { execute, writeData } = require("../support/own-server.js");
const { TestServer } = require("../support/server.js");
const { verdictOfEngine } = require("../support/verdicts.js");
const { collect, until } = require("../support/wait.js");

const run = promisify(execFile);

/** @typedef {import("../../scripts/embedded-postgres.js").EmbeddedPostgres} EmbeddedPostgres */

const skip =
  process.platform === "win32" && "left out: the copy of a server needs cp -a";

/**
 * A copy of a server that follows it.
 * @param {EmbeddedPostgres} primary stopped for a moment
 * @returns {Promise<EmbeddedPostgres>}
 */
async function startStandby(primary) {
  const folder = `${primary.folder}-standby`;
  await primary.stop();
  await fs.mkdir(folder);
  for (const name of ["data", "password"]) {
    await run("cp", ["-a", path.join(primary.folder, name), folder]);
  }
  await primary.start();
  const { host, port, user, password } = primary;
  const place = /** @type {EmbeddedPostgres} */ ({ folder });
  await writeData(place, "standby.signal", "");
  await writeData(
    place,
    "postgresql.auto.conf",
    `primary_conninfo = 'host=${host} port=${port} user=${user} password=${password}'\n`,
  );
  return startPostgres({ folder });
}

describe("several hosts", { skip }, () => {
  /** @type {EmbeddedPostgres} */
  let primary;
  /** @type {EmbeddedPostgres} */
  let standby;

  before(async () => {
    primary = await startPostgres();
    await execute(primary, [
      "CREATE TABLE socket_io_attachments (id bigserial UNIQUE, created_at timestamptz DEFAULT NOW(), payload bytea)",
    ]);
    standby = await startStandby(primary);
  });
  after(async () => {
    await Promise.all([primary?.dispose(), standby?.dispose()]);
  });

  /** @param {string[]} hosts */
  function settings(...hosts) {
    const { user, password, database } = primary;
    return { host: hosts.join(","), user, password, database };
  }

  /** @param {{ port: number }} server */
  const place = ({ port }) => `127.0.0.1:${port}`;

  it("are tried until one takes writes", async () => {
    const { reason, accepted } = await verdictOfEngine(
      settings(place({ port: 1 }), place(standby), place(primary)),
    );
    assert.ok(accepted, reason);
  });

  it("that all fail are all named", async () => {
    const { reason } = await verdictOfEngine(
      settings(place({ port: 1 }), place(standby)),
    );
    assert.equal(reason.code, "ERR_CONNECTION");
    assert.match(reason.message, /@127\.0\.0\.1:1\/postgres: .*refused/);
    assert.match(reason.message, /read-write|read-only|writ/);
    assert.ok(reason.message.includes(place(standby)), reason.message);
  });

  it("that do not answer leave time for the others", async (t) => {
    const silent = net.createServer();
    await new Promise((resolve) => {
      silent.listen(0, "127.0.0.1", () => resolve(null));
    });
    t.after(() => silent.close());
    const { port } = /** @type {net.AddressInfo} */ (silent.address());
    const { reason, accepted } = await verdictOfEngine({
      ...settings(place({ port }), place(primary)),
      connectionTimeoutMillis: 4_000,
    });
    assert.ok(accepted, reason);
  });

  it("that refuse the password are not asked in turn", async () => {
    const { reason } = await verdictOfEngine({
      ...settings(place(primary), place(standby)),
      password: "hunter2",
    });
    assert.equal(reason.cause.code, "28P01");
    assert.ok(!reason.message.includes(String(standby.port)), reason.message);
  });

  it("change places, and the cluster goes on", async (t) => {
    const reports = new Reports();
    const servers = [1, 2].map(
      () =>
        new TestServer({
          connectionString: "",
          pool: settings(place(standby), place(primary)),
          options: { errorHandler: reports.errorHandler },
        }),
    );
    t.after(() => Promise.all(servers.map((server) => server.close())));
    const [first, second] = /** @type {[TestServer, TestServer]} */ (servers);
    await Promise.all(servers.map((server) => server.listen()));
    await untilAcquainted(servers);
    const client = await second.connect();
    const heard = collect(client, "news");
    first.io.emit("news", "before");
    await heard.count(1);

    await primary.stop("immediate");
    await until(() => reports.codes.includes("ERR_CONNECTION"));
    await execute(standby, ["SELECT pg_promote()"]);
    // whoever is not back yet does not hear what the other one sends
    await until(
      () => {
        first.io.emit("news", "after");
        return heard.values.includes("after");
      },
      { timeout: 60_000, message: () => `news, reported: ${reports.text}` },
    );
    assert.equal(heard.values[0], "before");
  });
});
