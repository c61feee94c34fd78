"use strict";

const assert = require("node:assert/strict");
const { test } = require("node:test");

const { CREATE_TABLE } = require("../interop/adapters.js");
const {
  bytesOf,
  collectAll,
  LARGE_BINARY,
  LARGE_TEXT,
} = require("../interop/arrivals.js");
const { useDatabase } = require("../support/postgres.js");
const {
  fence,
  plainServer,
  startHost,
  untilAcquainted,
} = require("./hosts.js");

/** @typedef {import("./hosts.js").AnyServer} AnyServer */

const database = useDatabase();

/** How soon a server of the JavaScript adapter that missed an answer hears of another one. */
const HEARTBEATS = { heartbeatInterval: 200 };

/**
 * Everybody sends, everybody gets all of it, once.
 *
 * @param {AnyServer[]} servers
 */
async function assertEverybodyHearsEverybody(servers) {
  const clients = servers.flatMap((server) => server.clients);
  for (const from of servers) {
    const small = collectAll(clients, "small");
    const large = collectAll(clients, "large");
    const binary = collectAll(clients, "binary");
    await from.call("emit", {}, "small", from.name);
    await from.call("emit", {}, "large", LARGE_TEXT);
    await from.call("emit", {}, "binary", { bytes: LARGE_BINARY });
    // one by one: servers of the JavaScript adapter keep no order
    for (const each of [small, large, binary]) await each.count(1);
    await fence(servers, from);
    servers.forEach((server, index) => {
      const what = `from ${from.name} to ${server.name}`;
      assert.deepEqual(small.values[index], [from.name], what);
      assert.equal(large.values[index]?.length, 1, what);
      assert.ok(large.values[index]?.[0] === LARGE_TEXT, what);
      assert.equal(binary.values[index]?.length, 1, what);
      const bytes = bytesOf(binary.values[index]?.[0].bytes);
      assert.ok(bytes.equals(LARGE_BINARY), what);
    });
    clients.forEach((client) => client.off());
  }
}

test("every worker of every primary gets every broadcast exactly once", async (t) => {
  await database.query(CREATE_TABLE);
  const { connectionString } = database;
  const common = { connectionString, adapter: HEARTBEATS };
  const hosts = await Promise.all([
    startHost(t, { name: "CommonJS", ...common }),
    startHost(t, { name: "ES module", ...common, esm: true }),
  ]);
  const servers = [
    ...hosts.flatMap((host) => host.workers),
    ...(await Promise.all([
      plainServer(t, { kind: "native", connectionString }),
      plainServer(t, { kind: "js-0.5", connectionString, options: HEARTBEATS }),
    ])),
  ];
  await untilAcquainted(servers);
  await assertEverybodyHearsEverybody(servers);
  for (const host of hosts) {
    assert.deepEqual(host.errors, []);
    await host.end();
  }
});

test("with the JSON of Node.js between primary and workers, text and order are kept", async (t) => {
  const { connectionString } = database;
  /** @type {"json"} */
  const serialization = "json";
  const hosts = await Promise.all(
    ["one", "two"].map((name) =>
      startHost(t, { name, connectionString, serialization }),
    ),
  );
  const servers = hosts.flatMap((host) => host.workers);
  await untilAcquainted(servers);
  const clients = servers.flatMap((server) => server.clients);
  const events = collectAll(clients, "event");
  const sent = Array.from({ length: 50 }, (_, number) =>
    number % 5 === 0 ? `${number} ${LARGE_TEXT}` : String(number),
  );
  for (const text of sent) {
    await servers[0]?.call("emit", {}, "event", text);
  }
  await events.count(sent.length);
  for (const arrived of events.values) {
    assert.ok(arrived.join() === sent.join(), "all of them, in order");
  }
});
