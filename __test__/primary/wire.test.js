"use strict";

// What the database gets to see, and what the workers get to see of it.

const assert = require("node:assert/strict");
const { test } = require("node:test");

const { decode } = require("@msgpack/msgpack");
const { Client } = require("pg");

const { useDatabase } = require("../support/postgres.js");
const { fence, startHost, until, untilAcquainted } = require("./hosts.js");

const database = useDatabase();

/**
 * Keeps every notification of the main namespace.
 *
 * @param {import("node:test").TestContext} t
 */
async function listen(t) {
  const client = new Client({ connectionString: database.connectionString });
  await client.connect();
  t.after(() => client.end());
  /** @type {string[]} */
  const seen = [];
  client.on("notification", ({ payload }) => seen.push(String(payload)));
  await client.query('LISTEN "socket.io#/"');
  return {
    client,
    /** @returns {any[]} what was heard so far */
    messages: () => seen.map((text) => JSON.parse(text)),
  };
}

test("messages and the headers of attachments carry the id of the primary", async (t) => {
  const { client, messages } = await listen(t);
  const host = await startHost(t, {
    name: "host",
    connectionString: database.connectionString,
    options: { uid: "primary-1", payloadThreshold: 500 },
    workers: 1,
  });
  const [worker] = host.workers;
  assert.ok(worker);
  const uid = await worker.call("uidOf", "/");
  await worker.emit({}, "small", 1);
  await worker.emit({}, "large", "x".repeat(500));
  await worker.emit({}, "binary", Buffer.from([1, 2, 3]));
  const broadcasts = () => messages().filter(({ type }) => type === 3);
  await until(() => broadcasts().length === 3, { message: "three broadcasts" });
  const [small, large, binary] = broadcasts();
  assert.deepEqual(small, {
    source: "_sio_adapter",
    type: 3,
    data: {
      packet: { type: 2, data: ["small", 1] },
      opts: { rooms: [], except: [], flags: {} },
    },
    uid,
    nsp: "/",
    nodeId: "primary-1",
  });
  for (const header of [large, binary]) {
    assert.equal(header.nodeId, "primary-1");
    const { rows } = await client.query(
      "SELECT payload FROM socket_io_attachments WHERE id = $1",
      [header.attachmentId],
    );
    const message = /** @type {any} */ (decode(rows[0].payload));
    assert.equal(message.nodeId, "primary-1");
    assert.equal(message.uid, uid);
    assert.equal(message.source, "_sio_adapter");
  }
});

test("what workers answer each other stays within their host", async (t) => {
  const { messages } = await listen(t);
  const host = await startHost(t, {
    name: "host",
    connectionString: database.connectionString,
  });
  const [asking] = host.workers;
  assert.ok(asking);
  await untilAcquainted(host.workers);
  assert.equal((await asking.call("fetchSockets", {})).length, 2);
  await asking.emit({}, "afterwards");
  await until(() => messages().some(({ type }) => type === 3), {
    message: "what was sent after the answer",
  });
  assert.equal(messages().filter(({ type }) => type === 7).length, 1);
  assert.deepEqual(
    messages().filter(({ type }) => type === 8),
    [],
  );
});

test("what workers say for purposes of their own, or wrongly, reaches nobody", async (t) => {
  const { messages } = await listen(t);
  const host = await startHost(t, {
    name: "host",
    connectionString: database.connectionString,
  });
  const [from, other] = host.workers;
  assert.ok(from && other);
  await untilAcquainted(host.workers);
  const good = { source: "_sio_adapter", type: 2, uid: "mark", nsp: "/" };
  const bad = [
    "mark",
    null,
    { mark: true },
    { ...good, source: undefined },
    { ...good, source: "mark" },
    ...[0, 14, -1, 1.5, "2", null].map((type) => ({ ...good, type })),
    ...["", 1, null, { mark: 1 }].map((uid) => ({ ...good, uid })),
    ...[1, null, ["mark"]].map((nsp) => ({ ...good, nsp })),
  ];
  for (const message of bad) {
    await from.call("sendRaw", message);
  }
  // a field that no message has stays behind
  await from.call("sendRaw", { ...good, uid: "good one", x: 1 });
  await fence(host.workers, from);
  const isMarked = (/** @type {any} */ message) =>
    JSON.stringify(message).includes("mark");
  const found = await until(
    () => messages().find(({ uid }) => uid === "good one"),
    { message: "the one good message" },
  );
  assert.deepEqual(messages().filter(isMarked), []);
  assert.deepEqual(other.received.filter(isMarked), []);
  assert.equal(typeof found.nodeId, "string");
  assert.deepEqual(found, { ...good, uid: "good one", nodeId: found.nodeId });
});

test("messages that no server would send do not reach the workers", async (t) => {
  const { client } = await listen(t);
  const host = await startHost(t, {
    name: "host",
    connectionString: database.connectionString,
    workers: 1,
  });
  const [worker] = host.workers;
  assert.ok(worker);
  const opts = { rooms: [], except: [], flags: {} };
  const uid = "stranger";
  const hostile = [
    "no JSON",
    { type: 3, uid, nsp: "/" },
    { type: 3, uid, nsp: "/", data: { packet: 1, opts } },
    { type: 4, uid, nsp: "/", data: { opts, rooms: 1 } },
    { type: 8, uid, nsp: "/", data: { requestId: "1", sockets: 1 } },
    { type: 99, uid, nsp: "/", data: {} },
    { type: 3, uid: 1, nsp: "/", data: {} },
  ];
  const fine = {
    type: 3,
    uid: "emitter",
    // the worker would write the namespace into it
    data: { packet: { type: 2, data: ["fine"], nsp: "/" }, opts },
    cmd: "NODE_CLUSTER",
  };
  // that the namespace is listened to shows when something arrives
  await until(
    async () => {
      await client.query("SELECT pg_notify('socket.io#/', $1)", [
        JSON.stringify(fine),
      ]);
      return worker.received.some(({ type }) => type === 3);
    },
    { message: "a message of an emitter" },
  );
  const errors = host.errors.length;
  worker.received.splice(0);
  for (const message of [...hostile, fine]) {
    await client.query("SELECT pg_notify('socket.io#/', $1)", [
      typeof message === "string" ? message : JSON.stringify(message),
    ]);
  }
  await until(
    () =>
      worker.received.some(({ type }) => type === 3) &&
      host.errors.length - errors >= hostile.length,
    { message: () => `a report for each: ${host.errors}` },
  );
  for (const { cmd, ...message } of worker.received) {
    assert.equal(cmd, undefined);
    assert.deepEqual(message, {
      source: "_sio_adapter",
      type: 3,
      uid: "emitter",
      nsp: "/",
      data: fine.data,
    });
  }
  for (const error of host.errors.slice(errors)) {
    assert.match(error, /^ERR_MALFORMED_MESSAGE: /);
  }
});
