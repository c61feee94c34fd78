"use strict";

// What `@socket.io/postgres-emitter` 0.1.1 sends: it names itself "emitter", and no namespace.

const assert = require("node:assert/strict");
const { before, describe, it } = require("node:test");

const { Emitter } = require("@socket.io/postgres-emitter");
const { Pool } = require("pg");

const { useDatabase } = require("../support/postgres.js");
const { once, until } = require("../support/wait.js");
const { bytesOf, collectAll, LARGE_TEXT } = require("./arrivals.js");
const { idOf, NOTES, useAudience } = require("./audience.js");
const { useMixedCluster } = require("./mixed-cluster.js");

/** @typedef {import("../support/postgres.js").TestDatabase} TestDatabase */

/**
 * @param {TestDatabase} database
 * @param {string} [namespace]
 * @returns {() => Emitter} for use while tests run
 */
function useEmitter(database, namespace) {
  /** @type {Emitter | undefined} */
  let emitter;
  before(() => {
    const pool = new Pool({ connectionString: database.connectionString });
    database.closeFirst(() => pool.end());
    emitter = new Emitter(pool, namespace);
  });
  return () => {
    assert.ok(emitter);
    return emitter;
  };
}

/** @param {"/" | "/chat"} namespace */
function describeEmitter(namespace) {
  describe(`the JavaScript emitter of ${namespace} and our servers`, () => {
    const database = useDatabase();
    const current = useMixedCluster(database, ["native", "native"], {
      clientsPerServer: 0,
      namespaces: ["/chat"],
    });
    const emitter = useEmitter(database, namespace);
    const { clients, strangers, firsts, untilInRoom, expectNotes } =
      useAudience(current, namespace);

    /**
     * Waits until everything that came before has arrived.
     *
     * @param {string} event
     */
    async function fence(event) {
      const connected = clients.filter((client) => client.connected);
      const arrivals = collectAll(connected, `after ${event}`);
      await current().member(0).emit({ namespace }, `after ${event}`);
      await arrivals.count(1);
    }

    it("emits text to every client of the namespace", async () => {
      const arrivals = collectAll(clients, "text");
      const elsewhere = collectAll(strangers, "text");

      emitter().emit("text", "ünï", 1.5, null, { nested: [true] });

      await arrivals.count(1);
      await fence("text");
      for (const arrived of arrivals.values) {
        assert.deepEqual(arrived, [["ünï", 1.5, null, { nested: [true] }]]);
      }
      assert.deepEqual(elsewhere.values.flat(), []);
    });

    it("emits binary content", async () => {
      const arrivals = collectAll(clients, "binary");

      emitter().emit("binary", { bytes: [Buffer.of(0, 128, 255)], n: 1 });

      await arrivals.count(1);
      await fence("binary");
      for (const arrived of arrivals.values) {
        assert.equal(arrived.length, 1);
        assert.deepEqual([...bytesOf(arrived[0].bytes[0])], [0, 128, 255]);
        assert.equal(arrived[0].n, 1);
      }
    });

    it("emits large content", async () => {
      const arrivals = collectAll(clients, "large");

      emitter().emit("large", LARGE_TEXT);

      await arrivals.count(1);
      await fence("large");
      for (const arrived of arrivals.values) {
        assert.equal(arrived.length, 1);
        assert.ok(arrived[0] === LARGE_TEXT);
      }
    });

    it("emits to rooms, with exceptions", async () => {
      const members = firsts();
      emitter().in(members.map(idOf)).socketsJoin("room");
      await untilInRoom(members, "room");
      const arrivals = collectAll(clients, "to room");

      const [excepted] = members;
      assert.ok(excepted);
      emitter().to("room").except(idOf(excepted)).emit("to room", 1);
      await until(() => arrivals.values.flat().length > 0);
      emitter().except("room").emit("to room", 2);
      await until(() => arrivals.values.flat().length >= clients.length - 1, {
        message: "all but the excepted one",
      });

      await fence("to room");
      assert.deepEqual(
        arrivals.values,
        clients.map((client) => {
          if (!members.includes(client)) return [2];
          return client === excepted ? [] : [1];
        }),
      );
    });

    it("emits with flags", async () => {
      const compressed = collectAll(clients, "compressed");
      emitter().compress(true).emit("compressed", "x".repeat(2_000));
      await compressed.count(1);

      // each single one may be dropped where a client is busy
      const arrivals = collectAll(clients, "volatile");
      await until(
        () => {
          emitter().volatile.emit("volatile", 1);
          return arrivals.values.every((arrived) => arrived.length > 0);
        },
        { message: "a volatile event at each client" },
      );
    });

    it("makes sockets join and leave rooms", async () => {
      emitter().in(firsts().map(idOf)).socketsJoin(["red", "blue"]);
      await untilInRoom(firsts(), "red");
      await untilInRoom(firsts(), "blue");

      const [first] = clients;
      assert.ok(first);
      emitter().in("red").except(idOf(first)).socketsLeave("red");
      await untilInRoom([first], "red");
      await untilInRoom(firsts(), "blue");

      emitter().socketsLeave(["red", "blue"]);
      await untilInRoom([], "red");
      await untilInRoom([], "blue");
    });

    it("emits server-side events to every server", async () => {
      for (const note of NOTES) emitter().serverSideEmit("note", note);
      await expectNotes(() => fence("server-side events"));
    });

    it("is no server of the cluster", async () => {
      const { members } = current();
      for (const member of members) {
        assert.equal(await member.call("serverCount", namespace), 2);
      }
      // nobody waits for an answer of it
      const [{ responses }, sockets] = await Promise.all([
        current().member(0).call("ask", namespace, "question"),
        current().member(0).call("fetchSockets", { namespace }),
      ]);
      assert.equal(responses.length, 1);
      assert.equal(sockets.length, clients.length);
    });

    it("disconnects sockets", async () => {
      const victims = firsts();
      const gone = victims.map((victim) => once(victim, "disconnect"));

      emitter().in(victims.map(idOf)).disconnectSockets();

      for (const [reason] of await Promise.all(gone)) {
        assert.equal(reason, "io server disconnect");
      }
      await fence("disconnection");
      const connected = clients.filter((client) => client.connected);
      assert.equal(connected.length, clients.length - victims.length);
    });

    it("was nowhere an error", () => {
      for (const { name, errors } of current().members) {
        assert.deepEqual(errors, [], name);
      }
    });
  });
}

