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
const { startMember } = require("../interop/member.js");
const { useDatabase } = require("../support/postgres.js");
const { fence, startHost, untilAcquainted } = require("./hosts.js");

/** @typedef {import("./hosts.js").AnyServer} AnyServer */

const database = useDatabase();

/** How soon a server of the JavaScript adapter that missed an answer hears of another one. */
const HEARTBEATS = { heartbeatInterval: 200 };

/**
 * @param {import("node:test").TestContext} t
 * @param {"native" | "js-0.5"} kind
 */
async function plainServer(t, kind) {
  const server = await startMember({
    name: `plain ${kind}`,
    kind,
    connectionString: database.connectionString,
    options: HEARTBEATS,
  });
  t.after(() => server.kill());
  server.clients.push(await server.connect());
  return server;
}

/**
 * @param {any[][]} arrived at each client
 * @param {string[]} expected
 */
function assertEach(arrived, expected) {
  for (const values of arrived) {
    assert.deepEqual(values, expected);
  }
}

/**
 * Everybody sends, everybody gets all of it.
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
    await fence(servers, from);
    assertEach(small.values, [from.name]);
    assertEach(large.values, [LARGE_TEXT]);
    for (const values of binary.values) {
      assert.equal(values.length, 1);
      assert.deepEqual(bytesOf(values[0].bytes), LARGE_BINARY);
    }
    clients.forEach((client) => client.off());
  }
}

test("every worker of every primary gets every broadcast exactly once", async (t) => {
  await database.query(CREATE_TABLE);
  const { connectionString } = database;
  const hosts = [
    await startHost(t, { name: "CommonJS", connectionString }),
    await startHost(t, { name: "ES module", connectionString, esm: true }),
  ];
  const servers = [
    ...hosts.flatMap((host) => host.workers),
    await plainServer(t, "native"),
    await plainServer(t, "js-0.5"),
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
  const one = await startHost(t, {
    name: "one",
    connectionString,
    serialization,
  });
  const two = await startHost(t, {
    name: "two",
    connectionString,
    serialization,
  });
  const servers = [...one.workers, ...two.workers];
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
  assertEach(events.values, sent);
});
