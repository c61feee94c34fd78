"use strict";

const { randomBytes } = require("node:crypto");
const debug = require("debug")("socket.io-postgres-adapter");
const { Engine } = require("../binding.js");
const { TOO_DEEP, attach, detach, hasBinary } = require("./binary");
const { fromNative, PostgresAdapterError } = require("./errors");

/** @typedef {ReturnType<import("./pool-config").readConnection>} ConnectionSource */

/**
 * What the engine is for: a member of the cluster, something outside that only sends, or the primary of a Node.js
 * cluster, which passes on what its workers and the other servers say.
 *
 * @typedef {"server" | "emitter" | "primary"} Role
 */

/**
 * @typedef {object} HostOptions
 * @property {string} uid
 * @property {(err: any) => void} errorHandler
 */

/**
 * @typedef {object} Listeners
 * @property {(namespace: number, message: any) => void} [onMessage] - a message that concerns this process
 * @property {(namespace: number, opts: any, event: string) => void} [onBroadcast] - an event for local clients, as text
 * @property {(namespace: number, uid: string) => void} [onPeerLeft] - a server left or fell silent
 * @property {(namespace: number) => void} [onListening] - a primary hears the namespace from now on, or again
 */

/** What an item that the engine hands over begins with; see src/engine/handoff.rs. */
const ITEM = Object.freeze({
  MESSAGE: 0,
  BINARY_MESSAGE: 1,
  PEER_LEFT: 2,
  ERROR: 3,
  DEBUG: 4,
  PASSWORD_WANTED: 5,
  LISTENING: 6,
  BROADCAST: 7,
});

/** Stands between the events of a bundle, and nowhere in a JSON text. */
const SEPARATOR = "\x1e";

/** The messages that carry values of the user, and so possibly binary ones; see src/wire/message.rs. */
const MAY_CARRY_BINARY = new Set([3, 9, 10, 12]);

/**
 * A native engine, and the way to and from it: texts and binary parts there, items in bundles back.
 */
class EngineHost {
  /** What the id of each request begins with. */
  requestPrefix = `${randomBytes(8).toString("hex")}-`;
  #marker = `\0${randomBytes(16).toString("hex")}:`;
  #errorHandler;
  #listeners;
  #password;

  /**
   * @param {ConnectionSource} connection
   * @param {HostOptions} options - further ones are for the engine
   * @param {Role} role
   * @param {Listeners} [listeners]
   */
  constructor(connection, options, role, listeners = {}) {
    this.#errorHandler = options.errorHandler;
    this.#listeners = listeners;
    this.#password = connection.password;
    const settings = {
      ...options,
      role,
      marker: this.#marker,
      requestPrefix: this.requestPrefix,
      debug: debug.enabled,
    };
    /** The native engine, for what needs no translation. */
    this.engine = new Engine(
      JSON.stringify(settings),
      JSON.stringify(connection.config),
      () => this.#drain(),
    );
  }

  /**
   * @param {number} namespace
   * @param {number} type
   * @param {any} data
   * @param {boolean} [isVolatile] - not worth keeping for a database that is away
   * @throws {TypeError} if the data cannot be serialised; nothing is sent then
   */
  publish(namespace, type, data, isVolatile = false) {
    const { text, parts } = this.#write(type, data);
    if (parts.length > 0) {
      this.engine.publishBinary(namespace, type, text, parts, isVolatile);
    } else {
      this.engine.publish(namespace, type, text, isVolatile);
    }
  }

  /**
   * Publishes a message of somebody else as it is.
   *
   * @param {number} namespace
   * @param {{ type: number, data?: any } & Record<string, any>} message - all of it
   * @throws {TypeError} if it cannot be serialised; nothing is sent then
   * @throws {Error} after `close()`
   */
  forward(namespace, message) {
    const { text, parts } = this.#write(message.type, message, message.data);
    this.engine.forward(namespace, message.type, text, parts);
  }

