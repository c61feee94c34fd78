"use strict";

// One of our servers with two clients, for recorded messages to act on.

const { before, beforeEach } = require("node:test");

const { TestServer } = require("../support/server.js");
const { once, until } = require("../support/wait.js");
const { CREATE_TABLE } = require("./adapters.js");
const { answerTo, replay } = require("./wire-fixtures.js");
const { CHANNEL, PEER_UID } = require("./wire-scenario.js");
const { WireWatch } = require("./wire-watch.js");

/** @typedef {import("../support/server.js").ClientSocket} ClientSocket */
/** @typedef {import("./wire-fixtures.js").Message} Message */

const HEARTBEAT = 2;
const BROADCAST = 3;
const GOODBYE = 13;

class Stage {
  /** @param {string} connectionString */
  constructor(connectionString) {
    this.watch = new WireWatch(connectionString);
    /** @type {Error[]} what was reported to the `errorHandler` */
    this.errors = [];
    this.server = new TestServer({
      connectionString,
      options: {
        heartbeatInterval: 600_000,
        heartbeatTimeout: 1_200_000,
        errorHandler: (err) => this.errors.push(err),
      },
    });
    /** @type {ClientSocket[]} */
    this.clients = [];
    this._fences = 0;
  }

  async open() {
    await this.watch.open(CHANNEL);
    await this.server.listen();
    this.clients.push(await this.server.connect(), await this.server.connect());
    await until(
      async () => {
        await this._say(HEARTBEAT);
        return (await this.serverCount()) === 2;
      },
      { message: "the server listens" },
    );
    await this._say(GOODBYE);
    await this.untilServers(1);
  }

  /** @returns {any} the server, whose type does not know the events of a test */
  get io() {
    return this.server.io;
  }

  /** @returns {string} */
  get uid() {
    return this.server.adapter().uid;
  }

  /** @returns {Promise<number>} */
  serverCount() {
    return this.server.adapter().serverCount();
  }

  /** @param {number} count */
  async untilServers(count) {
    await until(async () => (await this.serverCount()) === count, {
      message: `${count} servers`,
    });
  }

  /**
   * @param {number} index
   * @returns {ClientSocket}
   */
  client(index) {
    const client = this.clients[index];
    if (!client) throw new RangeError(`client ${index}`);
    return client;
  }

  /**
   * The server's side of a client, in these rooms from now on.
   *
   * @param {ClientSocket} client
   * @param {string[]} rooms
   */
  place(client, rooms) {
    const socket = this.server.socketOf(client);
    for (const room of socket.rooms) {
      if (room !== socket.id) socket.leave(room);
    }
    socket.join(rooms);
  }

  /**
   * @param {ClientSocket} client
   * @returns {string[]} its rooms, but for its own one, sorted
   */
  roomsOf(client) {
    const { id, rooms } = this.server.socketOf(client);
    return [...rooms].filter((room) => room !== id).sort();
  }

  /** @param {Message} recorded */
  async replay(recorded) {
    await replay(this.watch, CHANNEL, recorded);
  }

  /**
   * Replays a response to a request that the server has just sent.
   *
   * @param {Message[]} responses
   * @param {number} requestType
   */
  async replayAnswer(responses, requestType) {
    const { message } = await this.watch.take(this.uid, requestType);
    for (const response of responses) {
      await this.replay(answerTo(response, message.data.requestId));
    }
  }

  /** Waits until what was said before has reached the clients: our server keeps the order. */
  async fence() {
    const event = `fence ${(this._fences += 1)}`;
    const arrivals = this.clients.map((client) => once(client, event));
    await this._say(BROADCAST, {
      packet: { type: 2, data: [event] },
      opts: { rooms: [], except: [], flags: {} },
    });
    await Promise.all(arrivals);
  }

  /** Forgets the listeners and rooms of an earlier message. */
  reset() {
    this.io.removeAllListeners();
    for (const client of this.clients) {
      client.off();
      this.place(client, []);
    }
  }

  async close() {
    await this.server.close();
    await this.watch.close();
  }

  /**
   * @param {number} type
   * @param {object} [data]
   */
  async _say(type, data) {
    // an emitter leaves no trace, but only servers greet
    const uid = type === BROADCAST ? "emitter" : PEER_UID;
    await this.watch.say(CHANNEL, { type, data, uid, nsp: "/" });
  }
}

/**
 * @param {import("../support/postgres.js").TestDatabase} database
 * @returns {() => Stage} for use while tests run
 */
function useStage(database) {
  /** @type {Stage | undefined} */
  let stage;
  before(async () => {
    await database.query(CREATE_TABLE);
    stage = new Stage(database.connectionString);
    database.closeFirst(stage.close.bind(stage));
    await stage.open();
  });
  beforeEach(() => stage?.reset());
  return () => {
    if (!stage) throw new Error("the stage exists only while tests run");
    return stage;
  };
}

module.exports = { Stage, useStage };
