"use strict";

// What an emitter is to the database and to the cluster: one session that listens to nothing, and no server.

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");

const { Pool } = require("pg");

const { Emitter } = require("../../index.js");
const { clusterFor } = require("../support/cluster.js");
const { terminateSessions } = require("../support/faults.js");
const { useDatabase } = require("../support/postgres.js");
const { once, until } = require("../support/wait.js");
const { WireTap } = require("../support/wire-tap.js");
const {
  APPLICATION,
  emitterFor,
  listenFor,
  sessionsOfEmitters,
} = require("./emitters.js");

describe("an emitter", () => {
  const database = useDatabase();

  it("has one connection for all namespaces, and gives it back", async (t) => {
    const emitter = emitterFor(t, database.connectionString);
    for (const nsp of ["/", "/a", "/b", "/a"]) {
      emitter.of(nsp).emit("n", nsp);
      emitter.of(nsp).to("room").emit("n", Buffer.from(nsp));
    }
    await emitter.flush();

    assert.equal((await sessionsOfEmitters(database)).length, 1);

    await emitter.of("/b").close();
    await until(async () => (await sessionsOfEmitters(database)).length === 0);
  });

  it("uses no connection of the pool, only its settings", async (t) => {
    const pool = new Pool({
      connectionString: database.connectionString,
      application_name: APPLICATION,
    });
    const ear = await listenFor(t, database);
    const emitter = new Emitter(pool);

    emitter.emit("n", 1);
    await emitter.flush();

    assert.equal(pool.totalCount, 0);
    assert.equal((await sessionsOfEmitters(database)).length, 1);
    await ear.catchUp();
    assert.equal(ear.messages.length, 1);
    await emitter.close();
    await pool.end();
  });

  it("listens to nothing", async (t) => {
    const tap = new WireTap(database.connectionString);
    const emitter = emitterFor(t, await tap.open());
    t.after(() => tap.close());
    const other = emitter.of("/other");

    emitter.emit("n", 1);
    other.emit("n", Buffer.of(1));
    await emitter.flush();

    assert.ok(tap.heard("SELECT"), "the answer to a statement");
    assert.ok(!tap.heard("LISTEN"), "the answer to a LISTEN");
  });

  it("says nothing of its own: no greeting, heartbeat or goodbye", async (t) => {
    const ear = await listenFor(t, database);
    const emitter = new Emitter(database.connectionString);
    await emitter.flush();
    emitter.emit("n", 1);
    await emitter.close();

    await ear.catchUp();
    assert.equal(ear.messages.length, 1);
    assert.equal(ear.messages[0].type, 3);
  });

  it("is counted by no server, and waited for by none", async (t) => {
    const cluster = await clusterFor(t, database, { servers: 2 });
    cluster.server(1).io.on("question", (answer) => answer("here"));
    const emitter = emitterFor(t, database.connectionString);
    const arrival = once(cluster.client(1), "n");
    emitter.emit("n", 1);
    emitter.serverSideEmit("note", 1);
    await arrival;

    for (const server of cluster.servers) {
      assert.equal(await server.adapter().serverCount(), 2);
      assert.equal(server.adapter().nodesMap.size, 1);
    }
    const io = /** @type {any} */ (cluster.io(0));
    assert.deepEqual(await io.serverSideEmitWithAck("question"), ["here"]);
    assert.equal((await io.fetchSockets()).length, 2);
  });

  it("connects again when its session was ended", async (t) => {
    const ear = await listenFor(t, database);
    const emitter = emitterFor(t, database.connectionString);
    emitter.emit("n", 1);
    await emitter.flush();
    const [session] = await sessionsOfEmitters(database);

    await database.query("SELECT pg_terminate_backend($1)", [session?.pid]);
    emitter.emit("n", 2);
    await emitter.flush();

    await ear.catchUp();
    const numbers = ear.messages.map(({ data }) => data.packet.data[1]);
    assert.deepEqual(numbers, [1, 2]);
  });

  it("leaves no session behind", async () => {
    const emitters = Array.from(
      { length: 5 },
      () => new Emitter(database.connectionString),
    );
    emitters.forEach((emitter) => emitter.emit("n", 1));
    await Promise.all(emitters.map((emitter) => emitter.close()));
    await database.untilUnused();
    assert.equal(await terminateSessions(database), 0);
  });
});
