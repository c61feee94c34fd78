"use strict";

const { isDeepStrictEqual } = require("node:util");
const { replacePlaceholders } = require("./binary");
const { BINARY_EVENT_PACKET, EVENT_PACKET } = require("./protocol");

/**
 * The packet of an event that arrived as text and goes to the clients as the same text: it is parsed only if somebody
 * asks for what is in it, such as a listener for outgoing events.
 */
class EncodedEvent {
  type = EVENT_PACKET;
  #event;
  #parts;
  /** @type {any[] | undefined} */
  #data;

  /**
   * @param {string} event - the JSON text of an array: the name of the event and its arguments
   * @param {string} nsp
   * @param {Buffer[]} [parts] - what the placeholders in the text stand for
   */
  constructor(event, nsp, parts) {
    this.#event = event;
    this.#parts = parts;
    this.nsp = nsp;
  }

  /** What Socket.IO's default parser makes of it: a text, and binary parts behind it. */
  get encoded() {
    const namespace = this.nsp === "/" ? "" : `${this.nsp},`;
    const parts = this.#parts;
    return parts
      ? [
          `${BINARY_EVENT_PACKET}${parts.length}-${namespace}${this.#event}`,
          ...parts,
        ]
      : [`${EVENT_PACKET}${namespace}${this.#event}`];
  }

  /** @returns {any[]} */
  get data() {
    return (this.#data ??= this.#parse());
  }

  #parse() {
    const event = JSON.parse(this.#event);
    return this.#parts ? replacePlaceholders(event, this.#parts) : event;
  }
}

/**
 * The encoder of an adapter: lets encoded events pass as they are, and leaves everything else to the encoder of the
 * server.
 */
class PassingEncoder {
  #encoder;

  /** @param {{ encode(packet: any): any[] }} encoder - the one of the server */
  constructor(encoder) {
    this.#encoder = encoder;
  }

  /** @param {any} packet */
  encode(packet) {
    return packet instanceof EncodedEvent
      ? packet.encoded
      : this.#encoder.encode(packet);
  }
}

/** @type {WeakMap<object, boolean>} */
const known = new WeakMap();

/**
 * Whether an encoder writes events as Socket.IO's default one does: a server may have another parser.
 *
 * @param {{ encode(packet: any): any[] }} encoder
 * @returns {boolean}
 */
function writesPlainText(encoder) {
  let plain = known.get(encoder);
  if (plain === undefined) {
    plain = ["/", "/probe"].every((nsp) => encodesAsExpected(encoder, nsp));
    known.set(encoder, plain);
  }
  return plain;
}

/**
 * @param {{ encode(packet: any): any[] }} encoder
 * @param {string} nsp
 */
function encodesAsExpected(encoder, nsp) {
  const text = '["a",{"b":[1,"ü",null]}]';
  const withParts =
    '["a",{"_placeholder":true,"num":0},{"b":{"_placeholder":true,"num":1}}]';
  const parts = [Buffer.from("x"), Buffer.from("yz")];
  return [
    new EncodedEvent(text, nsp),
    new EncodedEvent(withParts, nsp, parts),
  ].every((event) => encodesAs(encoder, event));
}

/**
 * @param {{ encode(packet: any): any[] }} encoder
 * @param {EncodedEvent} event
 */
function encodesAs(encoder, event) {
  const { nsp, data, encoded } = event;
  try {
    const written = encoder.encode({ type: EVENT_PACKET, nsp, data });
    return isDeepStrictEqual(written, encoded);
  } catch {
    return false;
  }
}

module.exports = {
  EncodedEvent,
  PassingEncoder,
  writesPlainText,
};
