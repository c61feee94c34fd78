"use strict";

const { Adapter, ClusterAdapter, MessageType } = require("socket.io-adapter");
const {
  OptionsReader,
  encodeOptions,
  optionsText,
} = require("./broadcast-options");
const {
  EncodedEvent,
  PassingEncoder,
  writesPlainText,
} = require("./encoded-event");
const { checkMessage } = require("./message-check");
const { EVENT_PACKET } = require("./protocol");
const { Requests } = require("./requests");

/** @typedef {import("./cluster-node").ClusterNode} ClusterNode */
/** @typedef {import("socket.io-adapter").BroadcastOptions} BroadcastOptions */

/**
 * Whether a packet is an event and nothing more.
 *
 * @param {any} packet
 */
function isPlainEvent(packet) {
  return (
    packet.type === EVENT_PACKET &&
    Array.isArray(packet.data) &&
    typeof packet.data[0] === "string" &&
    Object.keys(packet).length === 2
  );
}

/**
 * The adapter of one namespace. What it does for local sockets is done by the base class; what concerns the other
 * servers goes through the native engine.
 */
class PostgresAdapter extends ClusterAdapter {
  /** @type {() => ClusterNode} */
  #acquireNode;
  /** @type {ClusterNode | undefined} */
  #node;
  /**
   * The same, also after the adapter was closed: it still knows what it did.
   *
   * @type {ClusterNode | undefined}
   */
  #lastNode;
  /** The number of this namespace in the engine. */
  #id = 0;
  #populated = false;
  /** Whether clients can be sent an event as it arrived. */
  #passesEvents;
  #requestsTimeout = 0;
  #requests = new Requests("");
  /** @type {Map<string, number> | undefined} */
  #peersOfThisRun;
  #options;

