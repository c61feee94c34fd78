"use strict";

// One end of a connection that speaks PostgreSQL's protocol, with or without TLS, in whichever role.

const { once } = require("node:events");
const net = require("node:net");
const tls = require("node:tls");

const { SSL_REQUEST } = require("./protocol-messages.js");

/** The size of the header of a TLS record. */
const RECORD_HEADER = 5;
/** Where the cipher suites of a ClientHello begin that has no session id: after headers, version and random. */
const SESSION_ID_AT = 43;

/** The other side closed the connection, or broke it: to be expected of everybody here. */
class Gone extends Error {}

class Conversation {
  /** @param {net.Socket} socket */
  constructor(socket) {
    this._wake = () => {};
    this._onReadable = () => this._wake();
    this.socket = socket;
    this._watch(socket);
  }

  /** @param {net.Socket} socket */
  _watch(socket) {
    this.socket = socket;
    socket.on("error", () => {}); // reads and writes fail by themselves
    // added once: with each further one Node.js tells again of what is there already
    socket.on("readable", this._onReadable);
    socket.on("close", this._onReadable);
  }

  /** @returns {net.Socket} what comes next is not read here */
  release() {
    this.socket.off("readable", this._onReadable);
    return this.socket;
  }

  /**
   * @param {number} length
   * @returns {Promise<Buffer>} that many bytes
   */
  async read(length) {
    if (length === 0) return Buffer.alloc(0);
    for (;;) {
      const { socket } = this;
      const bytes = socket.read(length);
      if (bytes?.length === length) return bytes;
      if (socket.destroyed || socket.readableEnded) throw new Gone();
      await new Promise((resolve) => {
        this._wake = () => resolve(undefined);
      });
    }
  }

  /** @returns {Promise<Buffer>} whatever comes next */
  async readSome() {
    const first = await this.read(1);
    return Buffer.concat([first, this.socket.read() ?? Buffer.alloc(0)]);
  }

  /** @returns {Promise<Buffer>} the first message of a client, which has no type */
  async readStartup() {
    const head = await this.read(4);
    return Buffer.concat([head, await this.read(head.readInt32BE() - 4)]);
  }

  /** @returns {Promise<import("./protocol-messages.js").ProtocolMessage>} */
  async readMessage() {
    const head = await this.read(5);
    const body = await this.read(head.readInt32BE(1) - 4);
    const type = head.toString("latin1", 0, 1);
    return { type, body, raw: Buffer.concat([head, body]) };
  }

  /** @param {Buffer | string} bytes @returns {Promise<void>} once there is room for more */
  async write(bytes) {
    const { socket } = this;
    if (socket.destroyed || socket.writableEnded) throw new Gone();
    if (!socket.write(bytes)) {
      await firstOf(socket, ["drain", "close"]);
    }
  }

  /**
   * Looks at the ClientHello, which stays there.
   * @returns {Promise<string>} the cipher suites that it offers: they tell TLS libraries apart
   */
  async peekCipherSuites() {
    const head = await this.read(RECORD_HEADER);
    const hello = await this.read(head.readUInt16BE(3));
    const record = Buffer.concat([head, hello]);
    this.socket.unshift(record);
    const start = SESSION_ID_AT + 1 + (record[SESSION_ID_AT] ?? 0);
    const length = record.readUInt16BE(start);
    return record.toString("hex", start + 2, start + 2 + length);
  }

  /**
   * Goes on as a server of TLS.
   * @param {tls.TlsOptions} options
   */
  async acceptTls(options) {
    const server = tls.createServer(options);
    server.emit("connection", this.release());
    const secured = await /** @type {Promise<tls.TLSSocket>} */ (
      new Promise((resolve, reject) => {
        server.once("secureConnection", resolve);
        server.once("tlsClientError", () => reject(new Gone()));
      })
    );
    this._watch(secured);
    return secured;
  }

  end() {
    this.socket.end();
  }

  reset() {
    this.socket.destroy();
  }
}

/**
 * @param {net.Socket} socket
 * @param {string[]} events
 */
async function firstOf(socket, events) {
  const waiting = new AbortController();
  const { signal } = waiting;
  try {
    await Promise.race(events.map((event) => once(socket, event, { signal })));
  } catch {
    throw new Gone(); // an error of the socket
  } finally {
    waiting.abort();
  }
}

/**
 * A connection to a database, as a client makes it.
 * @param {number} port
 * @param {{ withTls: boolean, session?: Buffer }} options the session is an earlier one of TLS
 * @returns {Promise<Conversation>} before the startup message
 */
async function callDatabase(port, { withTls, session }) {
  const plain = new Conversation(net.connect(port, "127.0.0.1"));
  if (!withTls) return plain;
  await plain.write(SSL_REQUEST);
  await plain.read(1);
  const secured = tls.connect({
    socket: plain.release(),
    session,
    rejectUnauthorized: false,
  });
  return new Conversation(secured);
}

module.exports = { callDatabase, Conversation, Gone };
