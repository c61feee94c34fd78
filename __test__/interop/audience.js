"use strict";

// Who hears an emitter: clients of a namespace at every server of a cluster, the servers themselves, and clients of
// another namespace, who must not.

const assert = require("node:assert/strict");
const { before } = require("node:test");

const { until } = require("../support/wait.js");
const { bytesOf, LARGE_TEXT } = require("./arrivals.js");

/** @typedef {import("../support/server.js").ClientSocket} ClientSocket */
/** @typedef {import("./mixed-cluster.js").MixedCluster} MixedCluster */

/** What servers are told: a small text, one for the table, and a binary value. */
const NOTES = ["small", LARGE_TEXT, Buffer.of(1, 2)];

/** @param {ClientSocket} client */
const idOf = (client) => String(client.id);

/**
 * @param {() => MixedCluster} current whose servers have both namespaces
 * @param {"/" | "/chat"} namespace
 */
function useAudience(current, namespace) {
  /** @type {ClientSocket[]} two of each server */
  const clients = [];
  /** @type {ClientSocket[]} who must not hear of it */
  const strangers = [];

  before(async () => {
    const other = namespace === "/" ? "/chat" : "/";
    for (const member of current().members) {
      clients.push(await member.connect(namespace));
      clients.push(await member.connect(namespace));
      strangers.push(await member.connect(other));
    }
  });

  /** One client of each server. */
  const firsts = () => clients.filter((_, index) => index % 2 === 0);

  /**
   * Waits until exactly these clients are in a room, as every server sees it.
   *
   * @param {ClientSocket[]} members
   * @param {string} room
   */
  async function untilInRoom(members, room) {
    const expected = members.map(idOf).sort().join();
    for (const member of current().members) {
      const target = { namespace, rooms: [room] };
      await until(
        async () => {
          const sockets = await member.call("fetchSockets", target);
          const ids = sockets.map((/** @type {any} */ { id }) => id);
          return ids.sort().join() === expected;
        },
        { message: `${expected} in ${room}, as ${member.name} sees it` },
      );
    }
  }

  /**
   * Every server hears the {@link NOTES}, once.
   *
   * @param {() => Promise<void>} fence after which nothing is under way any more
   */
  async function expectNotes(fence) {
    const { members } = current();
    await until(
      () => members.every(({ heard }) => heard.length >= NOTES.length),
      { message: "three events at each server" },
    );
    await fence();
    for (const { heard } of members) {
      assert.equal(heard.length, NOTES.length);
      assert.ok(heard.every((event) => event.namespace === namespace));
      const arrived = heard.map(({ args }) => args[0]);
      assert.ok(arrived.includes("small"));
      assert.ok(arrived.includes(LARGE_TEXT));
      const binary = arrived.find((value) => typeof value !== "string");
      assert.deepEqual([...bytesOf(binary)], [1, 2]);
    }
  }

  return { clients, strangers, firsts, untilInRoom, expectNotes };
}

module.exports = { idOf, NOTES, useAudience };
