"use strict";

const { EmitterHost } = require("./emitter-host");
const { describeType, refusal } = require("./errors");
const { resolveOptions } = require("./options");
const { readConnection } = require("./pool-config");
const {
  EMITTER_UID,
  EVENT_PACKET,
  MESSAGE_TYPE,
  RESERVED_FOR_CLIENTS,
  RESERVED_FOR_SERVERS,
} = require("./protocol");

/** @typedef {string | string[]} RoomOrRooms */

/**
 * Which sockets a call is for. Each step gives a new operator, so that one can be kept and used again.
 */
class BroadcastOperator {
  #publish;
  #target;

  /**
   * @param {(type: number, data: any, isVolatile?: boolean) => void} publish
   * @param {{ rooms: string[], except: string[], flags: { volatile?: boolean, compress?: boolean } }} [target]
   */
  constructor(publish, target = { rooms: [], except: [], flags: {} }) {
    this.#publish = publish;
    this.#target = target;
  }

  /**
   * @param {RoomOrRooms} room
   * @returns {BroadcastOperator}
   */
  to(room) {
    return this.#with({ rooms: union(this.#target.rooms, room) });
  }

  /**
   * @param {RoomOrRooms} room
   * @returns {BroadcastOperator}
   */
  in(room) {
    return this.to(room);
  }

  /**
   * @param {RoomOrRooms} room
   * @returns {BroadcastOperator}
   */
  except(room) {
    return this.#with({ except: union(this.#target.except, room) });
  }

  /**
   * @param {boolean} compress
   * @returns {BroadcastOperator}
   */
  compress(compress) {
    return this.#with({ flags: { ...this.#target.flags, compress } });
  }

  /** @returns {BroadcastOperator} */
  get volatile() {
    return this.#with({ flags: { ...this.#target.flags, volatile: true } });
  }

  /**
   * @param {string | symbol} event
   * @param {...any} args
   * @returns {true}
   */
  emit(event, ...args) {
    checkEvent(event, RESERVED_FOR_CLIENTS);
    refuseAcknowledgement(args);
    const packet = { type: EVENT_PACKET, data: [event, ...args] };
    const { flags } = this.#target;
    this.#publish(
      MESSAGE_TYPE.BROADCAST,
      { packet, opts: this.#target },
      flags.volatile,
    );
    return true;
  }

  /** @param {RoomOrRooms} rooms */
  socketsJoin(rooms) {
    this.#publish(MESSAGE_TYPE.SOCKETS_JOIN, {
      opts: this.#target,
      rooms: union([], rooms),
    });
  }

  /** @param {RoomOrRooms} rooms */
  socketsLeave(rooms) {
    this.#publish(MESSAGE_TYPE.SOCKETS_LEAVE, {
      opts: this.#target,
      rooms: union([], rooms),
    });
  }

  /** @param {boolean} [close] - whether to close the underlying connection as well */
  disconnectSockets(close = false) {
    this.#publish(MESSAGE_TYPE.DISCONNECT_SOCKETS, {
      opts: this.#target,
      close,
    });
  }

  /**
   * @param {string | symbol} event
   * @param {...any} args
   */
  serverSideEmit(event, ...args) {
    checkEvent(event, RESERVED_FOR_SERVERS);
    refuseAcknowledgement(args);
    this.#publish(MESSAGE_TYPE.SERVER_SIDE_EMIT, { packet: [event, ...args] });
  }

  /** @param {Partial<{ rooms: string[], except: string[], flags: object }>} change */
  #with(change) {
    return new BroadcastOperator(this.#publish, { ...this.#target, ...change });
  }
}

/**
 * Sends to the clients of a cluster from a process that is no Socket.IO server.
 */
class Emitter {
  #host;
  #namespace;

