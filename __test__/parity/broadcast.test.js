"use strict";

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");

const { useCluster } = require("../support/cluster.js");
const { useDatabase } = require("../support/postgres.js");
const { collect, once, until } = require("../support/wait.js");

describe("broadcast", () => {
  const cluster = useCluster(useDatabase());

  /** @param {string} event */
  const received = (event) =>
    cluster.clients.map((client) => collect(client, event).values);

  it("reaches the clients of every server", async () => {
    const arrivals = cluster.clients.map((client) => once(client, "news"));

    cluster.io(0).emit("news", 1, "two", { three: [3] });

    for (const args of await Promise.all(arrivals)) {
      assert.deepEqual(args, [1, "two", { three: [3] }]);
    }
  });

  it("reaches each client once", async () => {
    const values = received("once");

    cluster.io(1).emit("once", "a");
    cluster.io(1).emit("once", "b");
    await cluster.fence(1);

    for (const seen of values) {
      assert.deepEqual(seen.sort(), ["a", "b"]);
    }
  });

  it("reaches the members of a room, wherever they are", async () => {
    cluster.socket(1).join("room");
    cluster.socket(2).join("other");
    const values = received("to room");

    cluster.io(0).to("room").emit("to room", 1);
    await cluster.fence();

    assert.deepEqual(values, [[], [1], []]);
  });

  it("reaches a client in several of the rooms once", async () => {
    cluster.socket(1).join(["red", "green"]);
    cluster.socket(2).join("blue");
    const values = received("colours");

    cluster.io(0).to(["red", "green"]).to("blue").emit("colours", 1);
    await cluster.fence();

    assert.deepEqual(values, [[], [1], [1]]);
  });

  it("spares the members of excepted rooms", async () => {
    cluster.socket(0).join("quiet");
    cluster.socket(1).join(["room", "quiet"]);
    cluster.socket(2).join("room");
    const all = received("except all");
    const room = received("except room");

    cluster.io(2).except("quiet").emit("except all", 1);
    cluster.io(2).to("room").except("quiet").emit("except room", 1);
    await cluster.fence(2);

    assert.deepEqual(all, [[], [], [1]]);
    assert.deepEqual(room, [[], [], [1]]);
  });

  it("reaches a single client by its id", async () => {
    const values = received("private");

    cluster
      .io(0)
      .to(String(cluster.client(2).id))
      .emit("private", 1);
    await cluster.fence();

    assert.deepEqual(values, [[], [], [1]]);
  });

  it("stays on its server when local", async () => {
    const values = received("local");

    cluster.io(1).local.emit("local", 1);
    await cluster.fence(1);

    assert.deepEqual(values, [[], [1], []]);
  });

  it("carries the volatile flag", async () => {
    // a volatile packet is dropped while an earlier one is still on its way out
    await until(() =>
      cluster.clients.every(
        (_, index) => cluster.socket(index).conn.transport.writable,
      ),
    );
    const arrivals = cluster.clients.map((client) => once(client, "volatile"));

    cluster.io(0).volatile.emit("volatile", 1);

    assert.deepEqual(await Promise.all(arrivals), [[1], [1], [1]]);
  });

  it("carries the compress flag", async () => {
    const values = received("compress");

    cluster.io(0).compress(false).emit("compress", "no");
    cluster.io(0).compress(true).emit("compress", "yes");
    await cluster.fence();

    for (const seen of values) {
      assert.deepEqual(seen.sort(), ["no", "yes"]);
    }
  });

  it("from a socket reaches all but that socket", async () => {
    const values = received("from socket");

    cluster.socket(0).broadcast.emit("from socket", 1);
    await cluster.fence();

    assert.deepEqual(values, [[], [1], [1]]);
  });

  it("from a socket to a room reaches the members but that socket", async () => {
    cluster.socket(0).join("club");
    cluster.socket(2).join("club");
    const values = received("to club");

    cluster.socket(0).to("club").emit("to club", 1);
    await cluster.fence();

    assert.deepEqual(values, [[], [], [1]]);
  });

  it("runs the outgoing listeners of remote sockets", async () => {
    /** @type {any[][]} */
    const seen = [];
    cluster.socket(2).onAnyOutgoing((...args) => seen.push(args));

    cluster.io(0).emit("observed", 7);
    await cluster.fence();
    cluster.socket(2).offAnyOutgoing();

    assert.deepEqual(
      seen.filter(([event]) => event === "observed"),
      [["observed", 7]],
    );
  });

  it("without arguments arrives without arguments", async () => {
    const arrivals = cluster.clients.map((client) => once(client, "nothing"));

    cluster.io(0).emit("nothing");

    assert.deepEqual(await Promise.all(arrivals), [[], [], []]);
  });
});
