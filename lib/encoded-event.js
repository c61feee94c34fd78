"use strict";

/** An event, with the number of Socket.IO's protocol. */
const EVENT_PACKET = 2;

/**
 * The packet of an event that arrived as text and goes to the clients as the same text: it is parsed only if somebody
 * asks for what is in it, such as a listener for outgoing events.
 */
class EncodedEvent {
  type = EVENT_PACKET;
  #event;
  /** @type {any[] | undefined} */
  #data;

  /**
   * @param {string} event - the JSON text of an array: the name of the event and its arguments
   * @param {string} nsp
   */
  constructor(event, nsp) {
    this.#event = event;
    this.nsp = nsp;
  }

  /** What Socket.IO's default parser makes of it. */
  get encoded() {
    const namespace = this.nsp === "/" ? "" : `${this.nsp},`;
    return `${EVENT_PACKET}${namespace}${this.#event}`;
  }

  /** @returns {any[]} */
  get data() {
    return (this.#data ??= /** @type {any[]} */ (JSON.parse(this.#event)));
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
      ? [packet.encoded]
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
  const event = ["a", { b: [1, "ü", null] }];
  const { encoded } = new EncodedEvent(JSON.stringify(event), nsp);
  try {
    const packet = { type: EVENT_PACKET, nsp, data: event };
    const [first, ...more] = encoder.encode(packet);
    return first === encoded && more.length === 0;
  } catch {
    return false;
  }
}

module.exports = { EncodedEvent, PassingEncoder, writesPlainText };
