"use strict";

// What a client gets of a remote broadcast, whatever the parser and whoever listens on the way.

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");
const { EventEmitter } = require("node:events");

const { Manager } = require("socket.io-client");

const { clusterFor } = require("../support/cluster.js");
const { useDatabase } = require("../support/postgres.js");
const { once } = require("../support/wait.js");

/** Packets as JSON, unlike Socket.IO's own parser. */
const jsonParser = {
  Encoder: class {
    encode(/** @type {any} */ packet) {
      return [JSON.stringify(packet)];
    }
  },
  Decoder: class extends EventEmitter {
    add(/** @type {string} */ text) {
      this.emit("decoded", JSON.parse(text));
    }
    destroy() {}
  },
};

describe("remote broadcasts", () => {
  const database = useDatabase();

  it("reach clients of another parser", async (t) => {
    const cluster = await clusterFor(t, database, {
      servers: 2,
      clientsPerServer: 0,
      io: { parser: jsonParser },
    });
    const server = cluster.server(1);
    const manager = new Manager(server.url, {
      transports: ["websocket"],
      reconnection: false,
      autoConnect: false,
      parser: jsonParser,
    });
    const client = await server.connect("/", { manager });
    const arrival = once(client, "event");
    cluster.io(0).emit("event", 1, { a: ["ü"] });
    assert.deepEqual(await arrival, [1, { a: ["ü"] }]);
  });

  it("pass the listeners for outgoing events", async (t) => {
    const cluster = await clusterFor(t, database, { servers: 2 });
    const client = await cluster.server(1).connect();
    const outgoing = new Promise((resolve) => {
      cluster
        .server(1)
        .socketOf(client)
        .onAnyOutgoing((...args) => resolve(args));
    });
    const arrival = once(client, "event");
    cluster.io(0).emit("event", 1, { a: ["ü"] });
    assert.deepEqual(await outgoing, ["event", 1, { a: ["ü"] }]);
    assert.deepEqual(await arrival, [1, { a: ["ü"] }]);
  });
});
