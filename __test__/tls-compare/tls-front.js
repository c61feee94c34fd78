"use strict";

// A stand-in for the database that speaks TLS and nothing else: it shows a certificate, records whether a client sends its
// startup message, and refuses every login.

const { once } = require("node:events");
const net = require("node:net");
const tls = require("node:tls");

const SSL_REQUEST = Buffer.from("0000000804d2162f", "hex");
/** The first byte of a TLS handshake. */
const HANDSHAKE = 0x16;
/** The protocol number in a request to cancel a query, which has the form of a startup message. */
const CANCEL_REQUEST = 80_877_102;
/** The time that a client has to close its connections after its verdict, in milliseconds. */
const GRACE_MS = 1_000;

/** The answer to a request for TLS. @typedef {keyof typeof ANSWERS} Answer */

/**
 * @typedef {object} Showing
 * @property {string} chain PEM
 * @property {string} key PEM
 * @property {Answer} [answer] "accept" when absent
 * @property {tls.SecureVersion} [minVersion]
 * @property {tls.SecureVersion} [maxVersion]
 * @property {string} [ciphers]
 * @property {string} [groups] of the key exchange
 * @property {string} [signatures] algorithms of the handshake
 * @property {string[]} [protocols] of ALPN
 * @property {boolean} [asksForCertificate] of the client
 */

/**
 * A connection of a client. It trusts the database when it sends its startup message.
 *
 * @typedef {object} Contact
 * @property {Showing | undefined} showing the certificates that it saw
 * @property {"secured" | "clear" | null} startup
 */

/**
 * @param {string} code SQLSTATE
 * @param {string} message
 */
function errorResponse(code, message) {
  const fields = `SFATAL\0VFATAL\0C${code}\0M${message}\0\0`;
  const head = Buffer.from("E\0\0\0\0");
  head.writeUInt32BE(4 + fields.length, 1);
  return Buffer.concat([head, Buffer.from(fields)]);
}

const REFUSAL = errorResponse("28000", "nobody may log in here");
const UNSUPPORTED = errorResponse("0A000", "unsupported frontend protocol");

/** The bytes of each answer; `secures` starts the handshake, `ends` closes the connection. */
const ANSWERS = Object.freeze({
  accept: { bytes: Buffer.from("S"), secures: true, ends: false },
  refuse: { bytes: Buffer.from("N"), secures: false, ends: false },
  error: { bytes: UNSUPPORTED, secures: false, ends: true },
  "E alone": { bytes: Buffer.from("E"), secures: false, ends: true },
  garbage: { bytes: Buffer.from("x"), secures: false, ends: true },
  "S and garbage": { bytes: Buffer.from("Sx"), secures: true, ends: false },
  "S and an error": {
    bytes: Buffer.concat([Buffer.from("S"), UNSUPPORTED]),
    secures: true,
    ends: false,
  },
  SS: { bytes: Buffer.from("SS"), secures: true, ends: false },
  "lower case": { bytes: Buffer.from("s"), secures: true, ends: false },
  "nothing, and the end": {
    bytes: Buffer.alloc(0),
    secures: false,
    ends: true,
  },
  "S, and the end": { bytes: Buffer.from("S"), secures: false, ends: true },
});

/** Allows certificates and keys of any strength: refusing them is up to the client. */
const ANY_STRENGTH = "DEFAULT:@SECLEVEL=0";

/**
 * @param {Showing} showing
 * @returns {tls.SecureContext}
 * @throws {Error} when OpenSSL cannot load the certificates or the key
 */
function createContext(showing) {
  const { chain, key, minVersion, maxVersion, ciphers } = showing;
  return tls.createSecureContext({
    cert: chain,
    key,
    // an empty store, or else OpenSSL adds certificates to the chain
    ca: [],
    minVersion: minVersion ?? "TLSv1.2",
    maxVersion: maxVersion ?? "TLSv1.3",
    ciphers: ciphers ? `${ciphers}:@SECLEVEL=0` : ANY_STRENGTH,
    ...(showing.groups ? { ecdhCurve: showing.groups } : {}),
    ...(showing.signatures ? { sigalgs: showing.signatures } : {}),
  });
}

