"use strict";

// What an emitter puts on the wire, and when.

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");

const { decode } = require("@msgpack/msgpack");

const { createAdapter, Emitter } = require("../../index.js");
const { useDatabase } = require("../support/postgres.js");
const { emitterFor, listenFor } = require("./emitters.js");

/** The target of a call that names none. */
const EVERYBODY = { rooms: [], except: [], flags: {} };

/**
 * @param {any[]} data
 * @param {object} [opts]
 */
function broadcast(data, opts = EVERYBODY) {
  return {
    type: 3,
    data: { packet: { type: 2, data }, opts },
    uid: "emitter",
    nsp: "/",
  };
}

/**
 * @param {() => unknown} call
 * @returns {Error}
 */
function thrownBy(call) {
  try {
    call();
  } catch (err) {
    assert.ok(err instanceof Error);
    return err;
  }
  return assert.fail("nothing was thrown");
}

describe("the wire of an emitter", () => {
  const database = useDatabase();

  it("is that of a server, under the name of emitters", async (t) => {
    const ear = await listenFor(t, database);
    const emitter = emitterFor(t, database.connectionString);

    emitter.emit("news", 1, undefined);
    const opts = { rooms: ["a", "b"], except: ["c"], flags: {} };
    emitter.to("a").in(["b", "a"]).except("c").socketsJoin("x");
    emitter.socketsLeave(["x", "y"]);
    emitter.disconnectSockets(true);
    emitter.serverSideEmit("note", 2);
    await emitter.flush();

    await ear.catchUp();
    const ends = { uid: "emitter", nsp: "/" };
    assert.deepEqual(ear.messages, [
      broadcast(["news", 1, null]),
      { type: 4, data: { opts, rooms: ["x"] }, ...ends },
      { type: 5, data: { opts: EVERYBODY, rooms: ["x", "y"] }, ...ends },
      { type: 6, data: { opts: EVERYBODY, close: true }, ...ends },
      { type: 9, data: { packet: ["note", 2] }, ...ends },
    ]);
  });

  it("carries the flags", async (t) => {
    const ear = await listenFor(t, database);
    const emitter = emitterFor(t, database.connectionString);
    emitter.emit("first");
    await emitter.flush(); // a volatile message needs the connection to be there

    emitter.volatile.compress(false).emit("flags");
    emitter.compress(true).volatile.to("a").emit("flags");
    await emitter.flush();

    await ear.catchUp();
    const flags = ear.messages.map(({ data }) => data.opts.flags);
    assert.deepEqual(flags, [
      {},
      { volatile: true, compress: false },
      { volatile: true, compress: true },
    ]);
  });

  it("names the row of a message that does not fit, and its namespace", async (t) => {
    const ear = await listenFor(t, database, "socket.io#/large");
    const emitter = emitterFor(t, database.connectionString, "large");
    const bytes = Buffer.of(1, 2, 3);

    emitter.to("a").emit("binary", bytes);
    await emitter.flush();

    await ear.catchUp();
    const [header] = ear.messages;
    const { attachmentId, ...rest } = header;
    assert.deepEqual(rest, { uid: "emitter", type: 3, nsp: "/large" });
    assert.equal(typeof attachmentId, "string");
    const [row] = await database.query(
      "SELECT payload FROM socket_io_attachments WHERE id = $1",
      [attachmentId],
    );
    const opts = { rooms: ["a"], except: [], flags: {} };
    assert.deepEqual(decode(row.payload), {
      ...broadcast(["binary", bytes], opts),
      nsp: "/large",
    });
  });

  it("has committed everything when flush() resolves", async (t) => {
    const ear = await listenFor(t, database);
    const emitter = emitterFor(t, database.connectionString);
    const [{ count: before }] = await database.query(
      "SELECT count(*)::int AS count FROM socket_io_attachments",
    );

    for (let i = 0; i < 300; i += 1) {
      emitter.emit("n", i, i % 3 === 0 ? Buffer.of(i % 256) : "text");
    }
    await emitter.flush();

    const [{ count }] = await database.query(
      "SELECT count(*)::int AS count FROM socket_io_attachments",
    );
    assert.equal(count - before, 100);
    await ear.catchUp();
    assert.equal(ear.payloads.length, 300);
  });

  it("flushes at once when there is nothing to send", async (t) => {
    const emitter = emitterFor(t, database.connectionString);
    await emitter.flush();
    await Promise.all([emitter.flush(), emitter.flush()]);
  });
});

