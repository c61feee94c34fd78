"use strict";

// The example of a job that tells the clients, and ends.

const assert = require("node:assert/strict");
const { before, describe, it } = require("node:test");

const { exampleFolder, providePackage } = require("../../scripts/examples.js");
const { runNode } = require("../emitter/emitters.js");
const { useCluster } = require("../support/cluster.js");
const { untilListening } = require("../support/faults.js");
const { useDatabase } = require("../support/postgres.js");
const { once } = require("../support/wait.js");

const EXAMPLE = exampleFolder("emitter");

describe("the example of an emitter", () => {
  const database = useDatabase();
  const cluster = useCluster(database, { servers: 1, clientsPerServer: 2 });

  before(providePackage);
  before(() => untilListening(database, cluster.client(0)));

  /** @param {...string} args */
  function runExample(...args) {
    const env = { DATABASE_URL: database.connectionString };
    return runNode([EXAMPLE, ...args], { env });
  }

  it("tells every client", async () => {
    const reports = cluster.clients.map((client) => once(client, "report"));

    const { code, output, errors } = await runExample();

    assert.deepEqual({ code, errors }, { code: 0, errors: "" });
    assert.match(output, /^Told everybody: the database has \d+ bytes\.\n$/);
    for (const [{ bytes, at }] of await Promise.all(reports)) {
      assert.ok(bytes > 0);
      assert.ok(Date.parse(at) > 0);
    }
  });

  it("tells a room", async () => {
    cluster.socket(1).join("admins");
    /** @type {unknown[]} */
    const others = [];
    cluster.client(0).on("report", (report) => others.push(report));
    const arrival = once(cluster.client(1), "report");

    const { code, output } = await runExample("admins");

    assert.equal(code, 0);
    assert.match(output, /^Told admins: /);
    await arrival;
    await cluster.fence();
    assert.deepEqual(others, []);
  });

  it("says what is missing", async () => {
    const env = { DATABASE_URL: undefined };
    const { code, output, errors } = await runNode([EXAMPLE], { env });
    assert.equal(code, 1);
    assert.equal(output, "");
    assert.match(errors, /^Set DATABASE_URL to /);
  });

  it("says why it failed", async () => {
    const env = { DATABASE_URL: "postgres://nobody@127.0.0.1:1/nothing" };
    const { code, output, errors } = await runNode([EXAMPLE], { env });
    assert.equal(code, 1);
    assert.equal(output, "");
    assert.match(errors, /ECONNREFUSED/);
  });
});
