"use strict";

// The adapter over a node that only writes down what it is told.

const assert = require("node:assert/strict");
const { EventEmitter } = require("node:events");
const { after, before, describe, it } = require("node:test");

const { MessageType } = require("socket.io-adapter");
const { Server } = require("socket.io");

const { createAdapter } = require("../../index.js");
const { PostgresAdapter } = require("../../lib/adapter.js");
const { PostgresAdapterError } = require("../../lib/errors.js");
const { until } = require("../support/wait.js");

const ALL = { rooms: new Set(), except: new Set(), flags: {} };

/** What the adapter needs of a node. */
class FakeNode {
  constructor() {
    this.options = { uid: "self", requestsTimeout: 1000 };
    this.requestPrefix = "prefix-";
    /** @type {{ id: number, type: number, data: any, isVolatile: boolean }[]} */
    this.published = [];
    /** @type {Map<string, number>} */
    this.known = new Map();
    /** @type {unknown[]} */
    this.reported = [];
    /** @type {any[][]} */
    this.rooms = [];
    this.released = 0;
  }

  open() {
    return 7;
  }

  async release() {
    this.released += 1;
  }

  /**
   * @param {number} id
   * @param {number} type
   * @param {any} data
   * @param {boolean} [isVolatile]
   */
  publish(id, type, data, isVolatile = false) {
    // as the real one, which throws what JSON throws
    const text = JSON.stringify(data);
    this.published.push({ id, type, data: JSON.parse(text), isVolatile });
  }

  /**
   * @param {number} id
   * @param {any[]} event
   * @param {string} options
   * @param {boolean} [isVolatile]
   */
  publishEvent(id, event, options, isVolatile) {
    const usual = '{"rooms":[],"except":[],"flags":{}}';
    const data = {
      packet: { type: 2, data: event },
      opts: JSON.parse(options || usual),
    };
    this.publish(id, MessageType.BROADCAST, data, isVolatile);
  }

  peers() {
    return this.known;
  }

  /** @param {unknown} err */
  report(err) {
    this.reported.push(err);
  }

  /**
   * @param {number} _id
   * @param {unknown} room
   */
  roomCreated(_id, room) {
    this.rooms.push(["created", room]);
  }

  /**
   * @param {number} _id
   * @param {unknown} room
   */
  roomDeleted(_id, room) {
    this.rooms.push(["deleted", room]);
  }

  /**
   * @param {number} _id
   * @param {boolean} populated
   */
  setPopulated(_id, populated) {
    this.rooms.push(["populated", populated]);
  }
}

/** A namespace with the little that adapters look at. */
class FakeNamespace extends EventEmitter {
  constructor() {
    super();
    this.name = "/";
    this._ids = 0;
    this.sockets = new Map();
    this.server = {
      opts: {},
      encoder: {
        encode: (/** @type {any} */ packet) => [JSON.stringify(packet)],
      },
    };
  }

  /** @param {any[]} args */
  _onServerSideEmit(args) {
    this.emit(.../** @type {[string]} */ (args));
  }

  /** @param {string} id */
  addSocket(id) {
    /** @type {any[]} */
    const received = [];
    this.sockets.set(id, {
      id,
      rooms: new Set([id]),
      handshake: {},
      data: {},
      acks: new Map(),
      client: {
        writeToEngine: ([text] = [""]) => received.push(JSON.parse(text).data),
      },
    });
    return received;
  }
}

function newAdapter() {
  const node = new FakeNode();
  const nsp = new FakeNamespace();
  const adapter = new PostgresAdapter(nsp, () => /** @type {any} */ (node));
  adapter.init();
  return { adapter, node, nsp };
}

/** @param {...any} data */
const event = (...data) => ({ type: 2, data });

