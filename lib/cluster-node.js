"use strict";

const { randomBytes } = require("node:crypto");
const debug = require("debug")("socket.io-postgres-adapter");
const { Engine } = require("../binding.js");
const { attach, detach } = require("./binary");
const { fromNative, PostgresAdapterError } = require("./errors");

/** @typedef {import("./adapter").PostgresAdapter} PostgresAdapter */
/** @typedef {ReturnType<import("./options").resolveOptions>} ResolvedOptions */
/** @typedef {ReturnType<import("./pool-config").readConnection>} ConnectionSource */

/** What an item that the engine hands over begins with; see src/engine/handoff.rs. */
const ITEM = Object.freeze({
  MESSAGE: 0,
  BINARY_MESSAGE: 1,
  PEER_LEFT: 2,
  ERROR: 3,
  DEBUG: 4,
  PASSWORD_WANTED: 5,
});

/**
 * One server in the cluster: the native engine with its two connections, shared by all namespaces.
 */
class ClusterNode {
  /** @type {Map<number, PostgresAdapter>} */
  #adapters = new Map();
  #engine;
  #marker = `\0${randomBytes(16).toString("hex")}:`;
  #password;
  #onEmpty;

  /**
   * @param {ConnectionSource} connection
   * @param {ResolvedOptions} options
   * @param {() => void} onEmpty - called when the last namespace is closed; the node is of no use after that
   */
  constructor(connection, options, onEmpty) {
    this.options = options;
    this.requestPrefix = `${randomBytes(8).toString("hex")}-`;
    this.#password = connection.password;
    this.#onEmpty = onEmpty;
    const settings = {
      ...options,
      marker: this.#marker,
      requestPrefix: this.requestPrefix,
      debug: debug.enabled,
    };
    this.#engine = new Engine(
      JSON.stringify(settings),
      JSON.stringify(connection.config),
      () => this.#drain(),
    );
  }

  /**
   * Opens the namespace of an adapter, or announces it once more.
   *
   * @param {PostgresAdapter} adapter
   * @returns {number} the number of the namespace
   */
  open(adapter) {
    const id = this.#engine.open(adapter.nsp.name);
    const previous = this.#adapters.get(id);
    if (previous !== adapter) {
      previous?.rooms.forEach((_, room) => this.roomDeleted(id, room));
      this.#adapters.set(id, adapter);
      adapter.rooms.forEach((_, room) => this.roomCreated(id, room));
      this.setPopulated(id, adapter.sids.size > 0);
    }
    return id;
  }

  /**
   * Closes the namespace of an adapter, and with the last one the connections.
   *
   * @param {number} id
   * @param {PostgresAdapter} adapter
   */
  async release(id, adapter) {
    if (this.#adapters.get(id) !== adapter) {
      return;
    }
    this.#adapters.delete(id);
    this.#engine.closeNamespace(id);
    if (this.#adapters.size === 0) {
      this.#onEmpty();
      await this.#engine.close();
    }
  }

  /**
   * @param {number} id
   * @param {number} type
   * @param {unknown} data
   * @param {boolean} hasBinary
   * @param {boolean} isVolatile
   */
  publish(id, type, data, hasBinary, isVolatile) {
    if (hasBinary) {
      const { text, parts } = detach(data, this.#marker);
      this.#engine.publishBinary(id, type, text, parts, isVolatile);
    } else {
      this.#engine.publish(id, type, JSON.stringify(data), isVolatile);
    }
  }

  /**
   * @param {number} id
   * @returns {Map<string, number>} uid and time of the last sign of life
   */
  peers(id) {
    const now = Date.now();
    /** @type {[string, number][]} */
    const peers = JSON.parse(this.#engine.peers(id));
    return new Map(peers.map(([uid, since]) => [uid, now - since]));
  }

  /**
   * @param {number} id
   * @param {unknown} room
   */
  roomCreated(id, room) {
    // what is no string, the engine leaves to JavaScript
    if (typeof room === "string") {
      this.#engine.roomCreated(id, room);
    }
  }

  /**
   * @param {number} id
   * @param {unknown} room
   */
  roomDeleted(id, room) {
    if (typeof room === "string") {
      this.#engine.roomDeleted(id, room);
    }
  }

  /**
   * @param {number} id
   * @param {boolean} populated
   */
  setPopulated(id, populated) {
    this.#engine.setPopulated(id, populated);
  }

  /**
   * Hands an error to the application.
   *
   * @param {any} err
   */
  report(err) {
    try {
      this.options.errorHandler(err);
    } catch (thrown) {
      debug("the errorHandler threw: %s", thrown);
    }
  }

  /** Deals with a bundle of items; other work of the event loop gets its turn before the next. */
  #drain() {
    const text = this.#engine.drain();
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
    for (const item of items) {
      try {
        if (item[0] === ITEM.BINARY_MESSAGE) {
          buffers ??= this.#engine.takeBuffers();
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
        return this.#adapters.get(first)?.onMessage(second);
      case ITEM.PEER_LEFT:
        return this.#adapters.get(first)?.onPeerLeft(second);
      case ITEM.ERROR:
        return this.report(fromNative(first));
      case ITEM.DEBUG:
        return debug(first);
      case ITEM.PASSWORD_WANTED:
        return void this.#answerPassword(first);
    }
  }

  /** @param {number} number */
  async #answerPassword(number) {
    try {
      const password = await this.#password();
      this.#engine.answerPassword(number, password);
    } catch (err) {
      this.#engine.answerPassword(number, null, String(err));
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

module.exports = { ClusterNode };
