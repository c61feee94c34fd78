"use strict";

// A database that is none: the test says what it does with each connection, and can change its mind.

const net = require("node:net");

const { Conversation, Gone } = require("./conversation.js");
const { SSL_REQUEST } = require("./protocol-messages.js");

/** @typedef {import("./certificates.js").Identity} Identity */
/** @typedef {import("node:tls").TlsOptions} TlsOptions */

/**
 * The deeds done to one connection, which stays open after the last of them.
 * @typedef {(client: Conversation) => Promise<void>} Behaviour
 */

class HostileServer {
  /** @param {Behaviour} behave may be replaced at any time */
  constructor(behave) {
    this.behave = behave;
    this.port = 0;
    this.connectionCount = 0;
    /** Mistakes of the test itself. @type {unknown[]} */
    this.mistakes = [];
    /** @type {Set<net.Socket>} */
    this._sockets = new Set();
    this._server = net.createServer((socket) => void this._accept(socket));
  }

  /** @param {net.Socket} socket */
  async _accept(socket) {
    this.connectionCount += 1;
    this._sockets.add(socket);
    socket.setNoDelay();
    socket.once("close", () => this._sockets.delete(socket));
    try {
      await this.behave(new Conversation(socket));
    } catch (err) {
      if (!(err instanceof Gone)) this.mistakes.push(err);
      socket.destroy();
    }
  }

  async listen() {
    await new Promise((resolve) => {
      this._server.listen(0, "127.0.0.1", () => resolve(undefined));
    });
    const address = /** @type {net.AddressInfo} */ (this._server.address());
    this.port = address.port;
  }

  /** Breaks every connection that there is. */
  breakConnections() {
    for (const socket of this._sockets) socket.destroy();
  }

  async close() {
    const closed = new Promise((resolve) => this._server.close(resolve));
    this.breakConnections();
    await closed;
    if (this.mistakes.length > 0) throw this.mistakes[0];
  }
}

/**
 * @param {import("node:test").TestContext} t which ends it
 * @param {Behaviour} behave
 * @returns {Promise<HostileServer>}
 */
async function startHostileServer(t, behave) {
  const server = new HostileServer(behave);
  await server.listen();
  t.after(() => server.close());
  return server;
}

/**
 * Lets the client talk to the database at that port, and does not listen in.
 * @param {number} port
 * @returns {Behaviour}
 */
function relayTo(port) {
  return async (client) => {
    const socket = client.release();
    const database = net.connect(port, "127.0.0.1");
    database.on("error", () => {});
    socket.once("close", () => database.destroy());
    database.once("close", () => socket.destroy());
    socket.pipe(database).pipe(socket);
  };
}

/**
 * Agrees to TLS, and to nothing else.
 * @param {TlsOptions} options
 * @param {Behaviour} next over TLS
 * @returns {Behaviour}
 */
function overTls(options, next) {
  return async (client) => {
    await agreeToTls(client);
    await client.acceptTls(options);
    await next(client);
  };
}

/** @param {Conversation} client */
async function agreeToTls(client) {
  await client.read(SSL_REQUEST.length);
  await client.write("S");
}

/** @param {Identity} identity @param {Identity[]} [sentAlong] @returns {TlsOptions} */
function showing(identity, sentAlong = []) {
  const chain = [identity, ...sentAlong].map(({ pem }) => pem).join("");
  return { cert: chain, key: identity.keyPem };
}

module.exports = {
  agreeToTls,
  HostileServer,
  overTls,
  relayTo,
  showing,
  startHostileServer,
};
