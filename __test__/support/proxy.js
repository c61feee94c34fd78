"use strict";

// A way to the database that can go away, fall silent in one direction or both, hold things back, or be slow.

const net = require("node:net");

/** @typedef {"listener" | "publisher"} Role */
/** @typedef {"server" | "database"} Speaker our server, or the database */

/** One connection through the proxy: what it is for shows in what is sent over it. */
class Connection {
  /**
   * @param {net.Socket} inner to our server
   * @param {net.Socket} outer to the database
   * @param {() => number} delayMs how late answers are
   */
  constructor(inner, outer, delayMs) {
    /** @type {Role | undefined} */
    this.role = undefined;
    this.sockets = [inner, outer];
    this._sources = { server: inner, database: outer };
    /** @type {Set<Speaker>} */
    this._unheard = new Set();
    /** @type {Buffer[]} what the database has said, and is passed on later */
    this._late = [];
    /** What our server must not see, as it did not ask. @type {Buffer | undefined} */
    this._unasked = undefined;

    inner.on("data", (chunk) => {
      this.role ??= roleOf(chunk.toString("latin1"));
      this._pass("server", outer, chunk);
    });
    outer.on("data", (chunk) => {
      const ms = delayMs();
      if (ms === 0 && this._late.length === 0) {
        return this._pass("database", inner, chunk);
      }
      // whichever timer ends first: nothing overtakes
      this._late.push(chunk);
      setTimeout(() => {
        const next = this._late.shift();
        if (next) this._pass("database", inner, next);
      }, ms);
    });
  }

  /**
   * @param {Speaker} speaker
   * @param {net.Socket} to
   * @param {Buffer} chunk
   */
  _pass(speaker, to, chunk) {
    if (!this._unheard.has(speaker) && !to.destroyed) {
      to.write(speaker === "database" ? this._withoutUnasked(chunk) : chunk);
    }
  }

  /** @param {Buffer} chunk */
  _withoutUnasked(chunk) {
    const start = this._unasked ? chunk.indexOf(this._unasked) : -1;
    if (!this._unasked || start < 0) return chunk;
    const end = start + this._unasked.length;
    this._unasked = undefined;
    return Buffer.concat([chunk.subarray(0, start), chunk.subarray(end)]);
  }

  /**
   * Has the session run a statement that our server knows nothing of: neither it nor the answer.
   * @param {string} sql a command without a result
   * @param {string} tag with which PostgreSQL says that it is done
   */
  slipIn(sql, tag) {
    this._unasked = Buffer.concat([
      message("C", `${tag}\0`),
      message("Z", "I"), // no transaction
    ]);
    this._sources.database.write(message("Q", `${sql}\0`));
  }

  /**
   * From now on whatever this side says is taken, and goes nowhere.
   * @param {Speaker} speaker
   */
  swallow(speaker) {
    this._unheard.add(speaker);
  }

  /**
   * Nothing is taken from this side, which has to wait.
   * @param {Speaker} [speaker]
   */
  hold(speaker = "database") {
    this._sources[speaker].pause();
  }

  resume() {
    this._sources.server.resume();
    this._sources.database.resume();
  }
}

/**
 * @param {string} type
 * @param {string} body
 * @returns {Buffer} a message of PostgreSQL's protocol
 */
function message(type, body) {
  const length = Buffer.alloc(4);
  length.writeInt32BE(4 + Buffer.byteLength(body));
  return Buffer.concat([Buffer.from(type), length, Buffer.from(body)]);
}

/**
 * @param {string} text that our server sends
 * @returns {Role | undefined}
 */
function roleOf(text) {
  if (/LISTEN "/.test(text)) {
    return "listener";
  }
  return /pg_notify|to_regclass/.test(text) ? "publisher" : undefined;
}

class Proxy {
  /** @param {string} connectionString of the server behind it */
  constructor(connectionString) {
    this._target = new URL(connectionString);
    this._port = 0;
    this._delayMs = 0;
    /** @type {Set<Connection>} */
    this._connections = new Set();
    this._server = net.createServer((socket) => this._accept(socket));
  }

  /** The way to the database through this proxy. */
  get connectionString() {
    const url = new URL(this._target);
    url.host = `127.0.0.1:${this._port}`;
    return url.href;
  }

  /** @param {net.Socket} inner */
  _accept(inner) {
    const outer = net.connect(Number(this._target.port), this._target.hostname);
    const connection = new Connection(inner, outer, () => this._delayMs);
    this._connections.add(connection);
    for (const [from, to] of [
      [inner, outer],
      [outer, inner],
    ]) {
      from.setNoDelay();
      from.on("error", () => {}); // both ends learn of it by the close
      from.on("close", () => {
        this._connections.delete(connection);
        to.destroySoon();
      });
    }
  }

  /** Takes connections, always on the same port. */
  async open() {
    await new Promise((resolve) => {
      this._server.listen(this._port, "127.0.0.1", () => resolve(undefined));
    });
    const address = /** @type {net.AddressInfo} */ (this._server.address());
    this._port = address.port;
  }

  /** Breaks the connections and refuses new ones. */
  async cut() {
    const closed = new Promise((resolve) => this._server.close(resolve));
    this._connections.forEach(({ sockets }) =>
      sockets.forEach((socket) =>
        // a reset in the middle of an ending never closes the handle, and Node.js waits for it at its exit
        socket.writableEnded ? socket.destroy() : socket.resetAndDestroy(),
      ),
    );
    await closed;
  }

  /**
   * @param {Role} [role]
   * @returns {Connection[]} those of this role that are there now, or all
   */
  connections(role) {
    return [...this._connections].filter(
      (connection) => !role || connection.role === role,
    );
  }

  /** Lets nothing through any more, without a word to either side; new connections work. */
  freeze() {
    for (const connection of this.connections()) {
      connection.swallow("server");
      connection.swallow("database");
    }
  }

  /**
   * From now on everything that the database says comes later by so much.
   * @param {number} ms
   */
  delayAnswers(ms) {
    this._delayMs = ms;
  }
}

/**
 * @param {import("node:test").TestContext} t which ends it
 * @param {string} connectionString
 * @returns {Promise<Proxy>}
 */
async function startProxy(t, connectionString) {
  const proxy = new Proxy(connectionString);
  await proxy.open();
  t.after(() => proxy.cut());
  return proxy;
}

module.exports = { Proxy, startProxy };
