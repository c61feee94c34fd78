"use strict";

const { SEPARATOR } = require("./bundle");

/** Begin a run of events with the same options, and end them or an event; see src/engine/gathered.rs. */
const RUN = "\x1d";
const END = "\x1f";

/** Longer events, or such with more binary content, are worth a call of their own. */
const MOST_GATHERED = 8 * 1024;

/** So many characters of events wait at most, and as many bytes: the engine can begin with them. */
const MOST_WAITING = 64 * 1024;

/**
 * Events on their way to the engine: one text, and the binary parts of them all behind each other.
 */
class GatheredEvents {
  #events = "";
  /** What the run of the last of them begins with. */
  #run = "";
  #bytes = Buffer.alloc(0);
  #byteCount = 0;

  get isEmpty() {
    return this.#events === "";
  }

  /**
   * @param {string} text - the JSON text of an event
   * @param {number} size - how many bytes its parts have
   */
  hasRoomFor(text, size) {
    return (
      this.#events.length + text.length <= MOST_WAITING &&
      this.#byteCount + size <= MOST_WAITING
    );
  }

  /**
   * @param {number} namespace
   * @param {string} text - the JSON text of the event
   * @param {Buffer[]} parts - its binary content, no more than {@link MOST_GATHERED} bytes
   * @param {string} options - the JSON text of its options
   * @param {boolean} isVolatile
   */
  add(namespace, text, parts, options, isVolatile) {
    const run = `${RUN}${namespace}${isVolatile ? "v" : ""}${END}${options}`;
    if (run !== this.#run) {
      this.#run = run;
      this.#events += run;
    }
    this.#events += SEPARATOR + text;
    for (const part of parts) {
      this.#addPart(part);
    }
  }

  /** @param {Buffer} part - of the last event; copied at once, as the application may change it */
  #addPart(part) {
    if (this.#bytes.length === 0) {
      this.#bytes = Buffer.allocUnsafe(MOST_WAITING);
    }
    this.#bytes.set(part, this.#byteCount);
    this.#byteCount += part.length;
    this.#events += END + part.length;
  }

  /** @returns {{ events: string, bytes: Buffer }} all of them; the bytes are overwritten by the next ones */
  take() {
    const events = this.#events;
    const bytes = this.#bytes.subarray(0, this.#byteCount);
    this.#events = "";
    this.#run = "";
    this.#byteCount = 0;
    return { events, bytes };
  }
}

module.exports = { GatheredEvents, MOST_GATHERED };