describe("the options of an emitter", () => {
  const database = useDatabase();

  it("decide on channel and table, in every namespace", async (t) => {
    const channels = ["other#/", "other#/admin"];
    const ear = await listenFor(t, database, ...channels);
    const options = {
      channelPrefix: "other",
      tableName: "public.other_table",
      payloadThreshold: 200,
    };
    const emitter = emitterFor(t, database.connectionString, "/", options);

    emitter.emit("small");
    emitter.emit("large", "x".repeat(200));
    emitter.of("admin").emit("small");
    emitter.of("/admin").to("a").emit("large", "x".repeat(200));
    await emitter.flush();

    await ear.catchUp();
    const heard = ear.messages.map(({ nsp, attachmentId }) => ({
      nsp,
      attached: attachmentId !== undefined,
    }));
    assert.deepEqual(heard, [
      { nsp: "/", attached: false },
      { nsp: "/", attached: true },
      { nsp: "/admin", attached: false },
      { nsp: "/admin", attached: true },
    ]);
    const rows = await database.query("SELECT id FROM other_table");
    assert.equal(rows.length, 2);
  });

  it("may take the place of the namespace", async (t) => {
    const ear = await listenFor(t, database, "second#/");
    const options = { channelPrefix: "second" };
    const emitter = emitterFor(t, database.connectionString, options);
    assert.equal(emitter.nsp, "/");

    emitter.emit("here");
    await emitter.flush();

    await ear.catchUp();
    assert.equal(ear.messages.length, 1);
  });

  it("have a threshold in bytes, not characters", async (t) => {
    const ear = await listenFor(t, database);
    const options = { payloadThreshold: 400 };
    const emitter = emitterFor(t, database.connectionString, "/", options);
    const empty = JSON.stringify(broadcast(["n", ""])).length;

    emitter.emit("n", "x".repeat(399 - empty));
    emitter.emit("n", "x".repeat(400 - empty));
    emitter.emit("n", "ü".repeat(Math.ceil((400 - empty) / 2)));
    await emitter.flush();

    await ear.catchUp();
    const attached = ear.messages.map(({ attachmentId }) => attachmentId);
    assert.equal(attached[0], undefined);
    assert.ok(attached[1]);
    assert.ok(attached[2]);
    assert.equal(Buffer.byteLength(ear.payloads[0] ?? ""), 399);
  });

  it("are checked as those of createAdapter()", () => {
    const url = "postgres://u@127.0.0.1:1/d";
    /** @type {any[]} */
    const unusable = [
      { payloadThreshold: 0 },
      { payloadThreshold: 8001 },
      { payloadThreshold: "1" },
      { tableName: "" },
      { tableName: 1 },
      { channelPrefix: "a\0b" },
      { errorHandler: "log" },
      [],
    ];
    for (const options of unusable) {
      const { name, message } = thrownBy(() => createAdapter(url, options));
      assert.match(name, /^(Type|Range)Error$/);
      const expected = { name, message, code: "ERR_OPTIONS" };
      assert.throws(() => new Emitter(url, "/", options), expected);
      assert.throws(() => new Emitter(url, options), expected);
    }
  });

  it("come after a target that can be used, and a namespace that is one", () => {
    /** @type {any[]} */
    const targets = [undefined, null, "", 5, [], new Date(0)];
    for (const target of targets) {
      assert.throws(() => createAdapter(target), TypeError);
      assert.throws(() => new Emitter(target), TypeError);
    }
    const url = "postgres://u@127.0.0.1:1/d";
    for (const nsp of /** @type {any[]} */ ([5, true, () => "/"])) {
      assert.throws(() => new Emitter(url, nsp), {
        name: "TypeError",
        message: /the namespace must be a string/,
      });
    }
    assert.throws(() => new Emitter(url, "/a\0b"), RangeError);
  });
});
