"use strict";

// Makes a server send every type of message there is, and keeps what it sends. The other server of the cluster is only
// played, so that everything it says is the same each time.

const { createServer } = require("node:http");

const { Pool } = require("pg");
const { Server } = require("socket.io");
const { MessageType } = require("socket.io-adapter");
const { Manager } = require("socket.io-client");

const { once, until } = require("../support/wait.js");
const { WireWatch } = require("./wire-watch.js");

/** @typedef {import("./wire-watch.js").Decoded} Decoded */
/** @typedef {import("../support/adapter.js").CreateAdapter} CreateAdapter */
/** @typedef {{ name: string, type: number, decoded: Decoded }} Captured */

const CHANNEL = "socket.io#/";

/** The server that is only played. */
const PEER_UID = "9ee59ee59ee59ee5";

/** Nothing happens by itself while it is watched, in milliseconds. */
const NEVER_MS = 600_000;

/** Time for acknowledgements, which the watched server need not get, in milliseconds. */
const ACK_TIMEOUT_MS = 1_000;

/** Time for those that it has to get, in milliseconds. */
const ANSWER_TIMEOUT_MS = 5_000;

const ROOMS = ["room", "räume"];

/** Stands for what a real one holds, which is different each time. */
const HANDSHAKE = {
  headers: { "user-agent": "nobody", host: "127.0.0.1" },
  time: "some time ago",
  address: "127.0.0.1",
  xdomain: false,
  secure: false,
  issued: 1_234_567_890_123,
  url: "/socket.io/?EIO=4&transport=websocket",
  query: { EIO: "4", transport: "websocket" },
  auth: { token: "ünï" },
};

const VALUES = ["text ü 😀", 1.5, -3, null, { nested: [true, { "": [] }] }];

const BINARY_VALUES = [
  Buffer.of(0, 128, 255),
  { deep: [Uint8Array.of(1, 2), "text", Buffer.alloc(0)] },
];

/** What the client answers, and the server to another one, by name of the event. */
/** @type {Record<string, any[]>} */
const ANSWERS = {
  "answer with values": [VALUES],
  "answer with binary content": [BINARY_VALUES],
  "answer with nothing": [],
};

/** The server, with one client. */
class Subject {
  /**
   * @param {CreateAdapter} createAdapter
   * @param {string} connectionString
   * @param {number} payloadThreshold
   */
  constructor(createAdapter, connectionString, payloadThreshold) {
    /** @type {unknown[]} what the calls return: promises of answers, some of them */
    this.pending = [];
    this.pool = new Pool({ connectionString });
    this.http = createServer();
    const adapter = createAdapter(this.pool, {
      payloadThreshold,
      heartbeatInterval: NEVER_MS,
      heartbeatTimeout: 2 * NEVER_MS,
    });
    this.io = new Server(this.http, { transports: ["websocket"], adapter });
    for (const [event, answer] of Object.entries(ANSWERS)) {
      /** @type {any} */ (this.io).on(event, (/** @type {any} */ reply) =>
        reply(...answer),
      );
    }
    this.io.use((socket, next) => {
      Object.assign(socket, { handshake: HANDSHAKE });
      next();
    });
    this.io.on("connection", (socket) => {
      socket.data = { user: VALUES };
      socket.join("joined");
    });
  }

  /** @returns {any} */
  get adapter() {
    return this.io.of("/").adapter;
  }

  /** @returns {string} */
  get uid() {
    return this.adapter.uid;
  }

  async connectClient() {
    await new Promise((resolve) => {
      this.http.listen(0, "127.0.0.1", () => resolve(undefined));
    });
    const { port } = /** @type {import("node:net").AddressInfo} */ (
      this.http.address()
    );
    this.manager = new Manager(`http://127.0.0.1:${port}`, {
      transports: ["websocket"],
      reconnection: false,
    });
    this.client = this.manager.socket("/");
    await once(this.client, "connect");
    await until(() => this.adapter.rooms.has("joined"));
    for (const [event, answer] of Object.entries(ANSWERS)) {
      this.client.on(event, (reply) => reply(...answer));
    }
  }
}

/**
 * @typedef {object} Step
 * @property {string} name
 * @property {number[]} types of the messages that are sent, in this order
 * @property {(io: any) => unknown} [call] what makes the server send them, or
 * @property {object} [request] the message of the played server that does
 */

/** A number for each request of the played server, that looks like those of the others. */
const requestId = (/** @type {number} */ n) => `0123456789abcde${n}`;

/**
 * @param {number} type
 * @param {object} [data]
 */
function fromPeer(type, data) {
  return { type, data, uid: PEER_UID, nsp: "/" };
}

/**
 * @param {string} event that the client answers
 * @param {number} n
 * @returns {Step}
 */
function acknowledgement(event, n) {
  return {
    name: `client: ${event}`,
    types: [MessageType.BROADCAST_CLIENT_COUNT, MessageType.BROADCAST_ACK],
    request: fromPeer(MessageType.BROADCAST, {
      packet: { type: 2, data: [event] },
      opts: { rooms: [], except: [], flags: { timeout: ANSWER_TIMEOUT_MS } },
      requestId: requestId(n),
    }),
  };
}

/**
 * @param {string} event that the server answers
 * @param {number} n
 * @returns {Step}
 */
function serverAnswer(event, n) {
  return {
    name: `server: ${event}`,
    types: [MessageType.SERVER_SIDE_EMIT_RESPONSE],
    request: fromPeer(MessageType.SERVER_SIDE_EMIT, {
      packet: [event],
      requestId: requestId(n),
    }),
  };
}

const ignore = () => {};

