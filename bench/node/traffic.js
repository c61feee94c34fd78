"use strict";

// What the sender emits, and what of it the receivers must get. Both sides compute it from the same description.

const { payloads } = require("./payloads");

/** @typedef {"text" | "binary" | "noise" | "mix" | "elsewhere" | "acknowledgement"} TrafficKind */
/** @typedef {{ kind: TrafficKind, size: number }} Traffic size: bytes of the payload */

/** Of broadcasts for rooms elsewhere, each so-many-th is for the receiver, which shows how far it has come. */
const MARKER_EVERY = 4000;

const MIX = { textSize: 200, binarySize: 1000, largeSize: 50_000 };

/** Rooms that nobody is in; several, as a real server has them. */
const ROOMS_ELSEWHERE = Array.from({ length: 100 }, (_, i) => `elsewhere-${i}`);
const ROOM_HERE = "here";

/** The place of a message that no receiver may get. */
const NOT_EXPECTED = -1;

/**
 * @param {Traffic} traffic
 * @param {number} seq
 * @returns {number} bytes of the payload of this message
 */
function sizeAt({ kind, size }, seq) {
  if (kind !== "mix") {
    return size;
  }
  const place = seq % 100;
  if (place === 0) {
    return MIX.largeSize;
  }
  return place < 10 ? MIX.binarySize : MIX.textSize;
}

/**
 * @param {Traffic} traffic
 * @param {number} seq
 */
function isBinaryAt({ kind }, seq) {
  return (
    kind === "binary" ||
    kind === "noise" ||
    (kind === "mix" && seq % 100 !== 0 && seq % 100 < 10)
  );
}

/** @param {Traffic} traffic */
function meanSize({ kind, size }) {
  return kind === "mix"
    ? 0.9 * MIX.textSize + 0.09 * MIX.binarySize + 0.01 * MIX.largeSize
    : size;
}

/**
 * @param {Traffic} traffic
 * @returns {(seq: number) => string | Buffer}
 */
function payloadsOf(traffic) {
  const binaryKind = traffic.kind === "noise" ? "noise" : "records";
  const sizes = [traffic.size, ...Object.values(MIX)];
  const texts = new Map(sizes.map((size) => [size, payloads("text", size)]));
  const binaries = new Map(
    sizes.map((size) => [size, payloads(binaryKind, size)]),
  );
  return (seq) => {
    const known = isBinaryAt(traffic, seq) ? binaries : texts;
    const next = known.get(sizeAt(traffic, seq));
    return /** @type {() => string | Buffer} */ (next)();
  };
}

/** Emits message after message, to the namespaces in turns. */
class Emissions {
  /** @type {Traffic} */
  #traffic;
  /** @type {any[]} */
  #namespaces;
  #payloadAt;
  #emitted = 0;

  /**
   * @param {Traffic} traffic
   * @param {any[]} namespaces
   */
  constructor(traffic, namespaces) {
    this.#traffic = traffic;
    this.#namespaces = namespaces;
    this.#payloadAt = payloadsOf(traffic);
    /** How many messages each receiver must have got. */
    this.expected = 0;
  }

  /** @param {number} sentAt microseconds of the clock of the machine; 0 when nobody asks */
  emit(sentAt) {
    const nsp = this.#namespaces[this.#emitted % this.#namespaces.length];
    this.#emitted += 1;
    if (this.#traffic.kind === "elsewhere") {
      this.#emitToRooms(nsp, sentAt);
      return;
    }
    const seq = this.expected++;
    nsp.emit("m", seq, sentAt, this.#payloadAt(seq));
  }

  /**
   * @param {number} sentAt
   * @param {(err: Error | null, responses: unknown[]) => void} onAnswers
   * @param {number} timeoutMs
   */
  emitWithAck(sentAt, onAnswers, timeoutMs) {
    const nsp = this.#namespaces[this.#emitted % this.#namespaces.length];
    this.#emitted += 1;
    const seq = this.expected++;
    nsp
      .timeout(timeoutMs)
      .emit("m", seq, sentAt, this.#payloadAt(seq), onAnswers);
  }

  /** After it, the receivers know that all is there. */
  finish() {
    if (
      this.#traffic.kind === "elsewhere" &&
      this.#emitted % MARKER_EVERY !== 0
    ) {
      const seq = this.expected++;
      this.#namespaces[0].to(ROOM_HERE).emit("m", seq, 0, this.#payloadAt(seq));
    }
  }

  /**
   * @param {any} nsp
   * @param {number} sentAt
   */
  #emitToRooms(nsp, sentAt) {
    if (this.#emitted % MARKER_EVERY === 0) {
      const seq = this.expected++;
      nsp.to(ROOM_HERE).emit("m", seq, sentAt, this.#payloadAt(seq));
      return;
    }
    const room = ROOMS_ELSEWHERE[this.#emitted % ROOMS_ELSEWHERE.length];
    nsp.to(room).emit("m", NOT_EXPECTED, sentAt, this.#payloadAt(0));
  }
}

module.exports = {
  Emissions,
  MARKER_EVERY,
  ROOM_HERE,
  isBinaryAt,
  meanSize,
  sizeAt,
};
