"use strict";

const debug = require("debug")("socket.io-postgres-adapter");
const { MessageType } = require("socket.io-adapter");
const { EngineHost } = require("./engine-host");
const { PostgresAdapterError } = require("./errors");
const { resolveOptions } = require("./options");
const { Members, Requests } = require("./primary-members");
const {
  isResponse,
  plainMessage,
  readClusterMessage,
  readWorkerMessage,
} = require("./primary-messages");
const { readTargets } = require("./targets");

/** @type {import("node:cluster").Cluster} whose declarations know it as an ES module only */
const cluster = /** @type {any} */ (require("node:cluster"));

/** @typedef {import("./primary-messages").Worker} Worker */
/** @typedef {import("./primary-messages").WorkerMessage} WorkerMessage */

/**
 * The primary of a Node.js cluster. What a worker says it passes on to the other workers directly, and to the rest of
 * the cluster through the database; what the rest says, to the workers.
 */
class ClusterPrimary {
  #nodeId;
  #host;
  #members = new Members();
  #requests = new Requests();
  /** @type {Map<string, number>} the number of each namespace that is listened to */
  #numbers = new Map();
  /** @type {Map<number, string>} the same the other way round */
  #names = new Map();
  /** @type {Promise<void> | undefined} */
  #closed;

  /**
   * @param {import("./targets").Targets} targets
   * @param {ReturnType<typeof resolveOptions>} options
   */
  constructor(targets, options) {
    this.#nodeId = options.uid;
    this.#host = new EngineHost(targets, options, "primary", {
      onMessage: (id, message) => this.#onClusterMessage(id, message),
      onListening: (id) => this.#introduce(id),
    });
    cluster.on("message", this.#onWorkerMessage);
    // not "exit": what a worker said last can be read after it
    cluster.on("disconnect", this.#onDisconnect);
  }

  /** @returns {Promise<void>} */
  close() {
    this.#closed ??= this.#leave();
    return this.#closed;
  }

  async #leave() {
    cluster.off("message", this.#onWorkerMessage);
    cluster.off("disconnect", this.#onDisconnect);
    for (const { uid, nsp } of this.#members.all()) {
      this.#publish(plainMessage(MessageType.ADAPTER_CLOSE, uid, nsp));
    }
    this.#numbers.clear();
    this.#names.clear();
    await this.#host.close();
  }

  /**
   * @param {Worker} worker
   * @param {unknown} value
   */
  #onWorkerMessage = (worker, value) => {
    const message = readWorkerMessage(value);
    if (!message || !this.#members.hear(worker, message)) {
      return;
    }
    debug("worker %d: message of type %d", worker.id, message.type);
    this.#requests.note(message);
    const requester = this.#requesterOf(message);
    if (requester === undefined) {
      sendToAll(message, worker);
    } else {
      const asking = this.#members.workerOf(requester);
      if (asking) {
        return sendTo(asking, message);
      }
    }
    this.#publish(message);
    if (message.type === MessageType.ADAPTER_CLOSE) {
      this.#closeUnused(message.nsp);
    }
  };

  /** @param {Worker} worker - one that died, or wants to hear nothing more */
  #onDisconnect = (worker) => {
    for (const { uid, nsp } of this.#members.remove(worker)) {
      debug("worker %d: %s leaves %s", worker.id, uid, nsp);
      const goodbye = plainMessage(MessageType.ADAPTER_CLOSE, uid, nsp);
      sendToAll(goodbye, worker);
      this.#publish(goodbye);
      this.#closeUnused(nsp);
    }
  };

  /**
   * @param {number} id
   * @param {any} value
   */
  #onClusterMessage(id, value) {
    const nsp = this.#names.get(id);
    if (nsp === undefined) {
      return;
    }
    const message = readClusterMessage(value, nsp);
    this.#requests.note(message);
    const requester = this.#requesterOf(message);
    if (requester === undefined) {
      return sendToAll(message);
    }
    const asking = this.#members.workerOf(requester);
    if (asking) {
      sendTo(asking, message);
    }
  }

  /**
   * @param {WorkerMessage} message
   * @returns {string | undefined} the only one whom it concerns, where that can be told
   */
  #requesterOf(message) {
    return isResponse(message)
      ? this.#requests.requesterOf(message)
      : undefined;
  }

  /**
   * Whatever goes wrong concerns one message: the next may pass.
   *
   * @param {WorkerMessage} message
   */
  #publish(message) {
    try {
      const id = this.#open(message.nsp);
      this.#host.forward(id, { ...message, nodeId: this.#nodeId });
    } catch (/** @type {any} */ cause) {
      const what = `a message of type ${message.type} for the namespace ${message.nsp}`;
      this.#host.report(
        new PostgresAdapterError(
          "ERR_PUBLISH",
          `${what} could not be published and was dropped: ${cause?.message}`,
          { cause },
        ),
      );
    }
  }

  /**
   * A namespace is listened to as soon as a worker speaks of it.
   *
   * @param {string} nsp
   */
  #open(nsp) {
    let id = this.#numbers.get(nsp);
    if (id === undefined) {
      id = this.#host.openNamespace(nsp);
      this.#numbers.set(nsp, id);
      this.#names.set(id, nsp);
    }
    return id;
  }

  /**
   * Gives up a namespace that no worker is in any more: clients can open dynamic ones at will.
   *
   * @param {string} nsp
   */
  #closeUnused(nsp) {
    const id = this.#numbers.get(nsp);
    if (id !== undefined && this.#members.uidsOf(nsp).length === 0) {
      this.#numbers.delete(nsp);
      this.#names.delete(id);
      this.#host.engine.closeNamespace(id);
    }
  }

  /**
   * The workers introduced themselves before the others could be heard: once more, for the sake of the answers. The
   * same after an outage.
   *
   * @param {number} id
   */
  #introduce(id) {
    const nsp = this.#names.get(id);
    if (nsp !== undefined) {
      debug("listening to %s", nsp);
      for (const uid of this.#members.uidsOf(nsp)) {
        this.#publish(plainMessage(MessageType.INITIAL_HEARTBEAT, uid, nsp));
      }
    }
  }
}

/** Workers come and go; what is sent to one that has just gone is for nobody. */
function ignoreError() {}

/**
 * @param {Worker} worker
 * @param {WorkerMessage} message
 */
function sendTo(worker, message) {
  worker.send(message, ignoreError);
}

/**
 * @param {WorkerMessage} message
 * @param {Worker} [sender] - who does not get it
 */
function sendToAll(message, sender) {
  for (const worker of Object.values(cluster.workers ?? {})) {
    if (worker && worker !== sender) {
      sendTo(worker, message);
    }
  }
}

/** @type {ClusterPrimary | undefined} the one of this process: two would pass everything on twice */
let current;

/**
 * @param {any} pool - a `pg.Pool`, a connection string, or a configuration of a `pg` client
 * @param {import("..").PrimaryOptions} [options]
 * @returns {import("..").Primary}
 */
function setupPrimary(pool, options) {
  if (!cluster.isPrimary) {
    throw new Error(
      "setupPrimary() is for the primary of the cluster module, and this is a worker: it takes createAdapter() of " +
        "@socket.io/cluster-adapter",
    );
  }
  if (current) {
    throw new Error(
      "setupPrimary() was called before: close() what it returned first, or every message is passed on twice",
    );
  }
  const resolved = resolveOptions(options);
  const primary = new ClusterPrimary(readTargets(pool, options), resolved);
  current = primary;
  return {
    close() {
      if (current === primary) {
        current = undefined;
      }
      return primary.close();
    },
  };
}

module.exports = { setupPrimary };
