"use strict";

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");

const { expectedToFailOnReference } = require("../support/adapter.js");
const { useCluster } = require("../support/cluster.js");
const { useDatabase } = require("../support/postgres.js");
const { collect, once, until } = require("../support/wait.js");

describe("rooms", () => {
  const database = useDatabase();
  const cluster = useCluster(database, { namespaces: ["/other"] });

  /** @param {string} room */
  const members = (room) =>
    cluster.clients.map((_, index) => cluster.socket(index).rooms.has(room));

  /**
   * @param {string} room
   * @param {boolean[]} expected
   */
  const untilMembers = (room, expected) =>
    until(() => String(members(room)) === String(expected), {
      message: () => `${expected} in ${room}, but ${members(room)}`,
    });

  it("are joined by the clients of every server", async () => {
    cluster.io(0).socketsJoin("everybody");

    await untilMembers("everybody", [true, true, true]);
  });

  it("are joined by the members of another room", async () => {
    cluster.socket(1).join("first");
    cluster.socket(2).join(["first", "not me"]);

    cluster.io(0).in("first").socketsJoin(["second", "third"]);
    await untilMembers("second", [false, true, true]);
    await untilMembers("third", [false, true, true]);

    cluster.io(0).in("first").except("not me").socketsJoin("fourth");
    await untilMembers("fourth", [false, true, false]);
  });

  it("are joined by local clients only when local", async () => {
    cluster.io(1).local.socketsJoin("nearby");
    await cluster.fence(1);

    assert.deepEqual(members("nearby"), [false, true, false]);
  });

  it("are left by the clients of every server", async () => {
    cluster.clients.forEach((_, index) => cluster.socket(index).join("left"));

    cluster.io(2).socketsLeave("left");

    await untilMembers("left", [false, false, false]);
  });

  it("are left by the members of another room", async () => {
    cluster.clients.forEach((_, index) => cluster.socket(index).join("a"));
    cluster.socket(2).join("b");

    cluster.io(0).in("b").socketsLeave("a");

    await untilMembers("a", [true, true, false]);
  });

  it(
    "that are joined get what is sent to them directly after",
    expectedToFailOnReference(
      "each message takes whichever connection of the pool is free",
      async () => {
        const rooms = Array.from(
          { length: 100 },
          (_, index) => `fresh ${index}`,
        );
        const arrivals = cluster.clients.map((client) =>
          collect(client, "to fresh room"),
        );

        for (const room of rooms) {
          cluster.io(0).socketsJoin(room);
          cluster.io(0).to(room).emit("to fresh room", room);
          cluster.io(0).socketsLeave(room);
          cluster.io(0).to(room).emit("to fresh room", `not ${room}`);
        }

        for (const arrival of arrivals) {
          assert.deepEqual(await arrival.count(rooms.length), rooms);
        }
        await cluster.fence();
        for (const { values } of arrivals) {
          assert.equal(values.length, rooms.length);
        }
      },
    ),
  );

  describe("disconnectSockets()", () => {
    /** A client of each server, in both namespaces over one connection. */
    async function connectPairs() {
      return Promise.all(
        cluster.servers.map(async (server) => {
          const main = await server.connect();
          const other = await server.connect("/other", { manager: main.io });
          return { server, main, other, engine: main.io.engine };
        }),
      );
    }

    it("ends the sessions in the namespace on every server", async () => {
      const pairs = await connectPairs();
      pairs.forEach(({ server, main }) => server.socketOf(main).join("bye"));
      const endings = pairs.map(({ main }) => once(main, "disconnect"));

      cluster.io(0).in("bye").disconnectSockets();

      for (const [reason] of await Promise.all(endings)) {
        assert.equal(reason, "io server disconnect");
      }
      for (const { other, engine } of pairs) {
        assert.ok(other.connected);
        assert.equal(engine.readyState, "open");
        other.disconnect();
      }
      assert.ok(cluster.clients.every((client) => client.connected));
    });

    it("closes the connections too when told so", async () => {
      const pairs = await connectPairs();
      pairs.forEach(({ server, main }) => server.socketOf(main).join("bye"));
      const endings = pairs.map(({ other }) => once(other, "disconnect"));

      cluster.io(1).in("bye").disconnectSockets(true);

      await Promise.all(endings);
      await until(() =>
        pairs.every(({ engine }) => engine.readyState === "closed"),
      );
      assert.ok(cluster.clients.every((client) => client.connected));
    });

    it("spares excepted rooms", async () => {
      const pairs = await connectPairs();
      pairs.forEach(({ server, main }, index) => {
        server.socketOf(main).join(index === 2 ? ["bye", "stay"] : "bye");
      });

      cluster.io(0).in("bye").except("stay").disconnectSockets(true);

      await until(
        () => pairs.filter(({ main }) => main.connected).length === 1,
      );
      await cluster.fence();
      assert.deepEqual(
        pairs.map(({ main }) => main.connected),
        [false, false, true],
      );
      pairs.forEach(({ main }) => main.io._close());
    });
  });
});
