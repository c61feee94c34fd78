"use strict";

// More than anybody could keep: messages without end, and messages that are without end themselves.

const { setImmediate: turn } = require("node:timers/promises");

const { callDatabase, Gone } = require("./conversation.js");
const {
  AUTHENTICATION,
  authentication,
  noticeResponse,
  parameterStatus,
  protocolMessage,
} = require("./protocol-messages.js");

/** @typedef {import("./conversation.js").Conversation} Conversation */

const GIGABYTE = 2 ** 30;
/** The size of each write, in bytes. */
const CHUNK = 2 ** 16;

const ACCEPTANCE = authentication(AUTHENTICATION.OK);

/** @param {Buffer} message @returns {() => Buffer} the same one again and again */
function repeated(message) {
  const times = Math.ceil(CHUNK / message.length);
  const chunk = Buffer.concat(Array.from({ length: times }, () => message));
  return () => chunk;
}

/** @returns {() => Buffer} parameters, each of another name */
function countedParameters() {
  let count = 0;
  return () =>
    Buffer.concat(
      Array.from({ length: CHUNK / 1024 }, () => {
        count += 1;
        return parameterStatus(`parameter ${count}`, "v".repeat(1000));
      }),
    );
}

/** @param {string} type @returns {Buffer} the start of a message */
function endlessMessage(type) {
  return protocolMessage(type, "", GIGABYTE);
}

const NOTICE = noticeResponse("n".repeat(1000));
const NOTIFICATION = protocolMessage(
  "A",
  `\0\0\0\u0001channel\0${"p".repeat(1000)}\0`,
);
const ZEROES = () => Buffer.alloc(CHUNK);

/** `first` is said once the client has introduced itself, `next` for ever after. */
const FLOODS = Object.freeze({
  "notices before the login": {
    first: Buffer.alloc(0),
    next: repeated(NOTICE),
  },
  "notices after the login": { first: ACCEPTANCE, next: repeated(NOTICE) },
  "notifications after the login": {
    first: ACCEPTANCE,
    next: repeated(NOTIFICATION),
  },
  "one parameter again and again": {
    first: ACCEPTANCE,
    next: repeated(parameterStatus("parameter", "v".repeat(1000))),
  },
  "parameters of ever new names": {
    first: ACCEPTANCE,
    next: countedParameters(),
  },
  "a notice of a gigabyte": {
    first: Buffer.concat([ACCEPTANCE, endlessMessage("N")]),
    next: ZEROES,
  },
  "a notice of a gigabyte before the login": {
    first: endlessMessage("N"),
    next: ZEROES,
  },
  "an error of a gigabyte": { first: endlessMessage("E"), next: ZEROES },
  "a parameter of a gigabyte": {
    first: Buffer.concat([ACCEPTANCE, endlessMessage("S")]),
    next: ZEROES,
  },
  "a demand for a password of a gigabyte": {
    first: endlessMessage("R"),
    next: ZEROES,
  },
});

class Flood {
  /** @param {{ first: Buffer, next: () => Buffer }} content */
  constructor({ first, next }) {
    this._first = first;
    this._next = next;
    /** True once all was said, or the client did not want to hear more. */
    this.isOver = false;
    this.bytes = 0;
    this.behave = this._behave.bind(this);
  }

  /** @param {Conversation} client */
  async _behave(client) {
    await client.readStartup();
    try {
      await client.write(this._first);
      this.bytes += await pour(client, this._next, GIGABYTE);
    } finally {
      this.isOver = true;
    }
  }
}

/**
 * @param {Conversation} client
 * @param {() => Buffer} next
 * @param {number} total in bytes
 * @returns {Promise<number>} how many the client took
 */
async function pour(client, next, total) {
  let bytes = 0;
  while (bytes < total) {
    const chunk = next();
    try {
      await client.write(chunk);
    } catch (err) {
      if (err instanceof Gone) break;
      throw err;
    }
    bytes += chunk.length;
    await turn(); // others have their share of the event loop
  }
  return bytes;
}

/** A way to a real database on which a flood of notices comes between what it says. */
class NoticeInjector {
  /** @param {number} port of the database */
  constructor(port) {
    this._port = port;
    /** @type {Set<Conversation>} */
    this._clients = new Set();
    this.behave = this._behave.bind(this);
  }

  /** @param {Conversation} client without TLS */
  async _behave(client) {
    const database = await callDatabase(this._port, { withTls: false });
    client.socket.once("close", () => {
      this._clients.delete(client);
      database.reset();
    });
    database.socket.once("close", () => client.reset());
    client.release().pipe(database.socket);
    this._clients.add(client);
    for (;;) {
      const { raw } = await database.readMessage();
      await client.write(raw);
    }
  }

  /**
   * @param {number} total for each connection, in bytes
   * @returns {Promise<number>} how much was taken, of all connections
   */
  flood(total) {
    return this._pour(Buffer.alloc(0), repeated(NOTICE), total);
  }

  /**
   * Begins a message of a gigabyte on each connection.
   * @param {string} type
   * @returns {Promise<number>} how much was taken, of all connections
   */
  inflate(type) {
    return this._pour(endlessMessage(type), ZEROES, GIGABYTE);
  }

  /**
   * @param {Buffer} first
   * @param {() => Buffer} next
   * @param {number} total
   */
  async _pour(first, next, total) {
    const taken = await Promise.all(
      [...this._clients].map((client) =>
        pour(client, prefixed(first, next), total),
      ),
    );
    return taken.reduce((sum, bytes) => sum + bytes, 0);
  }
}

/**
 * @param {Buffer} first
 * @param {() => Buffer} next
 * @returns {() => Buffer} what comes next, the first time after something else
 */
function prefixed(first, next) {
  let isFirst = true;
  return () => {
    if (!isFirst) return next();
    isFirst = false;
    return Buffer.concat([first, next()]);
  };
}

module.exports = { Flood, FLOODS, GIGABYTE, NoticeInjector };