/** @type {Step[]} everything between the arrival of a server and its end */
const STEPS = [
  {
    name: "heartbeat",
    types: [MessageType.HEARTBEAT],
    request: fromPeer(MessageType.INITIAL_HEARTBEAT),
  },
  {
    name: "broadcast",
    types: [MessageType.BROADCAST],
    call: (io) => io.emit("event", ...VALUES),
  },
  {
    name: "broadcast to rooms, with flags",
    types: [MessageType.BROADCAST],
    call: (io) =>
      io.to(ROOMS).except("not here").compress(false).volatile.emit("event", 1),
  },
  {
    name: "broadcast of binary content",
    types: [MessageType.BROADCAST],
    call: (io) => io.emit("event", ...BINARY_VALUES),
  },
  {
    name: "broadcast that wants acknowledgements",
    types: [MessageType.BROADCAST],
    call: (io) => io.timeout(ACK_TIMEOUT_MS).emit("event", ...VALUES, ignore),
  },
  {
    name: "socketsJoin",
    types: [MessageType.SOCKETS_JOIN],
    call: (io) => io.in(ROOMS).except("not here").socketsJoin(["a", "b"]),
  },
  {
    name: "socketsLeave",
    types: [MessageType.SOCKETS_LEAVE],
    call: (io) => io.in(ROOMS).except("not here").socketsLeave("a"),
  },
  {
    name: "disconnectSockets",
    types: [MessageType.DISCONNECT_SOCKETS],
    call: (io) => io.in(ROOMS).except("not here").disconnectSockets(true),
  },
  {
    name: "fetchSockets",
    types: [MessageType.FETCH_SOCKETS],
    call: (io) => io.in("joined").fetchSockets(),
  },
  {
    name: "sockets",
    types: [MessageType.FETCH_SOCKETS_RESPONSE],
    request: fromPeer(MessageType.FETCH_SOCKETS, {
      opts: { rooms: ["joined"], except: [], flags: {} },
      requestId: requestId(0),
    }),
  },
  {
    name: "serverSideEmit",
    types: [MessageType.SERVER_SIDE_EMIT],
    call: (io) => io.serverSideEmit("event", ...VALUES),
  },
  {
    name: "serverSideEmit of binary content",
    types: [MessageType.SERVER_SIDE_EMIT],
    call: (io) => io.serverSideEmit("event", ...BINARY_VALUES),
  },
  {
    name: "serverSideEmit that wants answers",
    types: [MessageType.SERVER_SIDE_EMIT],
    call: (io) => io.serverSideEmit("event", ...VALUES, ignore),
  },
  ...Object.keys(ANSWERS).map((event, n) => serverAnswer(event, n + 1)),
  ...Object.keys(ANSWERS).map((event, n) => acknowledgement(event, n + 4)),
];

/**
 * @param {Subject} subject
 * @param {WireWatch} watch
 * @param {Step} step
 * @returns {Promise<Captured[]>}
 */
async function perform(subject, watch, { name, types, call, request }) {
  subject.pending.push(call?.(subject.io));
  if (request) await watch.say(CHANNEL, request);
  /** @type {Captured[]} */
  const captured = [];
  for (const type of types) {
    const decoded = await watch.take(subject.uid, type);
    captured.push({ name, type, decoded });
  }
  return captured;
}

/**
 * Waits until the server hears what is said: it answers each greeting. The JavaScript adapter greets before it listens.
 *
 * @param {Subject} subject
 * @param {WireWatch} watch
 */
async function untilListening(subject, watch) {
  await until(async () => {
    await watch.say(CHANNEL, fromPeer(MessageType.INITIAL_HEARTBEAT));
    return subject.adapter.nodesMap.has(PEER_UID);
  });
  // the answers to all of these greetings are there once the answer to a later question is
  await watch.say(CHANNEL, serverAnswer("answer with nothing", 9).request);
  await watch.take(subject.uid, MessageType.SERVER_SIDE_EMIT_RESPONSE);
}

/**
 * @param {CreateAdapter} createAdapter
 * @param {string} connectionString of a database with the table
 * @param {{ payloadThreshold: number }} options with 1 everything goes through the table
 * @returns {Promise<{ uid: string, socketId: string, messages: Captured[], rest: any[] }>} and what
 * else the server sent
 */
async function captureServer(
  createAdapter,
  connectionString,
  { payloadThreshold },
) {
  const watch = new WireWatch(connectionString);
  await watch.open(CHANNEL);
  const subject = new Subject(
    createAdapter,
    connectionString,
    payloadThreshold,
  );
  const { uid } = subject;
  try {
    const type = MessageType.INITIAL_HEARTBEAT;
    const decoded = await watch.take(uid, type);
    const messages = [{ name: "introduction", type, decoded }];
    await subject.connectClient();
    const socketId = String(subject.client?.id);
    await untilListening(subject, watch);
    watch.rest().splice(0);
    for (const step of STEPS) {
      messages.push(...(await perform(subject, watch, step)));
    }
    // nobody waits for an answer of it any more
    await watch.say(CHANNEL, fromPeer(MessageType.ADAPTER_CLOSE));
    await Promise.all(subject.pending);
    await subject.io.close();
    messages.push({
      name: "goodbye",
      type: MessageType.ADAPTER_CLOSE,
      decoded: await watch.take(uid, MessageType.ADAPTER_CLOSE),
    });
    const rest = watch
      .rest()
      .filter(({ message }) => message.uid === uid)
      .map(({ message }) => message);
    return { uid, socketId, messages, rest };
  } finally {
    subject.manager?._close();
    await subject.io.close();
    await subject.pool.end();
    await watch.close();
  }
}

module.exports = {
  BINARY_VALUES,
  captureServer,
  CHANNEL,
  HANDSHAKE,
  PEER_UID,
  ROOMS,
  VALUES,
};