  /**
   * @param {number} type
   * @param {any} value - what becomes JSON text and binary parts beside it
   * @param {any} [data] - the data of the message, if the value is more than that
   */
  #write(type, value, data = value) {
    try {
      return MAY_CARRY_BINARY.has(type) && hasBinary(value)
        ? detach(value, this.#marker)
        : { text: JSON.stringify(value), parts: [] };
    } catch (cause) {
      throw notSerialisable(data, cause);
    }
  }

  /** Sends what is still to be sent, unless the database is away, and ends the connections. */
  async close() {
    await this.engine.close();
  }

  /**
   * Hands an error to the application.
   *
   * @param {any} err
   */
  report(err) {
    try {
      this.#errorHandler(err);
    } catch (thrown) {
      debug("the errorHandler threw: %s", thrown);
    }
  }

  /** Deals with a bundle of items; other work of the event loop gets its turn before the next. */
  #drain() {
    const text = this.engine.drain();
    if (text === "") {
      return;
    }
    setImmediate(() => this.#drain());
    /** @type {any[][]} */
    let items = [];
    try {
      items = JSON.parse(text);
    } catch {
      // what the parser says quotes the text
      this.report(
        new PostgresAdapterError(
          "ERR_INTERNAL",
          "messages that the engine handed over could not be read and were skipped",
        ),
      );
    }
    /** @type {Buffer[] | undefined} */
    let buffers;
    /** @type {string[] | undefined} */
    let events;
    let nextEvent = 0;
    for (const item of items) {
      try {
        if (item[0] === ITEM.BROADCAST) {
          events ??= this.engine.takeEvents().split(SEPARATOR);
          const event = /** @type {string} */ (events[nextEvent++]);
          this.#listeners.onBroadcast?.(item[1], item[2], event);
          continue;
        }
        if (item[0] === ITEM.BINARY_MESSAGE) {
          buffers ??= this.engine.takeBuffers();
          restoreParts(
            item,
            /** @type {Buffer} */ (buffers.shift()),
            this.#marker,
          );
        }
        this.#handle(item);
      } catch (err) {
        this.report(err);
      }
    }
  }

  /** @param {any[]} item */
  #handle([kind, first, second]) {
    switch (kind) {
      case ITEM.MESSAGE:
      case ITEM.BINARY_MESSAGE:
        return this.#listeners.onMessage?.(first, second);
      case ITEM.PEER_LEFT:
        return this.#listeners.onPeerLeft?.(first, second);
      case ITEM.ERROR:
        return this.report(fromNative(first));
      case ITEM.DEBUG:
        return debug(first);
      case ITEM.LISTENING:
        return this.#listeners.onListening?.(first);
      case ITEM.PASSWORD_WANTED:
        return void this.#answerPassword(first);
    }
  }

  /** @param {number} number */
  async #answerPassword(number) {
    try {
      const password = await this.#password();
      this.engine.answerPassword(number, password);
    } catch (err) {
      this.engine.answerPassword(number, null, String(err));
    }
  }
}

/**
 * @param {any[]} item
 * @param {Buffer} buffer
 * @param {string} marker
 */
function restoreParts(item, buffer, marker) {
  /** @type {[number, number][]} */
  const ranges = item[3];
  const parts = ranges.map(([start, end]) => buffer.subarray(start, end));
  item[2] = attach(item[2], parts, marker);
}

/**
 * @param {any} data
 * @param {any} cause
 */
function notSerialisable(data, cause) {
  const event = (data?.packet?.data ?? data?.packet)?.[0];
  const what = typeof event === "string" ? `the event "${event}"` : "a message";
  const reason = cause instanceof RangeError ? TOO_DEEP : cause?.message;
  const err = new TypeError(
    `${what} cannot be serialised: ${reason}. Send values that JSON can express, or binary ones.`,
  );
  return Object.assign(err, { cause });
}

module.exports = { EngineHost };
