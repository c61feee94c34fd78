"use strict";

// What a server of the soak says, at random.

const { contentOf } = require("./content.js");

/** @typedef {import("./journal.js").Journal} Journal */
/** @typedef {import("./random.js").Random} Random */

const TICK_MS = 20;
const MOST_IN_TICK = 3;

/** How long a request may take, in milliseconds. */
const REQUEST_TIMEOUT_MS = 15_000;

const WEIGHTS = {
  text: 40,
  binary: 15,
  large: 7,
  room: 12,
  join: 10,
  server: 12,
  request: 4,
};

/** The room in which the second client of every server is. */
const COMMON_ROOM = "common";

/**
 * @param {number | string} place of the server
 * @param {number} index of the client
 */
const roomOf = (place, index) => `client:${place}:${index}`;

/**
 * Whom a message is for: `*` all clients, `room` those in the common room, `client:<place>:<index>` one, `server` the
 * other servers, `-` nobody.
 */
class Traffic {
  /**
   * @param {any} io
   * @param {{ name: string, places: number, ordered: boolean, random: Random, journal: Journal }} options ordered:
   *   whether what is sent arrives in that order
   */
  constructor(io, { name, places, ordered, random, journal }) {
    this._io = io;
    this._name = name;
    this._places = places;
    this._weights = ordered ? WEIGHTS : { ...WEIGHTS, join: 0 };
    this._random = random;
    this._journal = journal;
    this._sent = 0;
    this._asked = 0;
    this.pending = 0;
    /** @type {NodeJS.Timeout | undefined} */
    this._timer = undefined;
  }

  start() {
    this._timer = setInterval(() => {
      const count = this._random.integer(0, MOST_IN_TICK);
      for (let i = 0; i < count; i += 1) this._saySomething();
    }, TICK_MS);
  }

  stop() {
    clearInterval(this._timer);
  }

  _saySomething() {
    const kind = this._random.weighted(this._weights);
    switch (kind) {
      case "room":
        return this._say(this._io.to(COMMON_ROOM), "room", "text");
      case "join":
        return this._sayInPassing();
      case "server":
        return this._sayToServers(this._random.pick(["text", "binary"]));
      case "request":
        return this._ask(this._random.pick(["clients", "servers", "sockets"]));
      default:
        return this._say(this._io, "*", kind);
    }
  }

  /**
   * @param {string} target
   * @param {string} kind
   */
  _next(target, kind) {
    const number = (this._sent += 1);
    this._journal.write(["s", number, Date.now(), target]);
    return [this._name, number, kind, contentOf(this._name, number, kind)];
  }

  /**
   * @param {any} operator
   * @param {string} target
   * @param {string} kind
   */
  _say(operator, target, kind) {
    operator.emit("message", ...this._next(target, kind));
  }

  /** @param {string} kind */
  _sayToServers(kind) {
    this._io.serverSideEmit("message", ...this._next("server", kind));
  }

  /** A client is made to join a room for as long as one message takes. The next one to that room reaches nobody. */
  _sayInPassing() {
    const place = this._random.integer(0, this._places - 1);
    const target = roomOf(place, this._random.integer(0, 1));
    const room = `passing:${this._name}:${this._sent}`;
    this._io.in(target).socketsJoin(room);
    this._say(this._io.to(room), target, "text");
    this._io.in(target).socketsLeave(room);
    this._say(this._io.to(room), "-", "text");
  }

  /** @param {string} kind */
  async _ask(kind) {
    const number = (this._asked += 1);
    this._journal.write(["q", number, Date.now(), kind]);
    this.pending += 1;
    let error = null;
    /** @type {unknown[]} */
    let answers = [];
    try {
      answers = await this._answers(kind);
    } catch (err) {
      error = String(err);
    }
    this.pending -= 1;
    this._journal.write(["a", number, Date.now(), error, answers.length]);
  }

  /**
   * @param {string} kind
   * @returns {Promise<unknown[]>}
   */
  _answers(kind) {
    switch (kind) {
      case "clients":
        return this._io.timeout(REQUEST_TIMEOUT_MS).emitWithAck("question");
      case "servers":
        return this._io.serverSideEmitWithAck("question");
      default:
        return this._io.timeout(REQUEST_TIMEOUT_MS).fetchSockets();
    }
  }
}

module.exports = { COMMON_ROOM, REQUEST_TIMEOUT_MS, roomOf, Traffic };
