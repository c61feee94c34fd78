"use strict";

// Primaries of both packages in one cluster. What a primary of the JavaScript package does to its own workers is its own
// business: it delivers their large messages twice, and what plain servers send they ignore.

const assert = require("node:assert/strict");
const { test } = require("node:test");

const { CREATE_TABLE } = require("../interop/adapters.js");
const { bytesOf, collectAll } = require("../interop/arrivals.js");
const { useDatabase } = require("../support/postgres.js");
const { fence, plainServer, startHost, until } = require("./hosts.js");

/** @typedef {import("./hosts.js").AnyServer} AnyServer */

const database = useDatabase();

const LARGE = "x".repeat(20_000);
const BYTES = Buffer.from([0, 1, 2, 254, 255]);

/**
 * @param {AnyServer} from
 * @param {AnyServer[]} to
 */
async function assertOnce(from, to) {
  const clients = to.flatMap((server) => server.clients);
  const events = ["small", "large", "binary"];
  const collected = events.map((event) => collectAll(clients, event));
  await from.call("emit", {}, "small", from.name);
  await from.call("emit", {}, "large", LARGE);
  await from.call("emit", {}, "binary", BYTES);
  for (const each of collected) await each.count(1);
  await fence(to, from);
  to.forEach((server, index) => {
    const [small, large, binary] = collected.map((each) => each.values[index]);
    const what = `from ${from.name} to ${server.name}`;
    assert.deepEqual(small, [from.name], what);
    assert.ok(large?.length === 1 && large[0] === LARGE, what);
    assert.equal(binary?.length, 1, what);
    assert.deepEqual(bytesOf(binary?.[0]), BYTES, what);
  });
  clients.forEach((client) => client.off());
}

test("messages of all sizes pass between primaries of both packages exactly once", async (t) => {
  await database.query(CREATE_TABLE);
  const { connectionString } = database;
  const common = { connectionString, adapter: { heartbeatInterval: 200 } };
  const [native, js, plain] = await Promise.all([
    startHost(t, { name: "native", ...common }),
    startHost(t, { name: "js", kind: "js", ...common }),
    plainServer(t, { kind: "native", connectionString }),
  ]);
  await until(
    async () => {
      const seen = native.workers.map((worker) => worker.call("serverCount"));
      return (await Promise.all(seen)).every((count) => count === 5);
    },
    { message: "the workers of the native primary see everybody" },
  );
  for (const from of js.workers) {
    await assertOnce(from, [...native.workers, plain]);
  }
  for (const from of native.workers) {
    await assertOnce(from, [...native.workers, ...js.workers, plain]);
  }
  await assertOnce(plain, [...native.workers, plain]);
  assert.deepEqual(native.errors, []);
});
