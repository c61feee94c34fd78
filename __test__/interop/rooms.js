"use strict";

// Who is in which room, as the servers of a cluster see it.

const { until } = require("../support/wait.js");

/** @typedef {import("./mixed-cluster.js").MixedCluster} MixedCluster */
/** @typedef {import("../support/server.js").ClientSocket} ClientSocket */
/** @typedef {import("./member.js").Member} Member */

/**
 * @param {Member} member
 * @param {import("./member-server.js").Target} target
 * @returns {Promise<string[]>} sorted
 */
async function fetchIds(member, target) {
  /** @type {{ id: string }[]} */
  const sockets = await member.call("fetchSockets", target);
  return sockets.map(({ id }) => id).sort();
}

/**
 * Waits until exactly these clients are in a room, as all servers see it.
 *
 * @param {MixedCluster} cluster
 * @param {ClientSocket[]} clients
 * @param {string} room
 */
async function untilInRoom(cluster, clients, room) {
  const expected = clients.map(({ id }) => String(id)).sort();
  for (const member of cluster.members) {
    /** @type {string[]} */
    let found = [];
    await until(
      async () => {
        found = await fetchIds(member, { rooms: [room] });
        return found.join() === expected.join();
      },
      { message: () => `${expected} in ${room}, ${member.name} sees ${found}` },
    );
  }
}

/**
 * @param {MixedCluster} cluster
 * @param {ClientSocket[]} clients
 * @param {string} room
 */
async function join(cluster, clients, room) {
  for (const client of clients) {
    const rooms = { rooms: [String(client.id)], local: true };
    await cluster.serverOf(client).call("socketsJoin", rooms, room);
  }
  await untilInRoom(cluster, clients, room);
}

module.exports = { fetchIds, join, untilInRoom };
