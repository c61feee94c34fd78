"use strict";

const assert = require("node:assert/strict");
const { before, describe, test } = require("node:test");

const { useDatabase } = require("../support/postgres.js");
const { once } = require("../support/wait.js");
const {
  fence,
  plainServer,
  startHost,
  untilAcquainted,
  useHooks,
} = require("./hosts.js");

/** @typedef {import("./hosts.js").AnyServer} AnyServer */
/** @typedef {import("./hosts.js").Worker} Worker */

const RESPONSES = new Set([8, 10, 11, 12]);

const database = useDatabase();
const hooks = useHooks(database);

/** @type {Worker[]} two of each of two primaries */
let workers = [];
/** @type {AnyServer[]} the workers and a plain server */
let servers = [];

/** Forgets what the workers were sent; gives a check that only one of them was sent responses since. */
function watchResponses() {
  workers.forEach((worker) => worker.received.splice(0));
  return async (
    /** @type {AnyServer} */ asking,
    /** @type {number} */ count,
  ) => {
    // what is on its way to somebody arrives before the fence
    for (const from of servers) await fence(servers, from);
    for (const worker of workers) {
      const responses = worker.received.filter(({ type }) =>
        RESPONSES.has(type),
      );
      const expected = worker === asking ? count : 0;
      assert.equal(responses.length, expected, worker.name);
    }
  };
}

describe("requests in a cluster of workers and a plain server", () => {
  before(async () => {
    const { connectionString } = database;
    const [one, two, plain] = await Promise.all([
      startHost(hooks, { name: "one", connectionString }),
      startHost(hooks, { name: "two", connectionString }),
      plainServer(hooks, { kind: "native", connectionString }),
    ]);
    workers = [...one.workers, ...two.workers];
    servers = [...workers, plain];
    await untilAcquainted(servers);
  });

  for (const index of [0, 3, 4]) {
    const name = index === 4 ? "a plain server" : `worker ${index}`;

    test(`${name} gets the sockets of everybody`, async () => {
      const asking = /** @type {AnyServer} */ (servers[index]);
      const assertOnlyAnswered = watchResponses();
      const sockets = await asking.call("fetchSockets", {});
      assert.deepEqual(
        sockets.map((/** @type {{ id: string }} */ { id }) => id).sort(),
        servers.flatMap(({ clients }) => clients.map(({ id }) => id)).sort(),
      );
      await assertOnlyAnswered(asking, 4);
    });

    test(`${name} gets the answers of every other server`, async () => {
      const asking = /** @type {AnyServer} */ (servers[index]);
      const assertOnlyAnswered = watchResponses();
      const { error, responses } = await asking.call("ask", "/", "question", 1);
      assert.equal(error, null);
      assert.equal(responses.length, 4);
      await assertOnlyAnswered(asking, 4);
    });

    test(`${name} gets the acknowledgements of every client`, async () => {
      const asking = /** @type {AnyServer} */ (servers[index]);
      const assertOnlyAnswered = watchResponses();
      for (const server of servers) {
        for (const client of server.clients) {
          client.once("who", (reply) => reply({ bytes: Buffer.from([7]) }));
        }
      }
      const { error, responses } = await asking.call(
        "emitWithAck",
        { timeout: 20_000 },
        "who",
      );
      assert.equal(error, null);
      assert.equal(responses.length, 5);
      for (const { bytes } of responses) {
        assert.deepEqual(Buffer.from(bytes), Buffer.from([7]));
      }
      // a count and an acknowledgement of each
      await assertOnlyAnswered(asking, 8);
    });
  }

  test("an event for rooms reaches those who joined them from elsewhere", async () => {
    const [from] = servers;
    assert.ok(from);
    const last = servers[4]?.clients[0];
    assert.ok(last);
    await from.call("socketsJoin", { rooms: [last.id] }, "club");
    const arrived = once(last, "club only");
    await from.call("emit", { rooms: ["club"] }, "club only", 1);
    assert.deepEqual(await arrived, [1]);
  });
});