  /**
   * @param {any} nsp - the namespace
   * @param {() => ClusterNode} acquireNode - gives the node that this adapter is a part of
   */
  constructor(nsp, acquireNode) {
    super(nsp);
    this.#acquireNode = acquireNode;
    this.#options = new OptionsReader(nsp.name);
    this.#passesEvents = writesPlainText(nsp.server.encoder);
    Object.assign(this, { encoder: new PassingEncoder(nsp.server.encoder) });
    this.on("create-room", (room) => this.#node?.roomCreated(this.#id, room));
    this.on("delete-room", (room) => this.#node?.roomDeleted(this.#id, room));
    // Socket.IO before 4.8 does not call it; a second call at once announces nothing twice
    this.init();
  }

  /** Joins the cluster, or announces this server to it once more. */
  init() {
    const node = this.#acquireNode();
    if (node !== this.#node) {
      this.#belongTo(node);
    }
    this.#id = node.open(this);
  }

  /**
   * Leaves the cluster. With the last namespace of a server its connections are closed.
   *
   * @returns {Promise<void>}
   */
  async close() {
    const node = this.#node;
    this.#node = undefined;
    this.#peersOfThisRun = undefined;
    this.#requests.abort("the adapter was closed");
    await node?.release(this.#id, this);
  }

  /**
   * The other servers: their ids, and when each was last heard (milliseconds since the epoch).
   *
   * @returns {Map<string, number>}
   */
  get nodesMap() {
    return new Map(this.#peers());
  }

  /**
   * What this server has done so far, and how things are.
   *
   * @returns {import("..").AdapterStats}
   */
  stats() {
    const node = /** @type {ClusterNode} */ (this.#lastNode);
    return { ...node.stats(this.#id), nsp: this.nsp.name };
  }

  /** @returns {Promise<number>} the number of servers in the cluster, this one included */
  serverCount() {
    return Promise.resolve(1 + this.#peers().size);
  }

  /**
   * @param {string} id
   * @param {Set<string>} rooms
   */
  addAll(id, rooms) {
    super.addAll(id, rooms);
    this.#updatePopulated();
  }

  /** @param {string} id */
  delAll(id) {
    super.delAll(id);
    this.#updatePopulated();
  }

  /**
   * @param {any} packet
   * @param {BroadcastOptions} opts
   * @returns {any}
   */
  broadcast(packet, opts) {
    if (!opts.flags?.local) {
      this.#publishBroadcast(packet, opts);
    }
    // local clients wait for nobody; where there are none, the base class would encode for nobody
    if (this.#mayMatch(opts.rooms)) {
      Adapter.prototype.broadcast.call(this, packet, opts);
    }
  }

  /**
   * @param {any} packet
   * @param {BroadcastOptions} opts
   * @param {(clientCount: number) => void} clientCountCallback
   * @param {(...args: any[]) => void} ack
   */
  broadcastWithAck(packet, opts, clientCountCallback, ack) {
    if (!opts.flags?.local) {
      const request = {
        peers: new Set(this.#peers().keys()),
        responseTypes: [
          MessageType.BROADCAST_CLIENT_COUNT,
          MessageType.BROADCAST_ACK,
        ],
        timeout: opts.flags?.timeout ?? 0,
        /** @param {any} response */
        onResponse({ type, data }) {
          if (type === MessageType.BROADCAST_CLIENT_COUNT) {
            clientCountCallback(data.clientCount);
          } else {
            ack(data.packet);
          }
        },
        onPeerLeft: () => clientCountCallback(0),
      };
      this.#publishRequest(MessageType.BROADCAST, request, (requestId) => ({
        packet,
        requestId,
        opts: encodeOptions(opts),
      }));
    }
    Adapter.prototype.broadcastWithAck.call(
      this,
      packet,
      opts,
      clientCountCallback,
      ack,
    );
  }

  /**
   * @param {BroadcastOptions} opts
   * @param {string[]} rooms
   * @returns {any}
   */
  addSockets(opts, rooms) {
    this.#publishUnlessLocal(MessageType.SOCKETS_JOIN, opts, { rooms });
    Adapter.prototype.addSockets.call(this, opts, rooms);
  }

  /**
   * @param {BroadcastOptions} opts
   * @param {string[]} rooms
   * @returns {any}
   */
  delSockets(opts, rooms) {
    this.#publishUnlessLocal(MessageType.SOCKETS_LEAVE, opts, { rooms });
    Adapter.prototype.delSockets.call(this, opts, rooms);
  }

  /**
   * @param {BroadcastOptions} opts
   * @param {boolean} close
   * @returns {any}
   */
  disconnectSockets(opts, close) {
    this.#publishUnlessLocal(MessageType.DISCONNECT_SOCKETS, opts, { close });
    Adapter.prototype.disconnectSockets.call(this, opts, close);
  }

  /**
   * @param {BroadcastOptions} opts
   * @returns {Promise<any[]>}
   */
  async fetchSockets(opts) {
    const sockets = await Adapter.prototype.fetchSockets.call(this, opts);
    const peers = new Set(this.#peers().keys());
    if (opts.flags?.local || peers.size === 0) {
      return sockets;
    }
    return new Promise((resolve, reject) => {
      const request = {
        peers,
        responseTypes: [MessageType.FETCH_SOCKETS_RESPONSE],
        timeout: opts.flags?.timeout || this.#requestsTimeout,
        /** @param {any} response */
        onResponse({ data }) {
          // not spread into push(): there may be more than fit into a call
          for (const socket of data.sockets) {
            sockets.push(socket);
          }
        },
        onComplete: () => resolve(sockets),
        onFailure: reject,
      };
      this.#publishRequest(MessageType.FETCH_SOCKETS, request, (requestId) => ({
        opts: encodeOptions(opts),
        requestId,
      }));
    });
  }

  /**
   * @param {any[]} packet - the event and its arguments, possibly with an acknowledgement function at the end
   * @returns {any}
   */
  serverSideEmit(packet) {
    if (typeof packet[packet.length - 1] !== "function") {
      return this.#publish(MessageType.SERVER_SIDE_EMIT, { packet });
    }
    const ack = packet[packet.length - 1];
    const args = packet.slice(0, -1);
    const peers = new Set(this.#peers().keys());
    if (peers.size === 0) {
      return ack(null, []);
    }
    /** @type {any[]} */
    const responses = [];
    const request = {
      peers,
      responseTypes: [MessageType.SERVER_SIDE_EMIT_RESPONSE],
      timeout: this.#requestsTimeout,
      onResponse: (/** @type {any} */ { data }) => responses.push(data.packet),
      onComplete: () => ack(null, responses),
      onFailure: (/** @type {Error} */ reason) => ack(reason, responses),
    };
    this.#publishRequest(
      MessageType.SERVER_SIDE_EMIT,
      request,
      (requestId) => ({ requestId, packet: args }),
    );
  }

  /**
   * Called by the node for each message that concerns this server.
   *
   * @param {any} message
   * @throws {import("./errors").PostgresAdapterError} if it is malformed
   */
  onMessage(message) {
    message.nsp = this.nsp.name; // an emitter may have left it out
    checkMessage(message);
    if (!this.#isUnheardError(message)) {
      super.onMessage(message);
    }
  }

  /**
   * Called by the node for each broadcast that clients can be sent as it arrived.
   *
   * @param {any} opts - null for the usual ones; those of a run of broadcasts are one object
   * @param {string} event - the JSON text of the event: its name and arguments
   * @param {Buffer[]} [parts] - what Socket.IO's placeholders stand for
   * @throws {import("./errors").PostgresAdapterError} if the options are malformed
   */
  onBroadcast(opts, event, parts) {
    const options = this.#options.read(opts);
    if (!this.#mayMatch(options.rooms)) {
      return;
    }
    const encoded = new EncodedEvent(event, this.nsp.name, parts);
    // another parser gets a packet that it can encode
    const packet = this.#passesEvents
      ? encoded
      : { type: encoded.type, data: encoded.data };
    Adapter.prototype.broadcast.call(this, packet, options);
  }

  /** @param {any} response */
  onResponse(response) {
    const isLast = response.type !== MessageType.BROADCAST_ACK;
    this.#requests.onResponse(response, isLast);
  }

  /**
   * Called by the node when a server left or fell silent.
   *
   * @param {string} uid
   */
  onPeerLeft(uid) {
    this.#peersOfThisRun = undefined;
    this.#requests.onPeerLeft(uid);
  }

  /**
   * Used by the base class for the requests of others.
   *
   * @param {any} message
   * @returns {Promise<string>}
   */
  async doPublish(message) {
    this.#publish(message.type, message.data);
    return ""; // there is no offset: nothing is stored
  }

  /**
   * @param {string} _requesterUid
   * @param {any} response
   * @returns {Promise<void>}
   */
  async doPublishResponse(_requesterUid, response) {
    try {
      this.#publish(response.type, response.data);
    } catch (err) {
      this.#node?.report(err);
    }
  }

  /** @param {ClusterNode} node */
  #belongTo(node) {
    this.#node = node;
    this.#lastNode = node;
    Object.assign(this, { uid: node.options.uid });
    this.#requestsTimeout = node.options.requestsTimeout;
    this.#requests = new Requests(node.requestPrefix);
  }

  /**
   * One view of the cluster for as long as JavaScript runs without a pause, so that a request and the `serverCount()`
   * that Socket.IO compares with its responses agree.
   */
  #peers() {
    if (!this.#peersOfThisRun) {
      this.#peersOfThisRun = this.#node?.peers(this.#id) ?? new Map();
      queueMicrotask(() => (this.#peersOfThisRun = undefined));
    }
    return this.#peersOfThisRun;
  }

  /** @param {Set<string>} rooms */
  #mayMatch(rooms) {
    if (rooms.size === 0) {
      return this.sids.size > 0;
    }
    for (const room of rooms) {
      if (this.rooms.has(room)) {
        return true;
      }
    }
    return false;
  }

  #updatePopulated() {
    const populated = this.sids.size > 0;
    if (populated !== this.#populated) {
      this.#populated = populated;
      this.#node?.setPopulated(this.#id, populated);
    }
  }

  /**
   * @param {any} packet
   * @param {BroadcastOptions} opts
   */
  #publishBroadcast(packet, opts) {
    const isVolatile = opts.flags?.volatile;
    if (isPlainEvent(packet)) {
      const options = optionsText(opts);
      this.#node?.publishEvent(this.#id, packet.data, options, isVolatile);
    } else {
      const data = { packet, opts: encodeOptions(opts) };
      this.#publish(MessageType.BROADCAST, data, isVolatile);
    }
  }

  /**
   * @param {number} type
   * @param {BroadcastOptions} opts
   * @param {object} data
   */
  #publishUnlessLocal(type, opts, data) {
    if (!opts.flags?.local) {
      this.#publish(type, { opts: encodeOptions(opts), ...data });
    }
  }

  /**
   * Of all events without a listener, this is the one that an emitter throws.
   *
   * @param {any} message
   */
  #isUnheardError({ type, data }) {
    return (
      type === MessageType.SERVER_SIDE_EMIT &&
      data.packet[0] === "error" &&
      this.nsp.listenerCount("error") === 0
    );
  }

  /**
   * @param {number} type
   * @param {import("./requests").Request} request
   * @param {(requestId: string) => object} dataFor
   */
  #publishRequest(type, request, dataFor) {
    const requestId = this.#requests.open(request);
    try {
      this.#publish(type, dataFor(requestId));
    } catch (err) {
      this.#requests.discard(requestId);
      throw err;
    }
  }

  /**
   * @param {number} type
   * @param {any} data
   * @param {boolean} [isVolatile]
   */
  #publish(type, data, isVolatile) {
    this.#node?.publish(this.#id, type, data, isVolatile);
  }
}

// Nothing is stored, so no packet needs the offset that the base class would add for a later recovery.
Object.assign(PostgresAdapter.prototype, { addOffsetIfNecessary() {} });

module.exports = { PostgresAdapter };
