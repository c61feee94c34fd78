"use strict";

// A catalogue of what nobody should send, by name: text that is no message, members of the wrong type, data that no
// server makes, and rows that are no messages.

const { encode } = require("@msgpack/msgpack");

const { broadcastMessage, EMITTER } = require("./faults.js");

/** Stands wherever there is room for it, and must not come out in any error. */
const SECRET = "hunter2";

/** @typedef {string | object} Payload text as it is, or a value to be written as JSON */

const OPTS = { rooms: [], except: [], flags: {} };
const PACKET = { type: 2, data: ["evil", SECRET] };

/** @type {Record<string, unknown>} */
const VALUES = {
  null: null,
  false: false,
  "a string": SECRET,
  "a negative number": -1,
  "a fraction": 1.5,
  "an array": [SECRET],
  "an object": { [SECRET]: SECRET },
};

/**
 * @param {...string} names
 * @returns {Record<string, unknown>}
 */
function valuesBut(...names) {
  return Object.fromEntries(
    Object.entries(VALUES).filter(([name]) => !names.includes(name)),
  );
}

/**
 * @param {string} what
 * @param {Record<string, unknown>} values
 * @param {(value: any) => Payload} build
 * @returns {Record<string, Payload>}
 */
function variants(what, values, build) {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      `${what}: ${name}`,
      build(value),
    ]),
  );
}

/**
 * @param {number} type
 * @param {unknown} data
 */
function message(type, data) {
  return { type, data, uid: EMITTER, nsp: "/" };
}

/**
 * @param {Record<string, unknown>} changes of the data of a broadcast
 * @returns {Payload}
 */
function broadcastOf(changes) {
  return message(3, { packet: PACKET, opts: OPTS, ...changes });
}

/** @param {unknown} attachmentId */
function header(attachmentId) {
  return { uid: EMITTER, type: 3, attachmentId };
}

/** @type {Record<string, Payload>} */
const NO_MESSAGES = {
  "an empty payload": "",
  "a single space": " ",
  "a word": SECRET,
  "a truncated object": `{"uid":"${SECRET}","type":3,"data":{"pack`,
  "an object with something behind it": `{"type":2,"uid":"${SECRET}"} {}`,
  "a trailing comma": `{"type":2,"uid":"${SECRET}",}`,
  "single quotes": `{'type':2,'uid':'${SECRET}'}`,
  "a raw control character in a string": `{"type":2,"uid":"${SECRET}\n"}`,
  "an unknown escape": `{"type":2,"uid":"${SECRET}\\x"}`,
  "a number that is none": `{"type":2,"uid":"${EMITTER}","x":01}`,
  "an array": [SECRET],
  "a string": JSON.stringify(SECRET),
  "a number": "42",
  null: "null",
  true: "true",
  "an empty object": "{}",
  "an object without type": { uid: SECRET, nsp: "/", data: {} },
  "3,900 levels of arrays": "[".repeat(3900) + "]".repeat(3900),
  "3,900 arrays that do not end": `{"type":3,"data":${"[".repeat(3900)}`,
  "1,200 objects that do not end": `{"type":3,"data":${'{"a":'.repeat(1200)}`,
  "600 levels in the arguments": JSON.stringify(
    broadcastMessage(["evil", "nested"]),
  ).replace('"nested"', "[".repeat(600) + "]".repeat(600)),
};

/** @type {Record<string, Payload>} */
const WRONG_ENVELOPES = {
  ...variants("type", VALUES, (type) => broadcastMessage(["evil"], { type })),
  ...variants("uid", valuesBut("a string"), (uid) =>
    broadcastMessage(["evil"], { uid }),
  ),
  ...variants("nsp", valuesBut("a string"), (nsp) =>
    broadcastMessage(["evil"], { nsp }),
  ),
  ...variants("nodeId", valuesBut("a string"), (nodeId) =>
    broadcastMessage(["evil"], { nodeId }),
  ),
  ...variants("attachmentId", VALUES, header),
  ...variants("requestId", valuesBut("a string"), (requestId) =>
    broadcastOf({ requestId }),
  ),
  "a type beyond 64 bits": `{"type":${"9".repeat(40)},"uid":"${EMITTER}"}`,
  "a type with an exponent": `{"type":1e1,"uid":"${EMITTER}"}`,
  "the unknown type 0": message(0, SECRET),
  "the unknown type 99": message(99, SECRET),
  "an attachmentId of 0": header("0"),
  "an attachmentId beyond 64 bits": header("9".repeat(30)),
  "an attachmentId with SQL": header("1; DROP TABLE socket_io_attachments"),
  "a lone surrogate in the uid": `{"type":3,"uid":"\\ud800${SECRET}"}`,
  "a lone surrogate in the nsp": `{"type":3,"uid":"${EMITTER}","nsp":"/\\udfff${SECRET}"}`,
  "a key named twice, once wrongly": `{"type":"${SECRET}","type":3,"uid":"${EMITTER}"}`,
};

