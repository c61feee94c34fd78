"use strict";

const { MessageType } = require("socket.io-adapter");
const { PostgresAdapterError } = require("./errors");
const { checkMessage } = require("./message-check");

/** What the adapter of the workers marks its messages with; it ignores those without. */
const MESSAGE_SOURCE = "_sio_adapter";

/** @typedef {import("node:cluster").Worker} Worker */

/**
 * A message as workers exchange it.
 *
 * @typedef {object} WorkerMessage
 * @property {typeof MESSAGE_SOURCE} source
 * @property {number} type
 * @property {any} [data]
 * @property {string} uid - the sender: one adapter, hence one namespace of one worker
 * @property {string} nsp
 * @property {string} [requesterUid] - whom a response is for; servers that are no workers do not say
 */

/** The messages that say nothing but that somebody is there or leaves. */
const WITHOUT_DATA = new Set([
  MessageType.INITIAL_HEARTBEAT,
  MessageType.HEARTBEAT,
  MessageType.ADAPTER_CLOSE,
]);

const RESPONSES = new Set([
  MessageType.FETCH_SOCKETS_RESPONSE,
  MessageType.SERVER_SIDE_EMIT_RESPONSE,
  MessageType.BROADCAST_CLIENT_COUNT,
  MessageType.BROADCAST_ACK,
]);

/**
 * Reads what a worker sent. Workers also talk to their primary for purposes of their own.
 *
 * @param {any} value
 * @returns {WorkerMessage | undefined} nothing if it is no message of an adapter
 */
function readWorkerMessage(value) {
  const isMessage =
    value?.source === MESSAGE_SOURCE &&
    isKnownType(value.type) &&
    isUid(value.uid) &&
    typeof value.nsp === "string";
  return isMessage ? ownFields(value, value.nsp) : undefined;
}

/**
 * Makes what arrived from the database fit for workers. The engine has checked that uid and namespace are strings.
 *
 * @param {any} value
 * @param {string} nsp - emitters leave it out
 * @returns {WorkerMessage}
 * @throws {PostgresAdapterError} `ERR_MALFORMED_MESSAGE`, for what no server would send
 */
function readClusterMessage(value, nsp) {
  if (!isKnownType(value.type)) {
    throw new PostgresAdapterError(
      "ERR_MALFORMED_MESSAGE",
      `a message of an unknown type for the namespace ${nsp} was skipped; is a newer version in the cluster?`,
    );
  }
  const message = ownFields(value, nsp);
  if (!WITHOUT_DATA.has(message.type)) {
    checkMessage(message);
  }
  return message;
}

/**
 * Nothing but the fields of a message gets through: a `cmd`, for instance, can be an order to Node.js itself.
 *
 * @param {any} value
 * @param {string} nsp
 * @returns {WorkerMessage}
 */
function ownFields({ type, data, uid, requesterUid }, nsp) {
  /** @type {WorkerMessage} */
  const message = { source: MESSAGE_SOURCE, type, uid, nsp };
  if (data !== undefined) {
    message.data = data;
  }
  if (isUid(requesterUid)) {
    message.requesterUid = requesterUid;
  }
  return message;
}

/**
 * A message that has no content.
 *
 * @param {number} type
 * @param {string} uid
 * @param {string} nsp
 * @returns {WorkerMessage}
 */
function plainMessage(type, uid, nsp) {
  return { source: MESSAGE_SOURCE, type, uid, nsp };
}

/** @param {WorkerMessage} message */
function isResponse({ type }) {
  return RESPONSES.has(type);
}

/** @param {unknown} type */
function isKnownType(type) {
  return typeof type === "number" && MessageType[type] !== undefined;
}

/** @param {unknown} uid */
function isUid(uid) {
  return typeof uid === "string" && uid !== "";
}

module.exports = {
  isResponse,
  plainMessage,
  readClusterMessage,
  readWorkerMessage,
};
