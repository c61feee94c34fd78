"use strict";

// A way to the database that remembers what the database says: shows from outside what a server still listens to.

const net = require("node:net");

class WireTap {
  /** @param {string} connectionString of the database; not encrypted */
  constructor(connectionString) {
    this._target = new URL(connectionString);
    this._heard = "";
    /** @type {Set<net.Socket>} */
    this._sockets = new Set();
    this._server = net.createServer((inner) => this._join(inner));
  }

  /** @returns {Promise<string>} the connection string of the way */
  open() {
    return new Promise((resolve) => {
      this._server.listen(0, "127.0.0.1", () => {
        const address = /** @type {net.AddressInfo} */ (this._server.address());
        const url = new URL(this._target);
        url.host = `127.0.0.1:${address.port}`;
        resolve(url.href);
      });
    });
  }

  /**
   * @param {string} text
   * @returns {boolean} whether the database said it, to anybody on this way
   */
  heard(text) {
    return this._heard.includes(text);
  }

  /** What was said so far. */
  forget() {
    this._heard = "";
  }

  /** @param {net.Socket} inner */
  _join(inner) {
    const outer = net.connect(
      Number(this._target.port || 5432),
      this._target.hostname,
    );
    for (const socket of [inner, outer]) {
      this._sockets.add(socket);
      // a connection that is cut is the business of its two ends
      socket.on("error", () => {});
    }
    inner.on("close", () => outer.destroy());
    outer.on("close", () => inner.destroy());
    outer.on("data", (chunk) => (this._heard += chunk.toString("latin1")));
    inner.pipe(outer);
    outer.pipe(inner);
  }

  close() {
    this._server.close();
    this._sockets.forEach((socket) => socket.destroy());
  }
}

module.exports = { WireTap };