class TlsFront {
  constructor() {
    this.port = 0;
    /** @type {{ showing: Showing, context: tls.SecureContext }[]} */
    this._stages = [];
    /** @type {Contact[]} */
    this._contacts = [];
    /** @type {Set<net.Socket>} */
    this._sockets = new Set();
    this._server = net.createServer((socket) => this._receive(socket));
  }

  async listen() {
    this._server.listen(0, "127.0.0.1");
    await once(this._server, "listening");
    const { port } = /** @type {net.AddressInfo} */ (this._server.address());
    this.port = port;
  }

  /**
   * Shows the first of these to the first connection, and so on; the last one to all further connections.
   *
   * @param {Showing[]} showings
   * @throws {Error} when OpenSSL cannot load the certificates or the key
   */
  beginTurn(showings) {
    this._stages = showings.map((showing) => ({
      showing,
      context: createContext(showing),
    }));
    this._contacts = [];
  }

  /**
   * Waits for the client to close its connections, and closes those that stay.
   *
   * @returns {Promise<Contact[]>}
   */
  async endTurn() {
    const late = setTimeout(() => this._endAll(), GRACE_MS);
    await Promise.all(
      [...this._sockets].map((socket) => once(socket, "close")),
    );
    clearTimeout(late);
    return this._contacts;
  }

  _endAll() {
    for (const socket of this._sockets) socket.destroy();
  }

  async close() {
    this._endAll();
    this._server.close();
    await once(this._server, "close");
  }

  /** @param {net.Socket} socket */
  _receive(socket) {
    const number = this._contacts.length;
    const stage = this._stages[Math.min(number, this._stages.length - 1)];
    /** @type {Contact} */
    const contact = { showing: stage?.showing, startup: null };
    this._contacts.push(contact);
    this._sockets.add(socket);
    socket.once("close", () => this._sockets.delete(socket));
    socket.on("error", () => {});
    socket.setNoDelay(true);
    if (!stage) return void socket.destroy();
    socket.once("data", (bytes) => {
      if (bytes[0] === HANDSHAKE) {
        socket.pause();
        socket.unshift(bytes);
        return secure(socket, stage, contact);
      }
      if (!bytes.equals(SSL_REQUEST)) {
        return noteStartup(socket, bytes, contact, "clear");
      }
      const answer = ANSWERS[stage.showing.answer ?? "accept"];
      if (answer.ends) socket.end(answer.bytes);
      else socket.write(answer.bytes);
      if (answer.secures) secure(socket, stage, contact);
      else if (!answer.ends) {
        socket.once("data", (more) =>
          noteStartup(socket, more, contact, "clear"),
        );
      }
    });
  }
}

/**
 * @param {net.Socket} socket
 * @param {{ showing: Showing, context: tls.SecureContext }} stage
 * @param {Contact} contact
 */
function secure(socket, { showing, context }, contact) {
  const secured = new tls.TLSSocket(socket, {
    isServer: true,
    secureContext: context,
    ...(showing.asksForCertificate
      ? { requestCert: true, rejectUnauthorized: false }
      : {}),
    ...(showing.protocols ? { ALPNProtocols: showing.protocols } : {}),
  });
  secured.on("error", () => socket.destroy());
  secured.once("close", () => socket.destroy());
  secured.once("data", (bytes) =>
    noteStartup(secured, bytes, contact, "secured"),
  );
}

/**
 * @param {net.Socket} socket
 * @param {Buffer} bytes
 * @param {Contact} contact
 * @param {"secured" | "clear"} way
 */
function noteStartup(socket, bytes, contact, way) {
  // a message that ends the connection is shorter
  const isStartup =
    bytes.length >= 8 && bytes.readUInt32BE(4) !== CANCEL_REQUEST;
  if (isStartup) contact.startup = way;
  socket.end(REFUSAL);
}

/** @returns {Promise<TlsFront>} */
async function startFront() {
  const front = new TlsFront();
  await front.listen();
  return front;
}

module.exports = { ANSWERS, TlsFront, startFront };
