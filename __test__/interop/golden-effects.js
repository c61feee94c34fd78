"use strict";

// What each recorded message has to do to one of our servers, by the name it was recorded under.

const assert = require("node:assert/strict");

const { MessageType } = require("socket.io-adapter");

const { once, until } = require("../support/wait.js");
const { bytesOf, collectAll } = require("./arrivals.js");
const { read } = require("./wire-fixtures.js");
const { BINARY_VALUES, HANDSHAKE, VALUES } = require("./wire-scenario.js");

/** @typedef {import("./golden-stage.js").Stage} Stage */
/** @typedef {import("./wire-fixtures.js").Message} Message */
/** @typedef {(stage: Stage, first: Message, ...others: Message[]) => Promise<void>} Effect */

/** Long enough for anything that works, in milliseconds. */
const ACK_TIMEOUT_MS = 20_000;

/** @param {any[]} arrived what became of BINARY_VALUES */
function assertBinaryValues([first, second, ...others]) {
  const [bytes, { deep }] = /** @type {any} */ (BINARY_VALUES);
  assert.ok(bytesOf(first).equals(bytes));
  assert.ok(bytesOf(second.deep[0]).equals(deep[0]));
  assert.equal(second.deep[1], deep[1]);
  assert.equal(bytesOf(second.deep[2]).length, 0);
  assert.deepEqual([second.deep.length, others], [3, []]);
}

/**
 * @param {Stage} stage
 * @param {Message} recorded a broadcast
 * @returns {Promise<any[]>} the arguments, as the first client got them
 */
async function argumentsAtClients(stage, recorded) {
  const arrivals = collectAll(stage.clients, "event");
  await stage.replay(recorded);
  await arrivals.count(1);
  await stage.fence();
  assert.deepEqual(
    arrivals.values.map(({ length }) => length),
    [1, 1],
    "once at each client",
  );
  return arrivals.values[0]?.[0];
}

/**
 * @param {Stage} stage
 * @param {Message} recorded a request
 * @param {number} type of the response
 * @returns {Promise<any>} the data of the response
 */
async function responseTo(stage, recorded, type) {
  const { requestId } = read(recorded).data;
  const { message } = await stage.watch.take(
    stage.uid,
    type,
    ({ data }) => data.requestId === requestId,
  );
  return message.data;
}

/** @type {Record<string, Effect>} those of servers that come and go */
const MEMBERSHIP = {
  async heartbeat(stage, recorded) {
    assert.equal(await stage.serverCount(), 1);
    await stage.replay(recorded);
    await stage.untilServers(2);
  },

  async goodbye(stage, recorded) {
    assert.equal(await stage.serverCount(), 2);
    await stage.replay(recorded);
    await stage.untilServers(1);
  },

  async introduction(stage, recorded) {
    assert.equal(await stage.serverCount(), 1);
    stage.watch.rest().splice(0);
    await stage.replay(recorded);
    await stage.watch.take(stage.uid, MessageType.HEARTBEAT);
    assert.equal(await stage.serverCount(), 2);
  },
};

