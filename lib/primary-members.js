"use strict";

const { MessageType } = require("socket.io-adapter");

/** @typedef {import("./primary-messages").Worker} Worker */
/** @typedef {import("./primary-messages").WorkerMessage} WorkerMessage */

/** How many adapters that were closed are remembered, so that they stay so. */
const MAX_DEPARTED = 1_000;
/** How many requests are remembered, so that the responses find their way; those to older ones go to everybody. */
const MAX_REQUESTS = 10_000;
/** Ids are some twenty characters long; what is much longer comes from somebody who wants to fill the memory. */
const MAX_ID_LENGTH = 128;

/** The messages that can ask for a response. */
const REQUESTS = new Set([
  MessageType.BROADCAST,
  MessageType.FETCH_SOCKETS,
  MessageType.SERVER_SIDE_EMIT,
]);

/** The adapters of the workers: one for each namespace of each worker. */
class Members {
  /** @type {Map<string, { worker: Worker, nsp: string }>} */
  #adapters = new Map();
  /** @type {Set<string>} */
  #departed = new Set();

  /**
   * Learns from a message of a worker who is there. An adapter that was closed still answers the greetings of others:
   * it must not come back to life by that.
   *
   * @param {Worker} worker
   * @param {WorkerMessage} message
   * @returns {boolean} whether the message counts
   */
  hear(worker, { type, uid, nsp }) {
    if (type === MessageType.INITIAL_HEARTBEAT) {
      this.#departed.delete(uid);
    } else if (this.#departed.has(uid)) {
      return false;
    }
    if (type === MessageType.ADAPTER_CLOSE) {
      this.#adapters.delete(uid);
      this.#departed.add(uid);
      dropOldest(this.#departed, MAX_DEPARTED);
    } else if (this.#adapters.get(uid)?.worker !== worker) {
      this.#adapters.set(uid, { worker, nsp });
    }
    return true;
  }

  /**
   * Forgets a worker.
   *
   * @param {Worker} worker
   * @returns {{ uid: string, nsp: string }[]} the adapters that were left to it
   */
  remove(worker) {
    const left = this.all().filter((adapter) => adapter.worker === worker);
    left.forEach(({ uid }) => this.#adapters.delete(uid));
    return left;
  }

  /** @param {string} uid */
  workerOf(uid) {
    return this.#adapters.get(uid)?.worker;
  }

  /** @returns {{ uid: string, nsp: string, worker: Worker }[]} */
  all() {
    return [...this.#adapters].map(([uid, adapter]) => ({ uid, ...adapter }));
  }

  /** @param {string} nsp */
  uidsOf(nsp) {
    const inside = this.all().filter((adapter) => adapter.nsp === nsp);
    return inside.map(({ uid }) => uid);
  }
}

/** Who asked what, for the responses that do not say whom they are for. */
class Requests {
  /** @type {Map<string, string>} the id of each request, and the uid of who asked */
  #requesters = new Map();

  /** @param {WorkerMessage} message - of a worker or of another server */
  note({ type, uid, data }) {
    const id = data?.requestId;
    if (REQUESTS.has(type) && isId(id) && isId(uid)) {
      this.#requesters.set(id, uid);
      dropOldest(this.#requesters, MAX_REQUESTS);
    }
  }

  /**
   * @param {WorkerMessage} response
   * @returns {string | undefined} the uid of who asked, where that can be told
   */
  requesterOf({ requesterUid, data }) {
    return requesterUid ?? this.#requesters.get(data?.requestId);
  }
}

/** @param {unknown} value */
function isId(value) {
  return typeof value === "string" && value.length <= MAX_ID_LENGTH;
}

/**
 * @param {Map<string, unknown> | Set<string>} collection
 * @param {number} limit
 */
function dropOldest(collection, limit) {
  if (collection.size > limit) {
    const [oldest] = collection.keys();
    collection.delete(/** @type {string} */ (oldest));
  }
}

module.exports = { Members, Requests };
