"use strict";

const { randomBytes } = require("node:crypto");
const { TOO_DEEP, attach, detach, hasBinary } = require("./binary");
const { BundleContent, ITEM } = require("./bundle");
const diagnostics = require("./diagnostics");
const { fromNative, PostgresAdapterError } = require("./errors");
const { GatheredEvents, MOST_GATHERED } = require("./gathered-events");
const { Engine } = require("./native");
const { MESSAGE_TYPE } = require("./protocol");
const { describeRefusal } = require("./tls-verdict");

/** @typedef {import("./targets").Targets} Targets */

/**
 * What the engine is for: a member of the cluster, something outside that only sends, or the primary of a Node.js
 * cluster, which passes on what its workers and the other servers say.
 *
 * @typedef {"server" | "emitter" | "primary"} Role
 */

/**
 * @typedef {object} HostOptions
 * @property {string} uid
 * @property {(err: any) => void} errorHandler
 */

/**
 * @typedef {object} Listeners
 * @property {(namespace: number, message: any) => void} [onMessage] - a message that concerns this process
 * @property {(namespace: number, opts: any, event: string, parts?: Buffer[]) => void} [onBroadcast] - an event for
 *   local clients, as text; with binary parts where Socket.IO's placeholders stand
 * @property {(namespace: number, uid: string) => void} [onPeerLeft] - a server left or fell silent
 * @property {(namespace: number, uid: string) => void} [onPeerJoined] - a server was heard for the first time
 * @property {(namespace: number) => void} [onListening] - a primary hears the namespace from now on, or again
 */

/** The number of no namespace: what is published there goes nowhere. */
const NO_NAMESPACE = 0;

/**
 * The messages that carry values of the user, and so possibly binary ones; see src/wire/message.rs.
 *
 * @type {Set<number>}
 */
const MAY_CARRY_BINARY = new Set([
  MESSAGE_TYPE.BROADCAST,
  MESSAGE_TYPE.SERVER_SIDE_EMIT,
  MESSAGE_TYPE.SERVER_SIDE_EMIT_RESPONSE,
  MESSAGE_TYPE.BROADCAST_ACK,
]);

/**
 * A native engine, and the way to and from it: texts and binary parts there, items in bundles back.
 */
class EngineHost {
  /** What the id of each request begins with. */
  requestPrefix = `${randomBytes(8).toString("hex")}-`;
  /**
   * The last error that was reported.
   *
   * @type {import("..").AdapterStats["lastError"]}
   */
  lastError = null;
  #marker = `\0${randomBytes(16).toString("hex")}:`;
  #uid;
  #errorHandler;
  #listeners;
  /** Who is asked while a connection is made, in the order of `TargetId` in src/engine/inbox.rs. */
  #sources;
  /** Events of this turn that the engine does not have yet: a call costs more than a message. */
  #gathered = new GatheredEvents();

