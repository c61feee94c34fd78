"use strict";

// Somebody in the middle: decides for each connection whether it reaches the database untouched, or is taken over.

const net = require("node:net");

const { callDatabase } = require("./conversation.js");
const { agreeToTls, startHostileServer } = require("./hostile-server.js");
const { SSL_REQUEST } = require("./protocol-messages.js");

/** @typedef {import("./conversation.js").Conversation} Conversation */
/** @typedef {import("./protocol-messages.js").ProtocolMessage} ProtocolMessage */
/** @typedef {import("node:tls").TlsOptions} TlsOptions */

/**
 * A connection that was taken over, and whose client finished the handshake.
 * @typedef {object} Takeover
 * @property {boolean} isResumed whether TLS went on with an earlier session, without a look at the certificate
 * @property {boolean} hasHeard whether the client said anything at all
 * @property {ProtocolMessage[]} fromClient
 * @property {ProtocolMessage[]} fromDatabase before it was changed
 */

/** @typedef {(cipherSuites: string) => TlsOptions | null} Decision how to show oneself; null: relayed untouched */

class Interceptor {
  /** @param {number} port of the database */
  constructor(port) {
    this._port = port;
    /** @type {Decision} */
    this.decide = () => null;
    /** Changes a message of the database. @type {(message: ProtocolMessage) => Buffer} */
    this.change = ({ raw }) => raw;
    /** @type {Takeover[]} */
    this.takeovers = [];
    /** Counts the clients that were shown a certificate. */
    this.attackCount = 0;
    /** The cipher suites of the client that came last. */
    this.cipherSuites = "";
    this.behave = this._behave.bind(this);
  }

  /** @param {Conversation} client */
  async _behave(client) {
    await agreeToTls(client);
    this.cipherSuites = await client.peekCipherSuites();
    const options = this.decide(this.cipherSuites);
    if (options === null) {
      return this._relay(client);
    }
    this.attackCount += 1;
    const secured = await client.acceptTls(options);
    /** @type {Takeover} */
    const takeover = {
      isResumed: secured.isSessionReused(),
      hasHeard: false,
      fromClient: [],
      fromDatabase: [],
    };
    this.takeovers.push(takeover);
    await this._takeOver(client, takeover);
  }

  /** @param {Conversation} client which has been told that there is TLS */
  async _relay(client) {
    const socket = client.release();
    const database = net.connect(this._port, "127.0.0.1");
    database.on("error", () => {});
    socket.once("close", () => database.destroy());
    database.once("close", () => socket.destroy());
    database.write(SSL_REQUEST);
    database.once("data", () => {
      // it has said S, as we have
      socket.pipe(database).pipe(socket);
    });
  }

  /**
   * @param {Conversation} client
   * @param {Takeover} takeover
   */
  async _takeOver(client, takeover) {
    const startup = await client.readStartup();
    takeover.hasHeard = true;
    const database = await callDatabase(this._port, { withTls: true });
    client.socket.once("close", () => database.reset());
    database.socket.once("close", () => client.reset());
    await database.write(startup);
    const { fromClient, fromDatabase } = takeover;
    await Promise.all([
      passOn(client, database, fromClient, ({ raw }) => raw),
      passOn(database, client, fromDatabase, this.change),
    ]);
  }
}

/**
 * @param {Conversation} from
 * @param {Conversation} to
 * @param {ProtocolMessage[]} seen as it was said
 * @param {(message: ProtocolMessage) => Buffer} change
 */
async function passOn(from, to, seen, change) {
  for (;;) {
    const message = await from.readMessage();
    seen.push(message);
    await to.write(change(message));
  }
}

/**
 * @param {import("node:test").TestContext} t which ends it
 * @param {number} databasePort
 * @returns {Promise<{ interceptor: Interceptor, port: number, breakConnections: () => void }>}
 */
async function startInterceptor(t, databasePort) {
  const interceptor = new Interceptor(databasePort);
  const server = await startHostileServer(t, interceptor.behave);
  return {
    interceptor,
    port: server.port,
    breakConnections: () => server.breakConnections(),
  };
}

module.exports = { Interceptor, startInterceptor };
