"use strict";

// Every call of an emitter, at real servers of three kinds: ours, and the JavaScript adapter 0.5 and 0.4.

const assert = require("node:assert/strict");
const { before, describe, it } = require("node:test");

const { Emitter } = require("../../index.js");
const { bytesOf, collectAll, LARGE_TEXT } = require("../interop/arrivals.js");
const { idOf, NOTES, useAudience } = require("../interop/audience.js");
const { useMixedCluster } = require("../interop/mixed-cluster.js");
const { useDatabase } = require("../support/postgres.js");
const { once, until } = require("../support/wait.js");

/** @param {"/" | "/chat"} namespace */
function describeCalls(namespace) {
  describe(`an emitter of ${namespace}`, () => {
    const database = useDatabase();
    const current = useMixedCluster(database, ["native", "js-0.5", "js-0.4"], {
      clientsPerServer: 0,
      namespaces: ["/chat"],
    });
    /** @type {Emitter} */
    let emitter;

    before(async () => {
      const main = new Emitter(database.connectionString);
      database.closeFirst(() => main.close());
      emitter = namespace === "/" ? main : main.of(namespace);
    });
    const { clients, strangers, firsts, untilInRoom, expectNotes } =
      useAudience(current, namespace);

    /**
     * Waits until everything small that came before has arrived.
     *
     * @param {string} event
     */
    async function fence(event) {
      const connected = clients.filter((client) => client.connected);
      const arrivals = collectAll(connected, `after ${event}`);
      emitter.emit(`after ${event}`);
      await arrivals.count(1);
    }

    /**
     * @param {string} event
     * @param {unknown[]} values expected at each client, in this order
     */
    async function expectAt(event, values) {
      const arrivals = collectAll(clients, event);
      const elsewhere = collectAll(strangers, event);
      return async () => {
        await arrivals.count(values.length);
        await fence(event);
        for (const arrived of arrivals.values) {
          assert.deepEqual(arrived, values);
        }
        assert.deepEqual(elsewhere.values.flat(), []);
      };
    }

    it("emits text to every client of the namespace", async () => {
      const check = await expectAt("text", [
        ["ünï 😀", 1.5, null, { nested: [true] }],
        "again",
      ]);
      assert.equal(
        emitter.emit("text", "ünï 😀", 1.5, null, { nested: [true] }),
        true,
      );
      emitter.emit("text", "again");
      await check();
    });

    it("emits equal messages as often as it was told to", async () => {
      const check = await expectAt("equal", [7, 7, 7, 7, 7]);
      for (let i = 0; i < 5; i += 1) emitter.emit("equal", 7);
      await check();
    });

    it("emits binary content of every kind", async () => {
      const bytes = Uint8Array.of(0, 128, 255);
      const arrivals = collectAll(clients, "binary");

      emitter.emit("binary", {
        list: [Buffer.from(bytes), bytes, bytes.buffer],
        n: 1,
      });

      await arrivals.count(1);
      await fence("binary");
      for (const arrived of arrivals.values) {
        assert.equal(arrived.length, 1);
        assert.equal(arrived[0].n, 1);
        for (const part of arrived[0].list) {
          assert.deepEqual([...bytesOf(part)], [0, 128, 255]);
        }
      }
    });

    it("emits large content, text and binary", async () => {
      const arrivals = collectAll(clients, "large");
      const bytes = Buffer.alloc(100_000, 7);

      emitter.emit("large", { text: LARGE_TEXT, bytes });

      await arrivals.count(1);
      await fence("large");
      for (const arrived of arrivals.values) {
        assert.equal(arrived.length, 1);
        assert.ok(arrived[0].text === LARGE_TEXT);
        assert.ok(bytesOf(arrived[0].bytes).equals(bytes));
      }
    });

    it("emits to rooms, with exceptions", async () => {
      const members = firsts();
      emitter.in(members.map(idOf)).socketsJoin("room");
      await untilInRoom(members, "room");
      const arrivals = collectAll(clients, "to room");
      const [excepted, ...others] = members.map(idOf);
      assert.ok(excepted);

      emitter.to("room").except(excepted).emit("to room", 1);
      emitter.except("room").emit("to room", 2);
      emitter.in(others).to(excepted).emit("to room", 3);
      emitter.to("room").to("nowhere").except(others).emit("to room", 4);

      await fence("to room");
      const expected = clients.map((client) => {
        if (!members.includes(client)) return [2];
        return idOf(client) === excepted ? [3, 4] : [1, 3];
      });
      assert.deepEqual(arrivals.values, expected);
    });

    it("keeps an operator that can be used again", async () => {
      const [client] = clients;
      assert.ok(client);
      const arrivals = collectAll(clients, "again");

      const operator = emitter.to(idOf(client));
      operator.except("nobody").emit("again", 1);
      operator.to(clients.map(idOf)).emit("again", 2);
      operator.emit("again", 3);

      await fence("again");
      assert.deepEqual(
        arrivals.values,
        clients.map((each) => (each === client ? [1, 2, 3] : [2])),
      );
    });

    it("emits with flags", async () => {
      const check = await expectAt("compressed", ["x".repeat(2_000)]);
      emitter.compress(true).emit("compressed", "x".repeat(2_000));
      await check();

      // each single one may be dropped where a client is busy
      const arrivals = collectAll(clients, "volatile");
      await until(
        () => {
          emitter.volatile.emit("volatile", 1);
          return arrivals.values.every((arrived) => arrived.length > 0);
        },
        { message: "a volatile event at each client" },
      );
    });

    it("makes sockets join and leave rooms", async () => {
      emitter.in(firsts().map(idOf)).socketsJoin(["red", "blue"]);
      await untilInRoom(firsts(), "red");
      await untilInRoom(firsts(), "blue");

      const [first] = clients;
      assert.ok(first);
      emitter.in("red").except(idOf(first)).socketsLeave("red");
      await untilInRoom([first], "red");
      await untilInRoom(firsts(), "blue");

      emitter.socketsLeave(["red", "blue"]);
      await untilInRoom([], "red");
      await untilInRoom([], "blue");
    });

    it("emits to a room right after the join", async () => {
      const arrivals = collectAll(firsts(), "joined");
      emitter.in(firsts().map(idOf)).socketsJoin("fresh");
      emitter.to("fresh").emit("joined", 1);
      await arrivals.count(1);
    });

    it("emits server-side events to every server", async () => {
      for (const note of NOTES) emitter.serverSideEmit("note", note, 1);
      await expectNotes(() => fence("server-side events"));
    });

    it("is no server of the cluster", async () => {
      const { members } = current();
      for (const member of members) {
        assert.equal(await member.call("serverCount", namespace), 3);
      }
      // nobody waits for an answer of it
      const [{ error, responses }, sockets] = await Promise.all([
        current().member(0).call("ask", namespace, "question"),
        current().member(0).call("fetchSockets", { namespace }),
      ]);
      assert.equal(error, null);
      assert.equal(responses.length, 2);
      assert.equal(sockets.length, clients.length);
    });

    it("disconnects sockets, with or without their connections", async () => {
      const [victim, witness, ...others] = clients;
      assert.ok(victim && witness);
      const left = once(victim, "disconnect");
      emitter.in(idOf(victim)).disconnectSockets();
      assert.equal((await left)[0], "io server disconnect");

      const [other] = others;
      assert.ok(other);
      const cut = once(
        /** @type {import("../support/wait.js").Emitter} */ (other.io.engine),
        "close",
      );
      emitter.in(idOf(other)).disconnectSockets(true);
      await cut;

      await fence("disconnection");
      const connected = clients.filter((client) => client.connected);
      assert.equal(connected.length, clients.length - 2);
      assert.ok(strangers.every((stranger) => stranger.connected));

      emitter.disconnectSockets();
      await until(() => clients.every((client) => !client.connected));
    });

    it("was nowhere an error", () => {
      for (const { name, errors } of current().members) {
        assert.deepEqual(errors, [], name);
      }
    });
  });
}

describeCalls("/");
describeCalls("/chat");
