"use strict";

const diagnostics = require("node:diagnostics_channel");
const { EventEmitter } = require("node:events");

const CHANNEL = "socket.io-postgres-adapter";

/** A server both publishes and listens, each on a connection of its own. */
const CONNECTIONS = 2;

/** @typedef {{ up: boolean, since: number }} LinkState since: milliseconds since 1970 */

/**
 * Knows whether this server reaches the others, from what the adapter tells on its diagnostics channels. Emits
 * `change` with a LinkState, `peer-left` with the id of a server, and `dropped` with a number of messages.
 */
class Link extends EventEmitter {
  /** To be made before the adapter, whose first connections would be missed otherwise. */
  constructor() {
    super();
    /** @type {LinkState} */
    this.state = { up: false, since: Date.now() };
    /** @type {Set<string>} */
    this.connected = new Set();
    this.listen("connect", ({ connection }) => {
      this.connected.add(connection);
      this.update();
    });
    this.listen("disconnect", ({ connection }) => {
      this.connected.delete(connection);
      this.update();
    });
    this.listen("peer-left", ({ peer }) => this.emit("peer-left", peer));
    this.listen("dropped", ({ messages }) => this.emit("dropped", messages));
  }

  /**
   * @param {string} name
   * @param {(message: any) => void} listener
   */
  listen(name, listener) {
    diagnostics.subscribe(`${CHANNEL}:${name}`, (message) => listener(message));
  }

  update() {
    const up = this.connected.size === CONNECTIONS;
    if (up === this.state.up) return;
    this.state = { up, since: Date.now() };
    this.emit("change", this.state);
  }
}

module.exports = { Link };