  /**
   * @param {Targets} targets
   * @param {HostOptions} options - further ones are for the engine
   * @param {Role} role
   * @param {Listeners} [listeners]
   */
  constructor({ main, listen }, options, role, listeners = {}) {
    this.#uid = options.uid;
    this.#errorHandler = options.errorHandler;
    this.#listeners = listeners;
    this.#sources = [main, listen];
    const settings = {
      ...options,
      role,
      marker: this.#marker,
      requestPrefix: this.requestPrefix,
      debug: diagnostics.readsLines(),
    };
    /** The native engine, for what needs no translation. */
    this.engine = startEngine(settings, main, listen, () => this.#drain());
  }

  /**
   * Publishes an event for clients.
   *
   * @param {number} namespace
   * @param {any[]} event - its name and its arguments
   * @param {string} options - the JSON text of rooms, exceptions and flags; empty for the usual ones
   * @param {boolean} [isVolatile] - not worth keeping for a database that is away
   * @throws {TypeError} if the event cannot be serialised; nothing is sent then
   */
  publishEvent(namespace, event, options, isVolatile = false) {
    const data = { packet: event };
    const { text, parts } = this.#write(MESSAGE_TYPE.BROADCAST, event, data);
    const size = parts.reduce((sum, part) => sum + part.length, 0);
    if (text.length > MOST_GATHERED || size > MOST_GATHERED) {
      this.flushEvents();
      this.engine.publishEvent(namespace, options, text, parts, isVolatile);
      return;
    }
    if (!this.#gathered.hasRoomFor(text, size)) {
      this.flushEvents();
    }
    if (this.#gathered.isEmpty) {
      queueMicrotask(() => this.flushEvents());
    }
    this.#gathered.add(namespace, text, parts, options, isVolatile);
  }

  /** Hands the events of this turn to the engine: before anything else, to keep the order. */
  flushEvents() {
    if (!this.#gathered.isEmpty) {
      const { events, bytes } = this.#gathered.take();
      this.engine.publishEvents(events, bytes);
    }
  }

  /**
   * @param {number} namespace
   * @param {number} type
   * @param {any} data
   * @param {boolean} [isVolatile] - not worth keeping for a database that is away
   * @throws {TypeError} if the data cannot be serialised; nothing is sent then
   */
  publish(namespace, type, data, isVolatile = false) {
    const { text, parts } = this.#write(type, data);
    this.flushEvents();
    if (parts.length > 0) {
      this.engine.publishBinary(namespace, type, text, parts, isVolatile);
    } else {
      this.engine.publish(namespace, type, text, isVolatile);
    }
  }

  /**
   * Publishes a message of somebody else as it is.
   *
   * @param {number} namespace
   * @param {{ type: number, data?: any } & Record<string, any>} message - all of it
   * @throws {TypeError} if it cannot be serialised; nothing is sent then
   * @throws {Error} after `close()`
   */
  forward(namespace, message) {
    const { text, parts } = this.#write(message.type, message, message.data);
    this.flushEvents();
    this.engine.forward(namespace, message.type, text, parts);
  }

  /**
   * @param {number} type
   * @param {any} value - what becomes JSON text and binary parts beside it
   * @param {any} [data] - the data of the message, if the value is more than that
   */
  #write(type, value, data = value) {
    try {
      return MAY_CARRY_BINARY.has(type) && hasBinary(value)
        ? detach(value, this.#marker)
        : { text: JSON.stringify(value), parts: [] };
    } catch (cause) {
      throw notSerialisable(data, cause);
    }
  }

  /**
   * Opens a namespace, or announces it once more. Clients can name namespaces: what has no channel is reported, for a
   * throw would end the process.
   *
   * @param {string} nsp
   * @returns {number} the number of the namespace; that of none, if there is no channel for it
   */
  openNamespace(nsp) {
    try {
      return this.engine.open(nsp);
    } catch (refusal) {
      this.report(
        new PostgresAdapterError(
          "ERR_NAMESPACE",
          `the namespace ${JSON.stringify(nsp)} is not shared with the other servers, only clients of this one are in ` +
            `it: ${/** @type {Error} */ (refusal).message}`,
        ),
      );
      return NO_NAMESPACE;
    }
  }

  /** Sends what is still to be sent, unless the database is away, and ends the connections. */
  async close() {
    this.flushEvents();
    await this.engine.close();
    this.#drain(); // what was reported at the very end
  }

  /**
   * Hands an error to the application.
   *
   * @param {any} error
   */
  report(error) {
    diagnostics.writeError(error);
    this.lastError = {
      code: error?.code ?? error?.name ?? "Error",
      message: error?.message ?? String(error),
      at: Date.now(),
    };
    void this.#handToApplication(error);
  }

  /**
   * The handler is called at once; it may be an async function.
   *
   * @param {any} error
   */
  async #handToApplication(error) {
    try {
      await this.#errorHandler(error);
    } catch (thrown) {
      diagnostics.writeLine("error", `the errorHandler threw: ${thrown}`);
    }
  }

