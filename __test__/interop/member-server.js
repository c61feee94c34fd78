"use strict";

// A server of a mixed cluster and what it can be told to do. It runs in a process of its own; see member.js.

const { createServer } = require("node:http");
const path = require("node:path");

const { Pool } = require("pg");

const { createAdapterOf } = require("./adapters.js");

/**
 * @typedef {object} MemberOptions
 * @property {string} name what the server answers with
 * @property {import("./adapters.js").Kind} kind
 * @property {string} connectionString
 * @property {import("../support/adapter.js").AdapterOptions} [options] of the adapter
 * @property {string[]} [namespaces] beside the main one
 * @property {string} [socketIo] what is loaded as Socket.IO
 */

/**
 * Whom something is meant for, and how it is sent.
 *
 * @typedef {object} Target
 * @property {string} [namespace]
 * @property {string[]} [rooms]
 * @property {string[]} [except]
 * @property {number} [timeout] milliseconds
 * @property {boolean} [volatile]
 * @property {boolean} [compress]
 * @property {boolean} [local]
 */

/** Something that the parent is told unasked. */
/** @typedef {{ heard: { namespace: string, event: string, args: any[] } } | { error: string }} News */

class MemberServer {
  /**
   * @param {new (...args: any[]) => import("socket.io").Server} SocketIoServer
   * @param {MemberOptions} options
   * @param {(news: News) => void} tell
   */
  constructor(SocketIoServer, options, tell) {
    this._name = options.name;
    this._tell = tell;
    this._sent = 0;
    /** @type {NodeJS.Timeout | undefined} */
    this._traffic = undefined;
    this._pool = new Pool({ connectionString: options.connectionString });
    this._http = createServer();
    const adapter = createAdapterOf(options.kind)(this._pool, {
      ...options.options,
      errorHandler: (err) => tell({ error: String(err) }),
    });
    this._io = new SocketIoServer(this._http, {
      transports: ["websocket"],
      adapter,
    });
    this._prepare(this._io.of("/"));
    this._io.on("new_namespace", (namespace) => this._prepare(namespace));
    options.namespaces?.forEach((namespace) => this._io.of(namespace));
  }

  /** @param {any} namespace */
  _prepare(namespace) {
    namespace.on("connection", (/** @type {any} */ socket) => {
      Object.assign(socket.data, socket.handshake.auth.data);
    });
    namespace.on("note", (/** @type {any[]} */ ...args) => {
      this._tell({ heard: { namespace: namespace.name, event: "note", args } });
    });
    namespace.on("question", (/** @type {any[]} */ ...args) => {
      args.pop()({ by: this._name, args });
    });
    namespace.on("unanswerable", () => {
      this._tell({
        heard: { namespace: namespace.name, event: "unanswerable", args: [] },
      });
    });
  }

  /**
   * @param {Target} target
   * @returns {any} an operator
   */
  _operator({ namespace = "/", rooms = [], except = [], ...flags }) {
    /** @type {any} */
    let operator = this._io.of(namespace).to(rooms).except(except);
    if (flags.timeout) operator = operator.timeout(flags.timeout);
    if (flags.compress !== undefined)
      operator = operator.compress(flags.compress);
    if (flags.volatile) operator = operator.volatile;
    return flags.local ? operator.local : operator;
  }

  /** @returns {Promise<string>} the address for clients */
  async listen() {
    await new Promise((resolve) => {
      this._http.listen(0, "127.0.0.1", () => resolve(undefined));
    });
    const address = /** @type {import("node:net").AddressInfo} */ (
      this._http.address()
    );
    return `http://127.0.0.1:${address.port}`;
  }

  /** @returns {string[]} the files of every copy of a package that this process has loaded */
  loadedFrom(/** @type {string} */ folder) {
    const part = path.join(
      path.sep,
      "node_modules",
      folder,
      "dist",
      "index.js",
    );
    return Object.keys(require.cache).filter((file) => file.endsWith(part));
  }

  /** @param {string} namespace */
  openNamespace(namespace) {
    this._io.of(namespace);
  }

