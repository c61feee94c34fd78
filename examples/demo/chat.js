"use strict";

const { randomUUID } = require("node:crypto");
const { BURST_ROOM } = require("./burst.js");
const { now } = require("./clock.js");

/** @typedef {import('socket.io').Socket} Socket */

/**
 * @typedef {object} Receipt
 * @property {string} id of the message
 * @property {boolean} waits whether it still has to wait for the database; another receipt follows then
 * @property {number} shown how many clients have shown it
 * @property {boolean} everyone whether all servers answered
 * @property {number} took milliseconds until the last of them had answered
 */

/**
 * @typedef {object} Message
 * @property {string} id
 * @property {'chat' | 'note'} kind what somebody says, or what happened
 * @property {string} sender the id of the socket
 * @property {string} from
 * @property {string} server the server that the sender is connected to
 * @property {boolean} simulated
 * @property {string} room
 * @property {string} text
 * @property {number} at milliseconds since 1970
 */

const DEFAULT_ROOM = "lobby";
const MAX_NAME_LENGTH = 24;
const MAX_TEXT_LENGTH = 500;

/** How long a sender waits to hear that its message was shown, in milliseconds; during an outage, until that ends. */
const RECEIPT_TIMEOUT_MS = 3_000;
const OUTAGE_TIMEOUT_MS = 600_000;

/**
 * @param {unknown} value whatever a client sent
 * @param {number} maxLength in UTF-16 units
 * @returns {string} on one line, without spaces around; empty when it is of no use
 */
function cleanText(value, maxLength) {
  return typeof value === "string"
    ? value.replace(/\s+/g, " ").trim().slice(0, maxLength)
    : "";
}

/**
 * @param {unknown} value
 * @returns {string} a room name such as "lobby"; empty when there is nothing to make one of
 */
function cleanRoom(value) {
  return cleanText(value, MAX_NAME_LENGTH)
    .toLowerCase()
    .replace(/^#/, "")
    .replace(/ /g, "-");
}

/** @param {string} room a room's name apart from socket ids, which are rooms too */
const roomKey = (room) => `room:${room}`;

/** What a visitor can do: say something, change the room, change the name. */
class Chat {
  /**
   * @param {import('socket.io').Server} io
   * @param {string} server the name of this server
   * @param {import('./presence.js').Presence} presence
   * @param {import('./link.js').Link} link
   */
  constructor(io, server, presence, link) {
    this.io = io;
    this.server = server;
    this.presence = presence;
    this.link = link;
    io.on("connection", (socket) => this.connected(socket));
    link.on("change", (state) => io.local.emit("database", state));
  }

  /** @param {Socket} socket */
  connected(socket) {
    const { counts, visits } = socket.handshake.auth;
    if (counts === true) void socket.join(BURST_ROOM);
    if (visits !== false) this.admit(socket);
    socket.emit("welcome", {
      server: this.server,
      database: this.link.state,
    });
  }

  /** @param {Socket} socket */
  admit(socket) {
    const { name, room, simulated } = socket.handshake.auth;
    socket.data.name = cleanText(name, MAX_NAME_LENGTH) || "somebody";
    socket.data.server = this.server;
    socket.data.simulated = simulated === true;
    this.enter(socket, cleanRoom(room) || DEFAULT_ROOM);

    socket.on("message", (text, receipt) =>
      this.say(socket, text, receipt === true),
    );
    socket.on("room", (wanted, reply) =>
      this.changeRoom(socket, wanted, reply),
    );
    socket.on("rename", (wanted, reply) => this.rename(socket, wanted, reply));
    socket.on("disconnect", () => {
      this.note(socket, "left");
      this.presence.changed();
    });
  }

  /**
   * @param {Socket} socket
   * @param {string} room
   */
  enter(socket, room) {
    socket.data.room = room;
    void socket.join(roomKey(room));
    this.note(socket, "is here");
    this.presence.changed();
  }

  /**
   * @param {Socket} socket
   * @param {unknown} wanted
   * @param {unknown} reply
   */
  changeRoom(socket, wanted, reply) {
    const room = cleanRoom(wanted);
    if (room !== "" && room !== socket.data.room) {
      void socket.leave(roomKey(socket.data.room));
      this.note(socket, `went to #${room}`);
      this.enter(socket, room);
    }
    if (typeof reply === "function") reply(socket.data.room);
  }

  /**
   * @param {Socket} socket
   * @param {unknown} wanted
   * @param {unknown} reply
   */
  rename(socket, wanted, reply) {
    const name = cleanText(wanted, MAX_NAME_LENGTH);
    if (name !== "" && name !== socket.data.name) {
      this.note(socket, `is now ${name}`);
      socket.data.name = name;
      this.presence.changed();
    }
    if (typeof reply === "function") reply(socket.data.name);
  }

  /**
   * Sends a message to the room, on every server.
   *
   * @param {Socket} socket
   * @param {unknown} text
   * @param {boolean} withReceipt
   */
  say(socket, text, withReceipt) {
    const cleaned = cleanText(text, MAX_TEXT_LENGTH);
    if (cleaned === "") return;
    const message = this.createMessage(socket, "chat", cleaned);
    if (withReceipt) this.sayWithReceipt(socket, message);
    else this.io.to(roomKey(message.room)).emit("message", message);
  }

  /**
   * Everybody who has shown the message says so, on every server.
   *
   * @param {Socket} socket is told
   * @param {Message} message
   */
  sayWithReceipt(socket, message) {
    const sentAt = now();
    const waits = !this.link.state.up;
    const tell = (/** @type {Partial<Receipt>} */ receipt) =>
      socket.emit("receipt", { id: message.id, waits: false, ...receipt });
    const onAnswers = (
      /** @type {Error | null} */ error,
      /** @type {unknown[]} */ answers,
    ) =>
      tell({
        shown: answers.length,
        everyone: !error,
        took: (now() - sentAt) / 1_000,
      });
    this.io
      .to(roomKey(message.room))
      .timeout(waits ? OUTAGE_TIMEOUT_MS : RECEIPT_TIMEOUT_MS)
      .emit("message", message, onAnswers);
    if (waits) tell({ waits });
  }

  /**
   * Tells the others in the room what somebody did.
   *
   * @param {Socket} socket
   * @param {string} text
   */
  note(socket, text) {
    const message = this.createMessage(socket, "note", text);
    this.io
      .to(roomKey(message.room))
      .except(socket.id)
      .emit("message", message);
  }

  /**
   * @param {Socket} socket
   * @param {Message['kind']} kind
   * @param {string} text
   * @returns {Message}
   */
  createMessage(socket, kind, text) {
    const { name, room, simulated } = socket.data;
    return {
      id: randomUUID(),
      kind,
      sender: socket.id,
      from: name,
      server: this.server,
      simulated,
      room,
      text,
      at: Date.now(),
    };
  }
}

module.exports = { Chat };