describeEmitter("/");
describeEmitter("/chat");

describe("the JavaScript emitter and servers of the JavaScript adapter", () => {
  const database = useDatabase();
  const current = useMixedCluster(database, ["native", "js-0.5", "js-0.4"]);
  const emitter = useEmitter(database);

  it("is not heard by 0.5 and 0.4: they go by the namespace that it does not name", async () => {
    const cluster = current();
    const [native, ...javascript] = cluster.members;
    assert.ok(native);
    const ours = collectAll(native.clients, "to all");
    const theirs = collectAll(
      javascript.flatMap(({ clients }) => clients),
      "to all",
    );

    emitter().emit("to all", 1);
    emitter().serverSideEmit("note", 2);
    emitter().socketsJoin("joined");

    await ours.count(1);
    await until(() => native.heard.length > 0);
    const inRoom = { rooms: ["joined"] };
    await until(
      async () =>
        (await native.call("fetchSockets", { ...inRoom, local: true }))
          .length === native.clients.length,
    );

    // All three are committed: who acts on them at all has done so before the fence.
    await cluster.fence();
    assert.deepEqual(theirs.values.flat(), []);
    for (const { name, heard } of javascript) assert.deepEqual(heard, [], name);
    const joined = await native.call("fetchSockets", inRoom);
    assert.equal(joined.length, native.clients.length);
    await cluster.untilAcquainted();
  });
});
