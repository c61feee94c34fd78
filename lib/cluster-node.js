"use strict";

const { EngineHost, NO_NAMESPACE } = require("./engine-host");

/** @typedef {import("./adapter").PostgresAdapter} PostgresAdapter */
/** @typedef {import("./targets").Targets} Targets */
/** @typedef {ReturnType<import("./options").resolveOptions>} ResolvedOptions */

/**
 * One server in the cluster: the native engine with its two connections, shared by all namespaces.
 */
class ClusterNode extends EngineHost {
  /** @type {Map<number, PostgresAdapter>} */
  #adapters = new Map();
  /** Those whose namespace cannot be opened: Socket.IO asks twice, and it is told once. */
  #refused = new WeakSet();
  #onEmpty;

  /**
   * @param {Targets} targets
   * @param {ResolvedOptions} options
   * @param {() => void} onEmpty - called when the last namespace is closed; the node is of no use after that
   */
  constructor(targets, options, onEmpty) {
    super(targets, options, "server", {
      onMessage: (id, message) => this.#adapters.get(id)?.onMessage(message),
      onBroadcast: (id, opts, event, parts) =>
        this.#adapters.get(id)?.onBroadcast(opts, event, parts),
      onPeerJoined: (id, uid) => this.#tellOfPeer("peerJoined", id, uid),
      onPeerLeft: (id, uid) => {
        this.#adapters.get(id)?.onPeerLeft(uid);
        this.#tellOfPeer("peerLeft", id, uid);
      },
    });
    this.options = options;
    this.#onEmpty = onEmpty;
  }

  /**
   * Opens the namespace of an adapter, or announces it once more.
   *
   * @param {PostgresAdapter} adapter
   * @returns {number} the number of the namespace
   */
  open(adapter) {
    if (this.#refused.has(adapter)) {
      return NO_NAMESPACE;
    }
    const id = this.openNamespace(adapter.nsp.name);
    if (id === NO_NAMESPACE) {
      this.#refused.add(adapter);
      return id;
    }
    const previous = this.#adapters.get(id);
    if (previous !== adapter) {
      previous?.rooms.forEach((_, room) => this.roomDeleted(id, room));
      this.#adapters.set(id, adapter);
      adapter.rooms.forEach((_, room) => this.roomCreated(id, room));
      this.setPopulated(id, adapter.sids.size > 0);
    }
    return id;
  }

  /**
   * Closes the namespace of an adapter, and with the last one the connections.
   *
   * @param {number} id
   * @param {PostgresAdapter} adapter
   */
  async release(id, adapter) {
    if (this.#adapters.get(id) !== adapter) {
      return;
    }
    this.#adapters.delete(id);
    this.flushEvents();
    this.engine.closeNamespace(id);
    if (this.#adapters.size === 0) {
      this.#onEmpty();
      await this.close();
    }
  }

  /**
   * @param {number} id
   * @returns {Omit<import("..").AdapterStats, "nsp">}
   */
  stats(id) {
    return {
      uid: this.options.uid,
      peers: this.peers(id).size,
      ...JSON.parse(this.engine.stats()),
      lastError: this.lastError,
    };
  }

  /**
   * @param {"peerJoined" | "peerLeft"} name
   * @param {number} id
   * @param {string} peer
   */
  #tellOfPeer(name, id, peer) {
    this.tell(name, () => ({
      nsp: this.#adapters.get(id)?.nsp.name,
      peer,
    }));
  }

  /**
   * @param {number} id
   * @returns {Map<string, number>} uid and time of the last sign of life
   */
  peers(id) {
    const now = Date.now();
    /** @type {[string, number][]} */
    const peers = JSON.parse(this.engine.peers(id));
    return new Map(peers.map(([uid, since]) => [uid, now - since]));
  }

  /**
   * @param {number} id
   * @param {unknown} room
   */
  roomCreated(id, room) {
    // what is no string, the engine leaves to JavaScript
    if (typeof room === "string") {
      this.engine.roomCreated(id, room);
    }
  }

  /**
   * @param {number} id
   * @param {unknown} room
   */
  roomDeleted(id, room) {
    if (typeof room === "string") {
      this.engine.roomDeleted(id, room);
    }
  }

  /**
   * @param {number} id
   * @param {boolean} populated
   */
  setPopulated(id, populated) {
    this.engine.setPopulated(id, populated);
  }
}

module.exports = { ClusterNode };
