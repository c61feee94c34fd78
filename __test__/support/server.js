"use strict";

// One member of a cluster: a real HTTP server, Socket.IO, a pool and an adapter, with real clients.

const { createServer } = require("node:http");

const { Pool } = require("pg");
const { Server: SocketIoServer } = require("socket.io");
const { Manager } = require("socket.io-client");

const { createAdapter, isReference } = require("./adapter.js");
const { once, until, within } = require("./wait.js");

/** @typedef {import("socket.io-client").Socket} ClientSocket */

/**
 * @typedef {object} ServerOptions
 * @property {string} connectionString
 * @property {import("./adapter.js").AdapterOptions} [options] of the adapter
 * @property {import("pg").PoolConfig} [pool]
 * @property {Pool} [sharedPool] instead of one of its own; its owner ends it
 * @property {Partial<import("socket.io").ServerOptions>} [io]
 * @property {(string | RegExp)[]} [namespaces] beside the main one
 */

class TestServer {
  /** @param {ServerOptions} options */
  constructor({
    connectionString,
    options,
    pool,
    sharedPool,
    io,
    namespaces = [],
  }) {
    this._ownsPool = !sharedPool;
    this.pool = sharedPool ?? new Pool({ connectionString, ...pool });
    // an idle connection of the pool that breaks is not the business of a test
    this.pool.on("error", () => {});
    this.http = createServer();
    this.adapterFactory = createAdapter(this.pool, options);
    /** @type {import("socket.io").Server} */
    this.io = new SocketIoServer(this.http, {
      transports: ["websocket"],
      ...io,
      adapter: this.adapterFactory,
    });
    for (const namespace of namespaces) {
      this.io.of(namespace);
    }
    /** @type {Set<Manager>} */
    this._managers = new Set();
    this._closed = false;
  }

  /** @returns {Promise<void>} */
  listen() {
    return new Promise((resolve) => {
      this.http.listen(0, "127.0.0.1", resolve);
    });
  }

  /**
   * The reference never gives a connection back that it is still setting up when it is closed: it has to be waited for.
   */
  async untilListening() {
    if (isReference) {
      await until(() => this.adapter().client.client, { message: "listening" });
    }
  }

  /**
   * The reference sends and fetches over any connections of its pool, in any order: what is under way has to be waited
   * for. This package keeps the order by itself.
   */
  async untilQuiet() {
    if (isReference) {
      const { pool } = this;
      // all but the one that listens
      const isQuiet = () =>
        pool.waitingCount === 0 && pool.idleCount >= pool.totalCount - 1;
      await until(isQuiet, { message: "a quiet pool" });
    }
  }

  get url() {
    const { port } = /** @type {import("node:net").AddressInfo} */ (
      this.http.address()
    );
    return `http://127.0.0.1:${port}`;
  }

  /** The adapter of a namespace. */
  adapter(namespace = "/") {
    return /** @type {any} */ (this.io.of(namespace).adapter);
  }

  /**
   * Connects a client; with a manager, over the connection of an earlier one.
   * @param {string} [namespace]
   * @param {{ manager?: Manager, auth?: Record<string, unknown>, query?: Record<string, string> }} [options]
   * @returns {Promise<ClientSocket>}
   */
  async connect(namespace = "/", { manager, auth, query } = {}) {
    const own =
      manager ??
      new Manager(this.url, {
        transports: ["websocket"],
        reconnection: false,
        autoConnect: false,
        query,
      });
    this._managers.add(own);
    const client = own.socket(namespace, { auth });
    client.connect();
    await once(client, "connect");
    // the server side is complete only now: its connection event follows the packet that told the client
    await until(() => this.io.of(namespace).sockets.has(String(client.id)), {
      message: `${client.id} known to the server`,
    });
    return client;
  }

  /**
   * @param {ClientSocket} client
   * @param {string} [namespace]
   * @returns {import("socket.io").Socket} the server's side of it
   */
  socketOf(client, namespace = "/") {
    const socket = this.io.of(namespace).sockets.get(String(client.id));
    if (!socket) {
      throw new Error(`${client.id} is not connected to ${namespace}`);
    }
    return socket;
  }

  /** Ends the clients and the server, and its pool; once. */
  async close() {
    if (this._closed) {
      return;
    }
    this._closed = true;
    for (const manager of this._managers) {
      manager._close();
    }
    await this.io.close();
    if (this._ownsPool) {
      await within(this.pool.end(), "every connection given back to the pool");
    }
  }
}

module.exports = { TestServer };
