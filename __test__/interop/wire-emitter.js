"use strict";

// Makes an emitter send every type of message that it knows, and keeps what it sends.

const { Emitter } = require("@socket.io/postgres-emitter");
const { Pool } = require("pg");
const { MessageType } = require("socket.io-adapter");

const { BINARY_VALUES, CHANNEL, ROOMS, VALUES } = require("./wire-scenario.js");
const { WireWatch } = require("./wire-watch.js");

/** @typedef {{ name: string, type: number, call: (emitter: any) => void }} Step */

/** @type {Step[]} */
const STEPS = [
  {
    name: "broadcast",
    type: MessageType.BROADCAST,
    call: (emitter) => emitter.emit("event", ...VALUES),
  },
  {
    name: "broadcast to rooms, with flags",
    type: MessageType.BROADCAST,
    call: (emitter) =>
      emitter
        .to(ROOMS)
        .except("not here")
        .compress(false)
        .volatile.emit("event", 1),
  },
  {
    name: "broadcast of binary content",
    type: MessageType.BROADCAST,
    call: (emitter) => emitter.emit("event", ...BINARY_VALUES),
  },
  {
    name: "socketsJoin",
    type: MessageType.SOCKETS_JOIN,
    call: (emitter) =>
      emitter.in(ROOMS).except("not here").socketsJoin(["a", "b"]),
  },
  {
    name: "socketsLeave",
    type: MessageType.SOCKETS_LEAVE,
    call: (emitter) => emitter.in(ROOMS).except("not here").socketsLeave("a"),
  },
  {
    name: "serverSideEmit",
    type: MessageType.SERVER_SIDE_EMIT,
    call: (emitter) => emitter.serverSideEmit("event", ...VALUES),
  },
  {
    name: "serverSideEmit of binary content",
    type: MessageType.SERVER_SIDE_EMIT,
    call: (emitter) => emitter.serverSideEmit("event", ...BINARY_VALUES),
  },
  {
    name: "disconnectSockets",
    type: MessageType.DISCONNECT_SOCKETS,
    call: (emitter) =>
      emitter.in(ROOMS).except("not here").disconnectSockets(true),
  },
];

/**
 * @param {string} connectionString of a database with the table
 * @param {{ payloadThreshold: number }} options with 1 everything goes through the table
 * @returns {Promise<import("./wire-scenario.js").Captured[]>}
 */
async function captureEmitter(connectionString, { payloadThreshold }) {
  const watch = new WireWatch(connectionString);
  await watch.open(CHANNEL);
  const pool = new Pool({ connectionString });
  const emitter = new Emitter(pool, "/", { payloadThreshold });
  try {
    const messages = [];
    for (const { name, type, call } of STEPS) {
      call(emitter);
      const decoded = await watch.take("emitter", type);
      messages.push({ name, type, decoded });
    }
    return messages;
  } finally {
    await pool.end();
    await watch.close();
  }
}

module.exports = { captureEmitter };
