"use strict";

// What each server of a cluster can do with the sockets of all.

const assert = require("node:assert/strict");
const { it } = require("node:test");

const { once } = require("../support/wait.js");
const { collectAll, LARGE_TEXT } = require("./arrivals.js");
const { fetchIds, join, untilInRoom } = require("./rooms.js");

/** @typedef {import("./mixed-cluster.js").MixedCluster} MixedCluster */
/** @typedef {import("../support/server.js").ClientSocket} ClientSocket */

/**
 * @param {() => MixedCluster} current
 */
function socketCommands(current) {
  it("fetches the sockets of all servers", async () => {
    const cluster = current();
    for (const member of cluster.members) {
      /** @type {any[]} */
      const fetched = await member.call("fetchSockets", {});
      assert.equal(fetched.length, cluster.clients.length, member.name);
      for (const client of cluster.clients) {
        const server = cluster.serverOf(client);
        const number = server.clients.indexOf(client);
        const socket = fetched.find(({ id }) => id === client.id);
        assert.ok(socket, `${client.id} in the list of ${member.name}`);
        assert.deepEqual(socket.data, { of: server.name, number });
        assert.deepEqual(socket.handshake.auth, { data: socket.data });
        assert.equal(socket.handshake.query.number, String(number));
        assert.match(socket.handshake.headers.host, /^127\.0\.0\.1:/);
        assert.equal(typeof socket.handshake.issued, "number");
        assert.ok(socket.rooms.includes(client.id));
      }
    }
  });

  it("fetches the sockets of a room", async () => {
    const cluster = current();
    const chosen = cluster.members.map(({ clients }) => clients[1]);
    await join(cluster, /** @type {ClientSocket[]} */ (chosen), "fetched");
    for (const member of cluster.members) {
      const target = { rooms: ["fetched"], except: [String(chosen[0]?.id)] };
      assert.deepEqual(
        await fetchIds(member, target),
        chosen
          .slice(1)
          .map((client) => client?.id)
          .sort(),
      );
      assert.deepEqual(await fetchIds(member, { rooms: ["nobody"] }), []);
    }
  });

  it("fetches sockets whose data is large", async () => {
    const cluster = current();
    /** @type {Map<ClientSocket, string>} and the name of the server */
    const added = new Map();
    for (const member of cluster.members) {
      const data = { text: LARGE_TEXT, of: member.name };
      const client = await member.connect("/", { auth: { data } });
      added.set(client, member.name);
    }
    for (const member of cluster.members) {
      /** @type {any[]} */
      const fetched = await member.call("fetchSockets", {});
      assert.equal(fetched.length, cluster.clients.length + added.size);
      for (const [client, name] of added) {
        const socket = fetched.find(({ id }) => id === client.id);
        assert.equal(socket.data.of, name);
        assert.ok(socket.data.text === LARGE_TEXT);
      }
    }
    added.forEach((_, client) => client.disconnect());
  });

  it("makes sockets join and leave rooms", async () => {
    const cluster = current();
    for (const member of cluster.members) {
      const [room, other] = [`joined by ${member.name}`, "other"];
      const chosen = cluster.members.map(({ clients }) => clients[0]);
      const ids = chosen.map((client) => String(client?.id));

      await member.call("socketsJoin", { rooms: ids }, [room, other]);

      const joined = /** @type {ClientSocket[]} */ (chosen);
      await untilInRoom(cluster, joined, room);
      const arrivals = collectAll(joined, room);
      await member.emit({ rooms: [room] }, room, "here");
      await arrivals.count(1);

      const target = { rooms: [room], except: ids.slice(1) };
      await member.call("socketsLeave", target, room);

      await untilInRoom(cluster, joined.slice(1), room);
      await member.call("socketsLeave", {}, [room, other]);
      await untilInRoom(cluster, [], room);
      await untilInRoom(cluster, [], other);
    }
  });

  it("disconnects sockets", async () => {
    const cluster = current();
    for (const sender of cluster.members) {
      /** @type {ClientSocket[]} */
      const victims = [];
      for (const member of cluster.members) {
        victims.push(await member.connect());
      }
      const gone = victims.map((victim) => once(victim, "disconnect"));
      const target = { rooms: victims.map(({ id }) => String(id)) };

      await sender.call("disconnectSockets", target, true);

      for (const [reason] of await Promise.all(gone)) {
        // the two packets race: the disconnection, and the end of the connection
        assert.match(reason, /^(io server disconnect|transport close)$/);
      }
      assert.ok(cluster.clients.every((client) => client.connected));
    }
  });
}

module.exports = { socketCommands };
