"use strict";

// Clients can name namespaces, where the application lets them: whatever they choose is a name and no more.

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");
const { setTimeout: delay } = require("node:timers/promises");

const { clusterFor, untilAcquainted } = require("../support/cluster.js");
const { Reports, terminateSessions } = require("../support/faults.js");
const { useDatabase } = require("../support/postgres.js");
const { once, until } = require("../support/wait.js");

const HOSTILE_NAMES = [
  '/"; DROP TABLE socket_io_attachments; --',
  "/'; SELECT pg_terminate_backend(pid) FROM pg_stat_activity; --",
  "/\\\"\\'",
  `/${"é".repeat(31)}`,
  `/${"日".repeat(40)}"`,
  `/${"😀".repeat(13)}x`,
  `/${"x".repeat(53)}~0123456789abcdef0123456789abcdef`,
  `/${"a".repeat(10_000)}`,
  "/\u0001\u0002\n\t\u007f",
  "/__proto__",
];

describe("namespaces that clients name", () => {
  const database = useDatabase();

  it("are the same on all servers, whatever they are called", async (t) => {
    const reports = new Reports();
    const cluster = await clusterFor(t, database, {
      servers: 2,
      namespaces: [/^\//],
      options: { errorHandler: reports.errorHandler },
    });
    for (const name of HOSTILE_NAMES) {
      const [near, far] = await Promise.all(
        cluster.servers.map((server) => server.connect(name)),
      );
      await untilAcquainted(cluster.servers, { namespace: name });
      assert.ok(near && far);
      for (const content of ["text", Buffer.from("binary")]) {
        const arrival = once(far, "hello");
        cluster.io(0).of(name).emit("hello", content);
        assert.deepEqual(await arrival, [content], name);
      }
    }
    const [{ found }] = await database.query(
      "SELECT to_regclass('socket_io_attachments') IS NOT NULL AS found",
    );
    assert.ok(found);
    assert.deepEqual(reports.codes, [], reports.text);
  });

  it("with NUL stay on their server, are reported, and cost nothing else", async (t) => {
    const reports = new Reports();
    const cluster = await clusterFor(t, database, {
      servers: 2,
      namespaces: [/^\//],
      options: { errorHandler: reports.errorHandler },
    });
    const name = "/a\0b";
    const server = cluster.server(0);
    const [one, other] = await Promise.all([
      server.connect(name),
      server.connect(name),
    ]);

    const { message } = await reports.first("ERR_NAMESPACE");
    assert.match(message, /"\/a\\u0000b".*NUL character/);
    const arrivals = [once(one, "hello"), once(other, "hello")];
    server.io.of(name).emit("hello", 1);
    assert.deepEqual(await Promise.all(arrivals), [[1], [1]]);
    assert.equal((await server.io.of(name).fetchSockets()).length, 2);
    const arrival = once(cluster.client(1), "hello");
    server.io.emit("hello", 2);
    assert.deepEqual(await arrival, [2]);
    assert.deepEqual(reports.codes, ["ERR_NAMESPACE"]);
  });
});

/** Something is sent again and again. */
const QUICK = { heartbeatInterval: 100, heartbeatTimeout: 3_000 };

/** @param {import("../support/server.js").TestServer} server */
const sentBy = (server) => server.adapter().stats().published.messages;

describe("a namespace whose name the encoding of the database cannot express", () => {
  const database = useDatabase({ encoding: "LATIN1" });

  it("stays on its server and is reported; the others are heard everywhere", async (t) => {
    const reports = new Reports();
    const cluster = await clusterFor(t, database, {
      servers: 2,
      namespaces: [/^\//],
      options: { errorHandler: reports.errorHandler, ...QUICK },
    });
    const [server, other] = [cluster.server(0), cluster.server(1)];
    const name = "/😀";
    const [one, two] = await Promise.all([
      server.connect(name),
      server.connect(name),
    ]);
    const { message, cause } = await reports.first("ERR_LISTEN");
    assert.match(message, /cannot listen on socket\.io#\/😀/u);
    assert.equal(cause?.code, "22P05");
    // from now on nothing is sent there, heartbeats included: it would be refused, with all that is around it
    const start = sentBy(server);
    await until(() => sentBy(server) > start + 2);
    reports.clear();
    const arrivals = [once(one, "hello"), once(two, "hello")];
    server.io.of(name).emit("hello", 1);
    assert.deepEqual(await Promise.all(arrivals), [[1], [1]]);

    const before = sentBy(server);
    await until(() => sentBy(server) > before + 5);
    assert.deepEqual(reports.codes, [], reports.text);

    for (const nsp of ["/", "/é", "/plain"]) {
      const clients = await Promise.all(
        cluster.servers.map((each) => each.connect(nsp)),
      );
      await untilAcquainted(cluster.servers, { namespace: nsp });
      const heard = clients.map((client) => once(client, "hello"));
      other.io.of(nsp).emit("hello", nsp);
      assert.deepEqual(await Promise.all(heard), [[nsp], [nsp]]);
    }

    // nor after the connections were made again
    await terminateSessions(database);
    await until(() => server.adapter().stats().connections.listener.reconnects);
    const again = once(cluster.client(0), "again");
    await until(() => {
      other.io.emit("again");
      return Promise.race([again, delay(100)]);
    });
  });
});