/** @type {Record<string, Payload>} */
const WRONG_DATA = {
  ...variants("data of a broadcast", VALUES, (data) => message(3, data)),
  "a broadcast without data": message(3, undefined),
  ...variants("packet", VALUES, (packet) => broadcastOf({ packet })),
  ...variants(
    "type of a packet",
    { missing: undefined, 99: 99, 1: 1 },
    (type) => broadcastOf({ packet: { ...PACKET, type } }),
  ),
  ...variants("data of a packet", valuesBut("an array"), (data) =>
    broadcastOf({ packet: { type: 2, data } }),
  ),
  ...variants(
    "name of an event",
    {
      connect: "connect",
      connect_error: "connect_error",
      disconnect: "disconnect",
      disconnecting: "disconnecting",
      newListener: "newListener",
      removeListener: "removeListener",
    },
    (name) => broadcastOf({ packet: { type: 2, data: [name, SECRET] } }),
  ),
  ...variants("event", { missing: [], null: [null], object: [{}] }, (data) =>
    broadcastOf({ packet: { type: 2, data } }),
  ),
  ...variants("id of a packet", valuesBut("null"), (id) =>
    broadcastOf({ packet: { ...PACKET, id } }),
  ),
  ...variants("opts", valuesBut("an object"), (opts) => broadcastOf({ opts })),
  ...variants("rooms", valuesBut("null", "an array"), (rooms) =>
    broadcastOf({ opts: { ...OPTS, rooms } }),
  ),
  ...variants("except", valuesBut("null", "an array"), (except) =>
    broadcastOf({ opts: { ...OPTS, except } }),
  ),
  ...variants("flags", valuesBut("null", "an object"), (flags) =>
    broadcastOf({ opts: { ...OPTS, flags } }),
  ),
  ...variants("rooms to join", valuesBut("an array"), (rooms) =>
    message(4, { opts: OPTS, rooms }),
  ),
  ...variants("a room to join", valuesBut("a string"), (room) =>
    message(4, {
      opts: OPTS,
      rooms: typeof room === "number" ? { 0: room } : [room],
    }),
  ),
  ...variants("rooms to leave", valuesBut("an array"), (rooms) =>
    message(5, { opts: OPTS, rooms }),
  ),
  ...variants("opts of a disconnection", valuesBut("an object"), (opts) =>
    message(6, { opts, close: true }),
  ),
  ...variants("opts of fetchSockets", valuesBut("an object"), (opts) =>
    message(7, { opts, requestId: SECRET }),
  ),
  ...variants("packet of serverSideEmit", valuesBut("an array"), (packet) =>
    message(9, { packet }),
  ),
  ...variants(
    "event of serverSideEmit",
    {
      missing: [],
      null: [null],
      "an object": [{ [SECRET]: 1 }],
      connection: ["connection", SECRET],
      connect: ["connect", SECRET],
      new_namespace: ["new_namespace", SECRET],
    },
    (packet) => message(9, { packet }),
  ),
  "an array-like packet of serverSideEmit": message(9, {
    packet: { 0: "evil", length: 4_294_967_295 },
  }),
};

/**
 * What is understood and means nothing to anybody here.
 *
 * @type {Record<string, Payload>}
 */
const HARMLESS = {
  "a message of another namespace": broadcastMessage(["evil"], { nsp: "/x" }),
  "a response to somebody else's request": message(8, {
    requestId: "somebody-else-1",
    sockets: null,
  }),
  "a response without data": message(11, undefined),
  "a heartbeat with data": message(2, SECRET),
  "the farewell of a stranger": { type: 13, uid: SECRET, nsp: "/" },
  "a farewell of nobody": { type: 13 },
  "an event named error, without a listener": message(9, {
    packet: ["error", SECRET],
  }),
  "an event named like a property of all objects": message(9, {
    packet: ["__proto__", SECRET],
  }),
  "an own key __proto__": `{"__proto__":{"type":3,"polluted":1},"type":2,"uid":"${EMITTER}"}`,
  "an own key constructor": `{"constructor":{"prototype":{"polluted":1}},"type":2,"uid":"${EMITTER}"}`,
  "thousands of rooms": broadcastOf({
    opts: { ...OPTS, rooms: Array.from({ length: 2500 }, () => "") },
  }),
};

/** @returns {Uint8Array} a message that is none any more without its last byte */
function soundRow() {
  return encode(broadcastMessage(["evil", Buffer.from(SECRET)]));
}

/** @type {Record<string, Uint8Array>} */
const WRONG_ROWS = {
  "no bytes": Uint8Array.of(),
  "a byte that starts nothing": Uint8Array.of(0xc1),
  "random bytes": Buffer.from("c7a9f3518e02d4bb6a3fe1907cdd", "hex"),
  "text instead of msgpack": Buffer.from(
    JSON.stringify(broadcastMessage(["x"])),
  ),
  "a truncated message": soundRow().subarray(0, -1),
  "half a message": soundRow().subarray(0, soundRow().length / 2),
  "something behind the message": Buffer.concat([soundRow(), soundRow()]),
  "a number": encode(42),
  "an array": encode([SECRET]),
  "100,000 levels": new Uint8Array(100_000).fill(0x91),
  "a map of four billion members": Uint8Array.of(0xdf, 255, 255, 255, 255),
  "an array of four billion elements": Uint8Array.of(0xdd, 255, 255, 255, 255),
  "four gigabytes of text": Uint8Array.of(0xdb, 255, 255, 255, 255, 104),
  "four gigabytes of bytes": Uint8Array.of(0xc6, 255, 255, 255, 255, 104),
  "a map as a key": Uint8Array.of(0x81, 0x80, 0x01),
  "a timestamp that is none": Uint8Array.of(
    0x81,
    0xa1,
    97,
    0xc7,
    3,
    0xff,
    1,
    2,
    3,
  ),
  "a message without type": encode({ uid: EMITTER, data: {} }),
  "an unknown type": encode(message(99, SECRET)),
  "a packet that is none": encode(broadcastOf({ packet: SECRET })),
  "bytes for data": encode(message(3, Buffer.from(SECRET))),
  "bytes for a packet": encode(broadcastOf({ packet: Buffer.from(SECRET) })),
  "bytes for a room": encode(
    message(4, { opts: OPTS, rooms: [Buffer.from(SECRET)] }),
  ),
};

module.exports = {
  HARMLESS,
  NO_MESSAGES,
  SECRET,
  soundRow,
  WRONG_DATA,
  WRONG_ENVELOPES,
  WRONG_ROWS,
};
