"use strict";

// Numbers and names on which all servers of a cluster agree. An emitter runs without the packages that define them.

/** The types of cluster messages, as `MessageType` of `socket.io-adapter` has them. */
const MESSAGE_TYPE = Object.freeze({
  INITIAL_HEARTBEAT: 1,
  HEARTBEAT: 2,
  BROADCAST: 3,
  SOCKETS_JOIN: 4,
  SOCKETS_LEAVE: 5,
  DISCONNECT_SOCKETS: 6,
  FETCH_SOCKETS: 7,
  FETCH_SOCKETS_RESPONSE: 8,
  SERVER_SIDE_EMIT: 9,
  SERVER_SIDE_EMIT_RESPONSE: 10,
  BROADCAST_CLIENT_COUNT: 11,
  BROADCAST_ACK: 12,
  ADAPTER_CLOSE: 13,
});

/** The types of packets for clients: events without and with binary content. */
const EVENT_PACKET = 2;
const BINARY_EVENT_PACKET = 5;

/**
 * Events that Socket.IO lets nobody emit to clients: they close their connection over them.
 *
 * @type {ReadonlySet<unknown>}
 */
const RESERVED_FOR_CLIENTS = new Set([
  "connect",
  "connect_error",
  "disconnect",
  "disconnecting",
  "newListener",
  "removeListener",
]);

/**
 * Events of a namespace that it lets nobody emit: their listeners rely on what they are given.
 *
 * @type {ReadonlySet<unknown>}
 */
const RESERVED_FOR_SERVERS = new Set([
  "connect",
  "connection",
  "new_namespace",
]);

/** What emitters, which are no servers, call themselves. */
const EMITTER_UID = "emitter";

module.exports = {
  BINARY_EVENT_PACKET,
  EMITTER_UID,
  EVENT_PACKET,
  MESSAGE_TYPE,
  RESERVED_FOR_CLIENTS,
  RESERVED_FOR_SERVERS,
};
