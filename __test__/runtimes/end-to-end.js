"use strict";

// What an application does, from the first connection to the end of the process, in whatever runtime runs this file:
// no test runner, and nothing that ends the process. It writes a line for each check, and "all is well".

const assert = require("node:assert/strict");

const { Client } = require("pg");

const { TestServer } = require("../support/server.js");
const { collect, once, until } = require("../support/wait.js");

const connectionString = process.env["TEST_DATABASE_URL"];
assert.ok(connectionString, "TEST_DATABASE_URL is the database to use");

const MIXED_MESSAGES = 300;
const RECONNECTED = { timeout: 60_000 };

/** @typedef {import("../support/server.js").ClientSocket} ClientSocket */

const NAME = "end to end";
const servers = [0, 1].map(
  () => new TestServer({ connectionString, pool: { application_name: NAME } }),
);
const [near, far] = /** @type {[TestServer, TestServer]} */ (servers);
/** @type {ClientSocket[]} one of each server */
const clients = [];

/** @param {number} number */
function contentOf(number) {
  switch (number % 5) {
    case 1:
      return Buffer.alloc(100, number % 256);
    case 3:
      return "x".repeat(9_000);
    default:
      return { number, text: "žluťoučký 👍" };
  }
}

async function untilAcquainted() {
  const counts = () =>
    Promise.all(servers.map((server) => server.adapter().serverCount()));
  await until(async () => String(await counts()) === "2,2", RECONNECTED);
}

/** @param {any} value */
async function assertArrives(value) {
  for (const { io } of servers) {
    const arrivals = clients.map((client) => once(client, "value"));
    io.emit("value", value);
    for (const [received] of await Promise.all(arrivals)) {
      assert.deepEqual(received, value);
    }
  }
}

/** @type {Record<string, () => Promise<void>>} in this order */
const checks = {
  "servers find each other": async () => {
    await Promise.all(servers.map((server) => server.listen()));
    await untilAcquainted();
    for (const server of servers) clients.push(await server.connect());
  },

  "text, binary and large values": async () => {
    await assertArrives({ text: "žluťoučký 👍", list: [1, null, true] });
    await assertArrives(Buffer.from([0, 1, 255]));
    await assertArrives("x".repeat(1_000_000));
    await assertArrives({ big: Buffer.alloc(300_000, 7) });
  },

  "the order of many messages": async () => {
    const arrivals = clients.map((client) => collect(client, "mixed"));
    const sent = Array.from({ length: MIXED_MESSAGES }, (_, number) => [
      number,
      contentOf(number),
    ]);
    sent.forEach((args) => near.io.emit("mixed", ...args));
    for (const arrival of arrivals) {
      assert.deepEqual(await arrival.count(MIXED_MESSAGES), sent);
    }
  },

  rooms: async () => {
    const [outside, inside] = /** @type {[ClientSocket, ClientSocket]} */ (
      clients
    );
    const strays = collect(outside, "to room").values;
    near.io.in(String(inside.id)).socketsJoin("room");
    const arrival = once(inside, "to room");
    near.io.to("room").emit("to room", 1);
    assert.deepEqual(await arrival, [1]);
    near.io.in("room").socketsLeave("room");
    await until(() => !far.socketOf(inside).rooms.has("room"));
    assert.deepEqual(strays, []);
  },

  acknowledgements: async () => {
    clients.forEach((client, index) => {
      client.on("question", (_, answer) => answer(Buffer.from([index])));
    });
    const answers = await near.io
      .timeout(30_000)
      .emitWithAck("question", Buffer.alloc(3));
    assert.deepEqual(
      answers.map((/** @type {Buffer} */ bytes) => bytes[0]).sort(),
      [0, 1],
    );
  },

  "fetchSockets()": async () => {
    const sockets = await near.io.fetchSockets();
    assert.deepEqual(
      sockets.map(({ id }) => id).sort(),
      clients.map(({ id }) => String(id)).sort(),
    );
  },

  "serverSideEmit()": async () => {
    const arrival = once(far.io, "note");
    near.io.serverSideEmit("note", Buffer.from("a note"), 1);
    assert.deepEqual(await arrival, [Buffer.from("a note"), 1]);
    far.io.on("question", (text, answer) => answer(`${text}!`));
    assert.deepEqual(await near.io.serverSideEmitWithAck("question", "why"), [
      "why!",
    ]);
  },

  "a new connection after the old one was killed": async () => {
    const admin = new Client({ connectionString });
    await admin.connect();
    const { rowCount } = await admin.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1",
      [NAME],
    );
    await admin.end();
    assert.equal(rowCount, 4);
    // what is emitted now waits for the new connection
    const arrivals = clients.map((client) =>
      once(client, "after", RECONNECTED),
    );
    near.io.emit("after", Buffer.from("all"));
    for (const args of await Promise.all(arrivals)) {
      assert.deepEqual(args, [Buffer.from("all")]);
    }
    await untilAcquainted();
  },

  "a goodbye": async () => {
    await far.close();
    await until(async () => (await near.adapter().serverCount()) === 1);
    await near.close();
  },
};

async function main() {
  for (const [name, check] of Object.entries(checks)) {
    await check();
    console.log(`ok - ${name}`);
  }
  console.log("all is well");
}

void main();