  /** @param {string} [namespace] */
  serverCount(namespace = "/") {
    return /** @type {any} */ (this._io.of(namespace).adapter).serverCount();
  }

  /**
   * @param {string} namespace
   * @param {string} id
   */
  hasSocket(namespace, id) {
    return this._io.of(namespace).sockets.has(id);
  }

  /**
   * @param {Target} target
   * @param {...any} args event and values
   */
  emit(target, ...args) {
    this._operator(target).emit(...args);
  }

  /**
   * @param {Target} target
   * @param {...any} args event and values
   * @returns {Promise<{ error: string | null, responses: any[] }>}
   */
  emitWithAck(target, ...args) {
    return new Promise((resolve) => {
      this._operator(target).emit(
        ...args,
        (/** @type {Error | null} */ err, /** @type {any[]} */ responses) =>
          resolve({ error: err && err.message, responses }),
      );
    });
  }

  /**
   * @param {string} namespace
   * @param {...any} args event and values
   */
  serverSideEmit(namespace, ...args) {
    /** @type {any} */ (this._io.of(namespace)).serverSideEmit(...args);
  }

  /**
   * @param {string} namespace
   * @param {...any} args event and values
   * @returns {Promise<{ error: string | null, responses: any[] }>}
   */
  ask(namespace, ...args) {
    return new Promise((resolve) => {
      this.serverSideEmit(
        namespace,
        ...args,
        (/** @type {Error | null} */ err, /** @type {any[]} */ responses) =>
          resolve({ error: err && err.message, responses }),
      );
    });
  }

  /** @param {Target} target */
  async fetchSockets(target) {
    const sockets = await this._operator(target).fetchSockets();
    return sockets.map((/** @type {any} */ socket) => ({
      id: socket.id,
      handshake: JSON.parse(JSON.stringify(socket.handshake)),
      rooms: [...socket.rooms],
      data: socket.data,
    }));
  }

  /**
   * @param {Target} target
   * @param {string | string[]} rooms
   */
  socketsJoin(target, rooms) {
    this._operator(target).socketsJoin(rooms);
  }

  /**
   * @param {Target} target
   * @param {string | string[]} rooms
   */
  socketsLeave(target, rooms) {
    this._operator(target).socketsLeave(rooms);
  }

  /**
   * @param {Target} target
   * @param {boolean} [close]
   */
  disconnectSockets(target, close) {
    this._operator(target).disconnectSockets(close);
  }

  /**
   * Numbered broadcasts, one after the other, until told to stop.
   *
   * @param {number} intervalMs
   */
  startTraffic(intervalMs) {
    this._traffic = setInterval(() => {
      this._io.emit("tick", this._name, (this._sent += 1));
    }, intervalMs);
  }

  /** @returns {number} how many were sent so far */
  sent() {
    return this._sent;
  }

  /** @returns {number} how many were sent altogether */
  stopTraffic() {
    clearInterval(this._traffic);
    return this._sent;
  }

  /** @returns {Promise<number>} how many were sent, up to the very moment in which the server left */
  async close() {
    const sent = this.stopTraffic();
    await this._io.close();
    await this._pool.end();
    return sent;
  }
}

/**
 * Serves the parent process until it says close.
 *
 * @param {new (...args: any[]) => any} SocketIoServer
 * @param {MemberOptions} options
 */
function serve(SocketIoServer, options) {
  let leaving = false;
  const member = new MemberServer(SocketIoServer, options, (news) => {
    if (process.connected) process.send?.(news);
  });

  process.on("message", async (/** @type {any} */ { id, command, args }) => {
    try {
      const result = await /** @type {any} */ (member)[command](...args);
      leaving = command === "close";
      process.send?.({ id, result }, () => leaving && process.disconnect());
    } catch (err) {
      process.send?.({ id, failure: String(err) });
    }
  });

  process.on("disconnect", () => {
    // without a word from the test it is gone; otherwise the process has to run out of work by itself
    if (!leaving) process.exit(1);
  });
}

module.exports = { MemberServer, serve };
