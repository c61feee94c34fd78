"use strict";

const assert = require("node:assert/strict");
const { test } = require("node:test");

const { untilListening } = require("../support/faults.js");
const { startProxy } = require("../support/proxy.js");
const { useDatabase } = require("../support/postgres.js");
const { collect } = require("../support/wait.js");
const {
  Host,
  plainServer,
  startHost,
  until,
  untilAcquainted,
} = require("./hosts.js");

const database = useDatabase();

for (const esm of [false, true]) {
  const kind = esm ? "an ES module" : "CommonJS";

  test(`close() leaves nothing behind, and the process can end (${kind})`, async (t) => {
    const { connectionString } = database;
    const host = new Host(
      { name: "host", connectionString },
      esm ? "host.mjs" : "host.js",
    );
    t.after(() => host.kill());
    const before = await host.call("listeners");
    await host.call("setup");
    await host.addWorker();
    await until(async () => (await database.sessionCount()) === 2, {
      message: "one connection that listens, one that publishes",
    });
    await host.call("close");
    assert.deepEqual(await host.call("listeners"), before);
    await database.untilUnused();
    await host.end();
    const [code] = await host.exited;
    assert.equal(code, 0);
    assert.equal(host.stderr, "");
    assert.deepEqual(host.errors, []);
  });
}

test("when a primary is closed the others see its workers leave", async (t) => {
  const { connectionString } = database;
  const [host, plain] = await Promise.all([
    startHost(t, { name: "host", connectionString }),
    plainServer(t, { kind: "native", connectionString }),
  ]);
  await untilAcquainted([...host.workers, plain]);
  await host.call("close");
  await untilAcquainted([plain]);
  // and it can be set up again
  await host.call("setup");
  const worker = await host.addWorker();
  await until(async () => (await plain.call("serverCount")) >= 2, {
    message: "the new worker known",
  });
  const arrived = collect(plain.clients[0], "again");
  await worker.emit({}, "again", 1);
  assert.deepEqual(await arrived.count(1), [1]);
});

test("set up twice, or in a worker, or with options that make no sense, it throws", async (t) => {
  const { connectionString } = database;
  const host = await startHost(t, {
    name: "host",
    connectionString,
    workers: 1,
  });
  await assert.rejects(host.call("setup"), /was called before: close\(\)/);
  await assert.rejects(
    /** @type {import("./hosts.js").Worker} */ (host.workers[0]).call(
      "setupPrimary",
    ),
    /setupPrimary\(\) is for the primary of the cluster module/,
  );
  await host.call("close");
  await assert.rejects(
    host.call("setup", { payloadThreshold: 9_000 }),
    /"payloadThreshold"/,
  );
  // a refusal is not taken for a primary
  await host.call("setup");
});

test("after an outage what was said meanwhile arrives, and newcomers are known", async (t) => {
  const { connectionString } = database;
  const proxy = await startProxy(t, connectionString);
  // nobody learns of anybody by a heartbeat
  const silent = { heartbeatInterval: 60_000, heartbeatTimeout: 120_000 };
  const host = await startHost(t, {
    name: "host",
    connectionString: proxy.connectionString,
    adapter: silent,
  });
  const [worker] = host.workers;
  assert.ok(worker);
  await untilAcquainted(host.workers);
  await proxy.cut();
  // it greets while the workers cannot hear it
  const plain = await plainServer(t, {
    kind: "native",
    connectionString,
    options: silent,
  });
  await untilListening(database, plain.clients[0]);
  const arrived = collect(plain.clients[0], "meanwhile");
  await worker.emit({}, "meanwhile", 1);
  assert.deepEqual(arrived.values, []);
  await proxy.open();
  assert.deepEqual(await arrived.count(1), [1]);

  const servers = [...host.workers, plain];
  await untilAcquainted(servers);
  for (const from of servers) {
    const events = servers.map((to) => collect(to.clients[0], from.name));
    await from.call("emit", {}, from.name, 1);
    for (const each of events) assert.deepEqual(await each.count(1), [1]);
  }
  assert.ok(host.errors.some((error) => error.startsWith("ERR_CONNECTION")));
});