describe("the adapter", () => {
  it("publishes in the namespace's number, and delivers to local sockets at once", () => {
    const { adapter, node, nsp } = newAdapter();
    const received = nsp.addSocket("a");
    adapter.addAll("a", new Set(["a"]));

    adapter.broadcast(event("news", 1), ALL);

    assert.deepEqual(received, [["news", 1]]);
    assert.deepEqual(node.published, [
      {
        id: 7,
        type: MessageType.BROADCAST,
        data: {
          packet: { type: 2, data: ["news", 1] },
          opts: { rooms: [], except: [], flags: {} },
        },
        isVolatile: false,
      },
    ]);
  });

  it("publishes nothing that is local, and says what is volatile", () => {
    const { adapter, node } = newAdapter();
    const local = { ...ALL, flags: { local: true } };

    adapter.broadcast(event("near"), local);
    adapter.addSockets(local, ["room"]);
    adapter.delSockets(local, ["room"]);
    adapter.disconnectSockets(local, true);
    assert.equal(node.published.length, 0);

    adapter.broadcast(event("far"), { ...ALL, flags: { volatile: true } });
    assert.equal(node.published[0]?.isVolatile, true);
  });

  it("tells the engine of rooms, and of the first and last socket", () => {
    const { adapter, node } = newAdapter();

    adapter.addAll("a", new Set(["x"]));
    adapter.addAll("b", new Set(["x"]));
    adapter.del("a", "x");
    adapter.delAll("b");
    adapter.delAll("a");

    assert.deepEqual(node.rooms, [
      ["created", "x"],
      ["populated", true],
      ["deleted", "x"],
      ["populated", false],
    ]);
  });

  it("gives its view of the cluster as a Map", async () => {
    const { adapter, node } = newAdapter();
    node.known.set("other", 123);

    assert.deepEqual(adapter.nodesMap, new Map([["other", 123]]));
    assert.equal(await adapter.serverCount(), 2);
  });

  it("refuses a message that is malformed, and says nothing of its content", () => {
    const { adapter, nsp } = newAdapter();
    const received = nsp.addSocket("a");
    adapter.addAll("a", new Set(["a"]));

    assert.throws(
      () =>
        adapter.onMessage({
          type: MessageType.BROADCAST,
          uid: "other",
          data: { packet: "secret", opts: {} },
        }),
      (err) =>
        err instanceof PostgresAdapterError &&
        err.code === "ERR_MALFORMED_MESSAGE" &&
        !err.message.includes("secret"),
    );
    assert.deepEqual(received, []);
  });

  it("takes a message of an emitter, which names no namespace", () => {
    const { adapter, nsp } = newAdapter();
    const received = nsp.addSocket("a");
    adapter.addAll("a", new Set(["a"]));

    adapter.onMessage({
      type: MessageType.BROADCAST,
      uid: "emitter",
      data: { packet: event("news"), opts: { rooms: ["a"] } },
    });

    assert.deepEqual(received, [["news"]]);
  });

  it("reports an answer that cannot be serialised, and throws nothing", () => {
    const { adapter, node, nsp } = newAdapter();
    nsp.on("question", (reply) => reply(1n));

    adapter.onMessage({
      type: MessageType.SERVER_SIDE_EMIT,
      uid: "other",
      data: { packet: ["question"], requestId: "theirs-1" },
    });

    assert.deepEqual(node.published, []);
    assert.equal(node.reported.length, 1);
    assert.ok(node.reported[0] instanceof TypeError);
  });

  it("forgets a request that could not be sent: its callback is never called", async () => {
    const { adapter, node } = newAdapter();
    node.known.set("other", 1);
    let calls = 0;
    const count = () => (calls += 1);

    assert.throws(() => adapter.serverSideEmit(["event", 1n, count]));
    assert.throws(() =>
      adapter.broadcastWithAck(
        event("event", 1n),
        { ...ALL, flags: { timeout: 1 } },
        count,
        count,
      ),
    );
    adapter.onPeerLeft("other");
    await adapter.close();

    assert.deepEqual(node.published, []);
    assert.equal(calls, 0);
  });

  it("collects more sockets than fit into a call", async () => {
    const { adapter, node } = newAdapter();
    node.known.set("other", 1);
    const sockets = adapter.fetchSockets(ALL);
    await until(() => node.published.length > 0);
    const requestId = node.published[0]?.data.requestId;

    adapter.onMessage({
      type: MessageType.FETCH_SOCKETS_RESPONSE,
      uid: "other",
      data: {
        requestId,
        sockets: Array.from({ length: 300_000 }, (_, i) => ({
          id: `${i}`,
          rooms: [],
        })),
      },
    });

    assert.equal((await sockets).length, 300_000);
  });

  it("closes once, fails what is open, and is alone and silent afterwards", async () => {
    const { adapter, node } = newAdapter();
    node.known.set("other", 1);
    const sockets = adapter.fetchSockets(ALL);
    await until(() => node.published.length > 0);
    const failure = assert.rejects(sockets, /closed/);

    await adapter.close();
    await adapter.close();
    await failure;

    assert.equal(node.released, 1);
    assert.equal(await adapter.serverCount(), 1);
    assert.deepEqual(await adapter.fetchSockets(ALL), []);
    adapter.broadcast(event("late"), ALL);
    assert.equal(node.published.length, 1);
  });
});

describe("what cannot be serialised", () => {
  /** @type {Server} */
  let io;
  before(async () => {
    // nobody answers there: what counts is that nothing is even tried
    const url = "postgres://nobody@127.0.0.1:1/nothing";
    await new Promise((errorHandler) => {
      io = new Server(0, { adapter: createAdapter(url, { errorHandler }) });
    });
  });
  after(() => io.close());

  /** @type {any} */
  const cycle = {};
  cycle.self = cycle;
  const values = {
    "a BigInt": 1n,
    "a BigInt beside bytes": [Buffer.from("a"), 1n],
    "a cycle": cycle,
    "a cycle with bytes": [cycle, Buffer.from("a")],
    "a toJSON() that throws": {
      toJSON() {
        throw new Error("not this one");
      },
    },
  };
  for (const [name, value] of Object.entries(values)) {
    it(`${name}: the error names the event, and local clients get nothing either`, () => {
      /** @type {string[]} */
      const delivered = [];
      const socket = {
        id: "a",
        client: { writeToEngine: () => delivered.push("something") },
      };
      io.of("/").sockets.set("a", /** @type {any} */ (socket));
      io.of("/").adapter.addAll("a", new Set(["a"]));

      for (const emit of [
        () => io.emit("the event", value),
        () => io.to("a").emit("the event", value),
        () => io.serverSideEmit("the event", value),
        () => io.timeout(1000).emit("the event", value, () => {}),
      ]) {
        assert.throws(
          emit,
          (err) =>
            err instanceof TypeError &&
            err.message.startsWith(`the event "the event" cannot be `) &&
            err.cause instanceof Error,
        );
      }
      assert.deepEqual(delivered, []);
      io.of("/").sockets.delete("a");
    });
  }
});