  /**
   * Tells those who subscribed, if anybody did.
   *
   * @param {Parameters<typeof diagnostics.publish>[0]} name
   * @param {() => object} details
   */
  tell(name, details) {
    diagnostics.publish(name, () => ({ uid: this.#uid, ...details() }));
  }

  /** Deals with a bundle of items; other work of the event loop gets its turn before the next. */
  #drain() {
    const bundle = this.engine.drain();
    if (bundle === null) {
      return;
    }
    setImmediate(() => this.#drain());
    /** @type {any[][]} */
    let items = [];
    try {
      items = JSON.parse(bundle.items);
    } catch {
      // what the parser says quotes the text
      this.report(
        new PostgresAdapterError(
          "ERR_INTERNAL",
          "messages that the engine handed over could not be read and were skipped",
        ),
      );
    }
    const content = new BundleContent(bundle);
    for (const item of items) {
      if (item[0] === ITEM.BROADCASTS) {
        this.#broadcastAll(item, content);
        continue;
      }
      try {
        this.#handle(item, content);
      } catch (err) {
        this.report(err);
      }
    }
  }

  /**
   * @param {any[]} item
   * @param {BundleContent} content
   */
  #broadcastAll([, namespace, opts, count], content) {
    for (let i = 0; i < count; i++) {
      try {
        this.#listeners.onBroadcast?.(namespace, opts, content.nextEvent());
      } catch (err) {
        this.report(err);
      }
    }
  }

  /**
   * @param {any[]} item
   * @param {BundleContent} content
   */
  #handle([kind, first, second, third], content) {
    switch (kind) {
      case ITEM.MESSAGE:
        return this.#listeners.onMessage?.(first, second);
      case ITEM.BINARY_MESSAGE: {
        // copied: the application may keep them, and they are a small part of a bundle
        const parts = content.parts(third).map((part) => Buffer.from(part));
        const message = attach(second, parts, this.#marker);
        return this.#listeners.onMessage?.(first, message);
      }
      case ITEM.BINARY_BROADCAST: {
        const event = content.nextEvent();
        const parts = content.parts(third);
        return this.#listeners.onBroadcast?.(first, second, event, parts);
      }
      case ITEM.PEER_LEFT:
        return this.#listeners.onPeerLeft?.(first, second);
      case ITEM.PEER_JOINED:
        return this.#listeners.onPeerJoined?.(first, second);
      case ITEM.ERROR:
        return this.report(fromNative(first));
      case ITEM.DEBUG:
        return diagnostics.writeLine(first, second);
      case ITEM.CONNECTED:
        return this.tell("connect", () => ({ connection: first }));
      case ITEM.DISCONNECTED:
        return this.tell("disconnect", () => ({
          connection: first,
          error: fromNative(second),
        }));
      case ITEM.DROPPED:
        return this.tell("dropped", () => ({ messages: first }));
      case ITEM.LISTENING:
        return this.#listeners.onListening?.(first);
      case ITEM.PASSWORD_WANTED:
        return void this.#answerPassword(first, second);
      case ITEM.VERDICT_WANTED:
        return void this.#answerVerdict(first, second, third);
    }
  }

  /**
   * @param {number} number
   * @param {number} target
   */
  async #answerPassword(number, target) {
    try {
      const password = (await this.#sources[target]?.password()) ?? null;
      this.engine.answerPassword(number, password);
    } catch (err) {
      this.engine.answerPassword(number, null, String(err));
    }
  }

  /**
   * @param {number} number
   * @param {number} target
   * @param {import("./tls-verdict").Question} question
   */
  async #answerVerdict(number, target, question) {
    try {
      const verdict = await this.#sources[target]?.judge(question);
      this.engine.answerVerdict(number, JSON.stringify(verdict ?? null));
    } catch (err) {
      this.engine.answerVerdict(number, "", describeRefusal(err));
    }
  }
}

/**
 * @param {object} settings
 * @param {import("./targets").ConnectionSource} main
 * @param {import("./targets").ConnectionSource | undefined} listen
 * @param {() => void} wake
 */
function startEngine(settings, main, listen, wake) {
  const keys = [main.clientKey(), listen?.clientKey()];
  try {
    return new Engine(
      JSON.stringify(settings),
      JSON.stringify(main.config),
      keys[0],
      listen && JSON.stringify(listen.config),
      keys[1],
      wake,
    );
  } catch (/** @type {any} */ error) {
    throw new PostgresAdapterError(error.code, error.message);
  } finally {
    keys.forEach((key) => key?.fill(0));
  }
}

/**
 * @param {any} data
 * @param {any} cause
 */
function notSerialisable(data, cause) {
  const event = (data?.packet?.data ?? data?.packet)?.[0];
  const what = typeof event === "string" ? `the event "${event}"` : "a message";
  const reason = cause instanceof RangeError ? TOO_DEEP : cause?.message;
  const err = new TypeError(
    `${what} cannot be serialised: ${reason}. Send values that JSON can express, or binary ones.`,
  );
  return Object.assign(err, { cause });
}

module.exports = { EngineHost, NO_NAMESPACE };
