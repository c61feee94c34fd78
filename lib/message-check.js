"use strict";

const { MessageType } = require("socket.io-adapter");
const { PostgresAdapterError } = require("./errors");
const {
  EVENT_PACKET,
  RESERVED_FOR_CLIENTS,
  RESERVED_FOR_SERVERS,
} = require("./protocol");

/**
 * What is wrong with the data of each type of message. The engine has checked the envelope, and that it is JSON; past
 * that everything can be anything, and reaches the clients or the application.
 *
 * @type {Record<number, (data: any) => string | false>}
 */
const PROBLEMS = {
  [MessageType.BROADCAST]: ({ packet, opts }) =>
    problemOfPacket(packet) || problemOfOptions(opts),
  [MessageType.SOCKETS_JOIN]: ({ opts, rooms }) =>
    problemOfOptions(opts) || problemOfRooms(rooms),
  [MessageType.SOCKETS_LEAVE]: ({ opts, rooms }) =>
    problemOfOptions(opts) || problemOfRooms(rooms),
  [MessageType.DISCONNECT_SOCKETS]: ({ opts }) => problemOfOptions(opts),
  [MessageType.FETCH_SOCKETS]: ({ opts }) => problemOfOptions(opts),
  [MessageType.FETCH_SOCKETS_RESPONSE]: ({ sockets }) =>
    !(Array.isArray(sockets) && sockets.every(isSocket)) &&
    "its sockets are no list of sockets",
  [MessageType.SERVER_SIDE_EMIT]: ({ packet }) => problemOfEvent(packet),
  [MessageType.BROADCAST_CLIENT_COUNT]: ({ clientCount }) =>
    !isCount(clientCount) && "its client count is no count",
};

/**
 * Refuses a message that no server would send.
 *
 * @param {any} message
 * @throws {PostgresAdapterError} `ERR_MALFORMED_MESSAGE`; it says nothing of the content, which can be secret
 */
function checkMessage(message) {
  const { type, data, nsp } = message;
  const problem = isObject(data) ? PROBLEMS[type]?.(data) : "it has no data";
  if (problem) {
    throw malformed(type, nsp, problem);
  }
}

/**
 * The same for a broadcast whose event the engine has found to be one.
 *
 * @param {any} opts
 * @param {string} nsp
 * @throws {PostgresAdapterError} `ERR_MALFORMED_MESSAGE`
 */
function checkBroadcastOptions(opts, nsp) {
  const problem = problemOfOptions(opts);
  if (problem) {
    throw malformed(MessageType.BROADCAST, nsp, problem);
  }
}

/**
 * @param {number} type
 * @param {string} nsp
 * @param {string} problem
 */
function malformed(type, nsp, problem) {
  return new PostgresAdapterError(
    "ERR_MALFORMED_MESSAGE",
    `a message of type ${type} for the namespace ${nsp} was skipped: ${problem}`,
  );
}

/** @param {any} packet what is sent to clients: those that cannot read it would close their connection */
function problemOfPacket(packet) {
  if (!isObject(packet) || packet.type !== EVENT_PACKET) {
    return "its packet is no event";
  }
  const { id, data } = packet;
  if (id !== undefined && id !== null && !isCount(id)) {
    return "the id of its packet is no number";
  }
  if (!Array.isArray(data) || !isName(data[0])) {
    return "its event has no name";
  }
  return (
    RESERVED_FOR_CLIENTS.has(data[0]) && "the name of its event is reserved"
  );
}

/** @param {any} event what the listeners of the namespace get */
function problemOfEvent(event) {
  if (!Array.isArray(event) || !isName(event[0])) {
    return "its event has no name";
  }
  return (
    RESERVED_FOR_SERVERS.has(event[0]) && "the name of its event is reserved"
  );
}

/** @param {any} opts */
function problemOfOptions(opts) {
  const valid =
    isObject(opts) &&
    isAbsentOr(Array.isArray, opts.rooms) &&
    isAbsentOr(Array.isArray, opts.except) &&
    isAbsentOr(isObject, opts.flags);
  return !valid && "its options are unusable";
}

/** @param {any} rooms */
function problemOfRooms(rooms) {
  return (
    !(Array.isArray(rooms) && rooms.every(isName)) &&
    "its rooms are no list of rooms"
  );
}

/** @param {any} socket */
function isSocket(socket) {
  return isObject(socket) && isName(socket.id) && Array.isArray(socket.rooms);
}

/**
 * @param {(value: unknown) => boolean} isValid
 * @param {unknown} value
 */
function isAbsentOr(isValid, value) {
  return value === undefined || value === null || isValid(value);
}

/** @param {unknown} value */
function isName(value) {
  return typeof value === "string" || typeof value === "number";
}

/** @param {unknown} value */
function isCount(value) {
  return Number.isSafeInteger(value) && /** @type {number} */ (value) >= 0;
}

/** @param {unknown} value */
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

module.exports = { checkMessage, checkBroadcastOptions };