/** @type {Record<string, Effect>} those of messages for clients */
const FOR_CLIENTS = {
  async broadcast(stage, recorded) {
    assert.deepEqual(await argumentsAtClients(stage, recorded), VALUES);
  },

  async "broadcast of binary content"(stage, recorded) {
    assertBinaryValues(await argumentsAtClients(stage, recorded));
  },

  async "broadcast to rooms, with flags"(stage, recorded) {
    stage.place(stage.client(0), ["räume"]);
    stage.place(stage.client(1), ["room", "not here"]);
    const { values } = collectAll(stage.clients, "event");

    await until(async () => {
      // a volatile packet may be dropped where a client is busy
      await stage.replay(recorded);
      await stage.fence();
      return values[0]?.length;
    });

    assert.ok(values[0]?.every((value) => value === 1));
    assert.deepEqual(values[1], []);
  },

  async "broadcast that wants acknowledgements"(stage, recorded) {
    stage.clients.forEach((client, index) => {
      client.on("event", (...args) => args.pop()({ index, args }));
    });

    await stage.replay(recorded);

    const count = MessageType.BROADCAST_CLIENT_COUNT;
    const { clientCount } = await responseTo(stage, recorded, count);
    assert.equal(clientCount, 2);
    const packets = [];
    for (let i = 0; i < clientCount; i += 1) {
      const type = MessageType.BROADCAST_ACK;
      packets.push((await responseTo(stage, recorded, type)).packet);
    }
    packets.sort((a, b) => a.index - b.index);
    assert.deepEqual(
      packets,
      [0, 1].map((index) => ({ index, args: VALUES })),
    );
  },

  async socketsJoin(stage, recorded) {
    stage.place(stage.client(0), ["room"]);
    stage.place(stage.client(1), ["räume", "not here"]);

    await stage.replay(recorded);

    await until(() => stage.roomsOf(stage.client(0)).join() === "a,b,room");
    await stage.fence();
    assert.deepEqual(stage.roomsOf(stage.client(1)), ["not here", "räume"]);
  },

  async socketsLeave(stage, recorded) {
    stage.place(stage.client(0), ["räume", "a", "b"]);
    stage.place(stage.client(1), ["room", "not here", "a"]);

    await stage.replay(recorded);

    await until(() => stage.roomsOf(stage.client(0)).join() === "b,räume");
    await stage.fence();
    assert.deepEqual(stage.roomsOf(stage.client(1)), ["a", "not here", "room"]);
  },

  async disconnectSockets(stage, recorded) {
    stage.place(stage.client(0), ["room", "not here"]);
    const victim = await stage.server.connect();
    stage.place(victim, ["room"]);
    const gone = once(victim, "disconnect");

    await stage.replay(recorded);

    // the two packets race: the disconnection, and the end of the connection
    assert.match((await gone)[0], /^(io server disconnect|transport close)$/);
    await stage.fence();
    assert.ok(stage.clients.every((client) => client.connected));
  },

  async fetchSockets(stage, recorded) {
    stage.place(stage.client(1), ["joined"]);
    const socket = stage.server.socketOf(stage.client(1));
    socket.data = { user: VALUES };

    await stage.replay(recorded);

    const type = MessageType.FETCH_SOCKETS_RESPONSE;
    const { sockets } = await responseTo(stage, recorded, type);
    assert.equal(sockets.length, 1);
    const [{ id, rooms, data, handshake }] = sockets;
    assert.equal(id, socket.id);
    assert.deepEqual(rooms.sort(), [socket.id, "joined"].sort());
    assert.deepEqual(data, { user: VALUES });
    assert.deepEqual(handshake, JSON.parse(JSON.stringify(socket.handshake)));
  },

  async sockets(stage, recorded) {
    const local = stage.clients.map(({ id }) => String(id));
    const fetched = stage.io.fetchSockets();

    await stage.replayAnswer([recorded], MessageType.FETCH_SOCKETS);

    /** @type {any[]} */
    const sockets = await fetched;
    const [remote, ...others] = sockets.filter(({ id }) => !local.includes(id));
    assert.equal(sockets.length, local.length + 1);
    assert.deepEqual(others, []);
    assert.equal(remote.id, "a-socket-of-this-one");
    assert.deepEqual([...remote.rooms], [remote.id, "joined"]);
    assert.deepEqual(remote.handshake, HANDSHAKE);
    assert.deepEqual(remote.data, { user: VALUES });
  },
};

/** @type {Record<string, Effect>} those of messages for the server itself */
const FOR_SERVERS = {
  async serverSideEmit(stage, recorded) {
    const arrival = once(stage.io, "event");
    await stage.replay(recorded);
    assert.deepEqual(await arrival, VALUES);
  },

  async "serverSideEmit of binary content"(stage, recorded) {
    const arrival = once(stage.io, "event");
    await stage.replay(recorded);
    assertBinaryValues(await arrival);
  },

  async "serverSideEmit that wants answers"(stage, recorded) {
    stage.io.on("event", (/** @type {any[]} */ ...args) => {
      args.pop()({ heard: args });
    });
    await stage.replay(recorded);
    const type = MessageType.SERVER_SIDE_EMIT_RESPONSE;
    const { packet } = await responseTo(stage, recorded, type);
    assert.deepEqual(packet, { heard: VALUES });
  },
};

/**
 * @param {Message} recorded
 * @returns {unknown} what arrives of an answer without a value: the row of the JavaScript adapter has one
 */
const nothingOf = ({ row }) => (row ? null : undefined);

/** @type {Record<string, (packet: any, recorded: Message) => void>} */
const ANSWERS = {
  "answer with values": (packet) => assert.deepEqual(packet, VALUES),
  "answer with binary content": assertBinaryValues,
  "answer with nothing": (packet, recorded) =>
    assert.equal(packet, nothingOf(recorded)),
};

/** @type {Record<string, Effect>} those of responses */
const RESPONSES = {};
for (const [name, check] of Object.entries(ANSWERS)) {
  RESPONSES[`server: ${name}`] = async (stage, recorded) => {
    const answers = stage.io.serverSideEmitWithAck("question");
    await stage.replayAnswer([recorded], MessageType.SERVER_SIDE_EMIT);
    const [packet, ...others] = await answers;
    assert.deepEqual(others, []);
    check(packet, recorded);
  };

  RESPONSES[`client: ${name}`] = async (stage, count, acknowledgement) => {
    assert.ok(acknowledgement);
    // a room that only clients of the other server are in
    const answers = stage.io
      .to("elsewhere")
      .timeout(ACK_TIMEOUT_MS)
      .emitWithAck("question");
    await stage.replayAnswer([count, acknowledgement], MessageType.BROADCAST);
    const [packet, ...others] = await answers;
    assert.deepEqual(others, []);
    check(packet, acknowledgement);
  };
}

/** @type {Record<string, Effect>} */
const EFFECTS = {
  ...MEMBERSHIP,
  ...FOR_CLIENTS,
  ...FOR_SERVERS,
  ...RESPONSES,
};

module.exports = { EFFECTS, MEMBERSHIP };