  /**
   * @param {any} pool - a `pg.Pool`, a connection string, or a configuration of a `pg` client
   * @param {string | import("..").EmitterOptions} [nsp] - the namespace; the options may stand in its place
   * @param {import("..").EmitterOptions} [options]
   */
  constructor(pool, nsp = "/", options = undefined) {
    this.nsp = namespaceName(typeof nsp === "object" ? "/" : nsp);
    if (pool instanceof EmitterHost) {
      this.#host = pool; // of()
    } else {
      const settings = typeof nsp === "object" ? nsp : options;
      refuseListenPool(settings);
      const resolved = { ...resolveOptions(settings), uid: EMITTER_UID };
      this.#host = new EmitterHost(readConnection(pool), resolved);
    }
    this.#namespace = this.#host.engine.open(this.nsp);
  }

  /**
   * @param {string} nsp
   * @returns {Emitter} one for another namespace, with the same options and connection
   */
  of(nsp) {
    return new Emitter(this.#host, nsp);
  }

  /** @param {RoomOrRooms} room */
  to(room) {
    return this.#everyone.to(room);
  }

  /** @param {RoomOrRooms} room */
  in(room) {
    return this.#everyone.in(room);
  }

  /** @param {RoomOrRooms} room */
  except(room) {
    return this.#everyone.except(room);
  }

  get volatile() {
    return this.#everyone.volatile;
  }

  /** @param {boolean} compress */
  compress(compress) {
    return this.#everyone.compress(compress);
  }

  /**
   * @param {string | symbol} event
   * @param {...any} args
   */
  emit(event, ...args) {
    return this.#everyone.emit(event, ...args);
  }

  /** @param {RoomOrRooms} rooms */
  socketsJoin(rooms) {
    this.#everyone.socketsJoin(rooms);
  }

  /** @param {RoomOrRooms} rooms */
  socketsLeave(rooms) {
    this.#everyone.socketsLeave(rooms);
  }

  /** @param {boolean} [close] */
  disconnectSockets(close) {
    this.#everyone.disconnectSockets(close);
  }

  /**
   * @param {string | symbol} event
   * @param {...any} args
   */
  serverSideEmit(event, ...args) {
    this.#everyone.serverSideEmit(event, ...args);
  }

  /**
   * Resolves when all that was emitted so far, in any namespace of this emitter, is committed; or was given up, which
   * the `errorHandler` is told.
   *
   * @returns {Promise<void>}
   */
  flush() {
    return this.#host.flush();
  }

  /**
   * Flushes for a limited time, then closes the connection, for all namespaces of this emitter.
   *
   * @returns {Promise<void>}
   */
  close() {
    return this.#host.close();
  }

  get #everyone() {
    return new BroadcastOperator((type, data, isVolatile) =>
      this.#host.publish(this.#namespace, type, data, isVolatile),
    );
  }
}

/**
 * @param {string[]} rooms
 * @param {RoomOrRooms} more
 */
function union(rooms, more) {
  return [...new Set(rooms.concat(more))];
}

/** @param {Record<string, any>} [options] */
function refuseListenPool(options) {
  if (options?.["listenPool"] !== undefined) {
    throw refusal(
      TypeError,
      'the option "listenPool" is for servers: an emitter does not listen, and publishes by way of its first argument',
    );
  }
}

/** @param {unknown} nsp */
function namespaceName(nsp) {
  if (typeof nsp !== "string") {
    throw new TypeError(
      `the namespace must be a string, got ${describeType(nsp)}`,
    );
  }
  if (nsp.includes("\0")) {
    throw new RangeError("the namespace must not contain NUL characters");
  }
  return nsp.startsWith("/") ? nsp : `/${nsp}`;
}

/**
 * @param {unknown} event
 * @param {ReadonlySet<unknown>} reserved
 */
function checkEvent(event, reserved) {
  if (typeof event !== "string" && typeof event !== "number") {
    // a client would take the packet for a broken one, and disconnect
    throw new TypeError(
      `the name of an event must be a string, got ${describeType(event)}`,
    );
  }
  if (reserved.has(event)) {
    throw new Error(`"${event}" is a reserved event name`);
  }
}

/** @param {any[]} args */
function refuseAcknowledgement(args) {
  if (typeof args[args.length - 1] === "function") {
    throw new Error(
      "an emitter hears nothing, hence no acknowledgements: remove the function, or emit from a server",
    );
  }
}

module.exports = { Emitter, BroadcastOperator };
