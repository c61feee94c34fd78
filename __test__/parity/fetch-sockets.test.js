"use strict";

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");

const { expectedToFailOnReference } = require("../support/adapter.js");
const { startChild } = require("../support/child.js");
const {
  clusterFor,
  untilAcquainted,
  useCluster,
} = require("../support/cluster.js");
const { useDatabase } = require("../support/postgres.js");
const { collect, once, patience, until } = require("../support/wait.js");

/** Long enough for those who answer, in milliseconds. */
const SHORT_TIMEOUT_MS = 2_000;
/** Less than the reference takes, in milliseconds. */
const NOTICED_MS = 4_900;

/** @param {{ id: string }[]} sockets */
const idsOf = (sockets) => sockets.map(({ id }) => id).sort();

describe("fetchSockets()", () => {
  const cluster = useCluster(useDatabase(), { namespaces: ["/other"] });

  /** @param {...number} indexes */
  const idsAt = (...indexes) =>
    idsOf(indexes.map((index) => cluster.socket(index)));

  /** @param {number} index */
  async function fetchOne(index) {
    const id = String(cluster.client(index).id);
    const [remote, ...others] = await cluster.io(0).in(id).fetchSockets();
    assert.ok(remote);
    assert.equal(others.length, 0);
    assert.equal(remote.id, id);
    return remote;
  }

  it("finds the sockets of every server", async () => {
    for (const { io } of cluster.servers) {
      assert.deepEqual(idsOf(await io.fetchSockets()), idsAt(0, 1, 2));
    }
  });

  it("finds the members of rooms, and spares excepted ones", async () => {
    cluster.socket(1).join(["red", "green"]);
    cluster.socket(2).join("green");
    const io = cluster.io(0);

    assert.deepEqual(idsOf(await io.in("red").fetchSockets()), idsAt(1));
    assert.deepEqual(
      idsOf(await io.in(["red", "green"]).fetchSockets()),
      idsAt(1, 2),
    );
    assert.deepEqual(
      idsOf(await io.in("green").except("red").fetchSockets()),
      idsAt(2),
    );
    assert.deepEqual(idsOf(await io.in("nobody").fetchSockets()), []);
  });

  it("finds local sockets only when local", async () => {
    const sockets = await cluster.io(1).local.fetchSockets();

    assert.deepEqual(idsOf(sockets), idsAt(1));
  });

  it("finds the sockets of its namespace only", async () => {
    const client = await cluster
      .server(2)
      .connect("/other", { manager: cluster.client(2).io });

    const sockets = await cluster.io(0).of("/other").fetchSockets();
    client.disconnect();

    assert.deepEqual(idsOf(sockets).length, 1);
    assert.notDeepEqual(idsOf(sockets), idsAt(2));
  });

  it("tells the handshake, the rooms and the data of remote sockets", async (t) => {
    const server = cluster.server(1);
    const client = await server.connect("/", {
      auth: { token: "secret" },
      query: { colour: "red" },
    });
    t.after(() => client.io._close());
    const socket = server.socketOf(client);
    socket.data = { name: "Alžběta", at: new Date(0), list: [1, { two: 2 }] };
    socket.join(["room one", "room two"]);

    const [remote] = await cluster.io(2).in(socket.id).fetchSockets();

    assert.ok(remote);
    assert.deepEqual(remote.data, JSON.parse(JSON.stringify(socket.data)));
    assert.deepEqual(
      [...remote.rooms].sort(),
      [socket.id, "room one", "room two"].sort(),
    );
    assert.deepEqual(
      JSON.parse(JSON.stringify(remote.handshake)),
      JSON.parse(JSON.stringify(socket.handshake)),
    );
    assert.equal(remote.handshake.auth["token"], "secret");
    assert.equal(remote.handshake.query["colour"], "red");
  });

  it("tells large data", async () => {
    cluster.socket(2).data = { text: "x".repeat(100_000) };

    const remote = await fetchOne(2);

    assert.equal(remote.data.text.length, 100_000);
  });

  it("answers many questions at once", async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        cluster.io(index % 3).fetchSockets(),
      ),
    );

    for (const sockets of answers) {
      assert.deepEqual(idsOf(sockets), idsAt(0, 1, 2));
    }
  });

  it("gives sockets that join and leave rooms", async () => {
    const remote = await fetchOne(1);

    remote.join(["a", "b"]);
    await until(() => cluster.socket(1).rooms.has("b"));
    remote.leave("a");
    await until(() => !cluster.socket(1).rooms.has("a"));

    assert.ok(cluster.socket(1).rooms.has("b"));
  });

  it("gives sockets that can be written to", async () => {
    const values = cluster.clients.map((c) => collect(c, "to you").values);
    const remote = await fetchOne(2);

    remote.emit("to you", "hello", Buffer.from([1]));
    await once(cluster.client(2), "to you");
    await cluster.fence();

    assert.deepEqual(values, [[], [], [["hello", Buffer.from([1])]]]);
  });

  it("gives sockets that can be disconnected", async () => {
    const client = await cluster.server(1).connect();
    const ending = once(client, "disconnect");
    const [remote] = await cluster.io(0).in(String(client.id)).fetchSockets();

    remote?.disconnect(true);

    await ending;
    await until(
      () => !client.io.engine || client.io.engine.readyState === "closed",
    );
  });
});

describe("fetchSockets() of a server that does not answer", () => {
  const database = useDatabase();

  /**
   * Two servers, and a third that is suspended.
   * @param {import("node:test").TestContext} t
   * @param {import("../support/adapter.js").AdapterOptions} [options]
   */
  async function withSuspendedServer(t, options) {
    const cluster = await clusterFor(t, database, { servers: 2, options });
    const child = await startChild(t, {
      connectionString: database.connectionString,
      options,
    });
    await untilAcquainted(cluster.servers, { count: 3 });
    await child.suspend();
    return cluster;
  }

  it("rejects after the time-out of the call", async (t) => {
    const cluster = await withSuspendedServer(t);

    const asking = cluster.io(0).timeout(SHORT_TIMEOUT_MS).fetchSockets();

    await assert.rejects(asking, /timeout reached: missing 1 responses/);
  });

  it(
    "rejects after the time-out of the options",
    expectedToFailOnReference(
      "it has no such option, it waits 5 s",
      async (t) => {
        const cluster = await withSuspendedServer(t, {
          requestsTimeout: SHORT_TIMEOUT_MS,
        });
        /** @type {Error | undefined} */
        let failure;
        cluster
          .io(0)
          .fetchSockets()
          .catch((err) => (failure = err));

        await until(() => failure, {
          timeout: Math.min(patience(), NOTICED_MS),
        });

        assert.match(String(failure), /timeout reached/);
      },
    ),
  );

  it("ends with the others' sockets once that server counts as gone", async (t) => {
    const cluster = await withSuspendedServer(t, {
      heartbeatInterval: 200,
      heartbeatTimeout: 3_000,
    });

    const sockets = await cluster.io(0).timeout(20_000).fetchSockets();

    assert.equal(sockets.length, 2);
    assert.equal(await cluster.server(0).adapter().serverCount(), 2);
  });
});
