"use strict";

// Broadcasts, each from every server of a cluster to the clients of all.

const assert = require("node:assert/strict");
const { it } = require("node:test");

const { until } = require("../support/wait.js");
const {
  bytesOf,
  collectAll,
  LARGE_BINARY,
  LARGE_TEXT,
} = require("./arrivals.js");
const { join } = require("./rooms.js");

/** @typedef {import("./mixed-cluster.js").MixedCluster} MixedCluster */
/** @typedef {import("../support/server.js").ClientSocket} ClientSocket */

/**
 * @param {() => MixedCluster} current
 */
function broadcasts(current) {
  it("sends text to every client", async () => {
    const cluster = current();
    const values = ["text", 1.5, null, { nested: [true, { "": "ü\u2028" }] }];
    for (const sender of cluster.members) {
      const event = `text of ${sender.name}`;
      const arrivals = collectAll(cluster.clients, event);

      await sender.emit({}, event, ...values);

      await arrivals.count(1);
      await cluster.fence(sender);
      for (const arrived of arrivals.values) {
        assert.deepEqual(arrived, [values], event);
      }
    }
  });

  it("sends binary content to every client", async () => {
    const cluster = current();
    for (const sender of cluster.members) {
      const event = `binary of ${sender.name}`;
      const arrivals = collectAll(cluster.clients, event);

      await sender.emit({}, event, Buffer.of(0, 128, 255), {
        deep: [Uint8Array.of(1, 2), "text", Buffer.alloc(0)],
      });

      await arrivals.count(1);
      await cluster.fence(sender);
      for (const arrived of arrivals.values) {
        assert.equal(arrived.length, 1, `${event}, once`);
        const [first, { deep }] = arrived[0];
        assert.deepEqual([...bytesOf(first)], [0, 128, 255]);
        assert.deepEqual([...bytesOf(deep[0])], [1, 2]);
        assert.equal(deep[1], "text");
        assert.equal(bytesOf(deep[2]).length, 0);
      }
    }
  });

  it("sends large text and large binary content to every client", async () => {
    const cluster = current();
    for (const sender of cluster.members) {
      const event = `large of ${sender.name}`;
      const arrivals = collectAll(cluster.clients, event);

      await sender.emit({}, event, { text: LARGE_TEXT });
      await sender.emit({}, event, { bytes: LARGE_BINARY });

      await arrivals.count(2);
      await cluster.fence(sender);
      for (const arrived of arrivals.values) {
        assert.equal(arrived.length, 2, `${event}, once each`);
        // a server of the JavaScript adapter may swap the two
        const text = arrived.find((value) => "text" in value);
        const binary = arrived.find((value) => "bytes" in value);
        assert.ok(text.text === LARGE_TEXT, event);
        assert.ok(bytesOf(binary.bytes).equals(LARGE_BINARY), event);
      }
    }
  });

  it("obeys rooms and exceptions", async () => {
    const cluster = current();
    for (const sender of cluster.members) {
      const room = `room of ${sender.name}`;
      const firsts = cluster.members.map(({ clients }) => clients[0]);
      const members = /** @type {ClientSocket[]} */ (firsts);
      await join(cluster, members, room);
      const except = [String(members.at(-1)?.id)];
      const toRoom = collectAll(cluster.clients, `to ${room}`);
      const notToRoom = collectAll(cluster.clients, `except ${room}`);

      await sender.emit({ rooms: [room], except }, `to ${room}`, 1);
      await sender.emit({ except: [room] }, `except ${room}`, 2);

      await until(() => toRoom.values.flat().length >= members.length - 1, {
        message: `${room}: those in the room`,
      });
      await until(() => notToRoom.values.flat().length >= members.length, {
        message: `${room}: those not in the room`,
      });
      await cluster.fence(sender);
      cluster.clients.forEach((client, index) => {
        const isMember = members.includes(client);
        const isExcepted = except.includes(String(client.id));
        const reached = isMember && !isExcepted ? [1] : [];
        assert.deepEqual(toRoom.values[index], reached, room);
        assert.deepEqual(notToRoom.values[index], isMember ? [] : [2], room);
      });
    }
  });

  it("keeps namespaces apart", async () => {
    const cluster = current();
    /** @type {ClientSocket[]} */
    const chatClients = [];
    for (const member of cluster.members) {
      chatClients.push(await member.connect("/chat"));
    }
    for (const sender of cluster.members) {
      const event = `in chat of ${sender.name}`;
      const inChat = collectAll(chatClients, event);
      const inMain = collectAll(cluster.clients, event);

      await sender.emit({ namespace: "/chat" }, event, 1);

      await inChat.count(1);
      await cluster.fence(sender);
      assert.deepEqual(inMain.values.flat(), []);
      assert.deepEqual(
        inChat.values.flat(),
        chatClients.map(() => 1),
      );
    }
    chatClients.forEach((client) => client.disconnect());
  });
}

/**
 * @param {() => MixedCluster} current
 */
function oddValues(current) {
  it("carries what JSON cannot express, as far as the sender can", async () => {
    const cluster = current();
    for (const sender of cluster.members) {
      const event = `odd of ${sender.name}`;
      const others = cluster.clients.filter(
        (client) => cluster.serverOf(client) !== sender,
      );
      const arrivals = collectAll(others, event);
      const date = new Date(1_700_000_000_123);

      await sender.emit({}, event, {
        buffer: Buffer.of(1),
        date,
        arrayBuffer: Uint8Array.of(1, 2, 3).buffer,
        missing: undefined,
      });

      await arrivals.count(1);
      for (const [value] of arrivals.values) {
        assert.deepEqual([...bytesOf(value.buffer)], [1]);
        assert.equal(value.date, date.toISOString());
        if (sender.kind === "native") {
          assert.deepEqual([...bytesOf(value.arrayBuffer)], [1, 2, 3]);
          assert.ok(!("missing" in value));
        } else {
          // the JavaScript adapter writes it as an object without members, and "undefined" as null
          assert.deepEqual(value.arrayBuffer, {});
          assert.equal(value.missing, null);
        }
      }
    }
  });
}

module.exports = { broadcasts, oddValues };
