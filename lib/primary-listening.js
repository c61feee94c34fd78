"use strict";

const { randomBytes } = require("node:crypto");
const { setTimeout: delay } = require("node:timers/promises");
const { MessageType } = require("socket.io-adapter");
const { EMITTER_UID, plainMessage } = require("./primary-messages");

/** @typedef {import("./engine-host").EngineHost} EngineHost */

/** How long an echo is waited for at first and at most, in milliseconds. */
const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 1_000;

/**
 * Finds out when a namespace is listened to: a call into an empty room, repeated until it comes back. It is the
 * heartbeat of an emitter, which no server takes for the sign of life of another one; and it lacks the `nodeId` by
 * which the engine skips our own messages.
 */
class ListeningProbe {
  #host;
  #onListening;
  /** @type {Map<number, string>} the token of each namespace whose echo is missing */
  #missing = new Map();

  /**
   * @param {EngineHost} host
   * @param {(namespace: number) => void} onListening
   */
  constructor(host, onListening) {
    this.#host = host;
    this.#onListening = onListening;
  }

  /**
   * @param {number} namespace
   * @param {string} nsp
   */
  watch(namespace, nsp) {
    if (!this.#missing.has(namespace)) {
      const token = randomBytes(8).toString("hex");
      this.#missing.set(namespace, token);
      void this.#call(namespace, nsp, token);
    }
  }

  /**
   * @param {number} namespace
   * @param {any} message
   * @returns {boolean} whether the message was a call, of this primary or of another one: it is of no use to workers
   */
  heard(namespace, message) {
    if (message.type !== MessageType.HEARTBEAT || message.uid !== EMITTER_UID) {
      return false;
    }
    if (
      message.echo !== undefined &&
      message.echo === this.#missing.get(namespace)
    ) {
      this.#missing.delete(namespace);
      this.#onListening(namespace);
    }
    return true;
  }

  /** @param {number} namespace - one that is listened to no longer */
  forget(namespace) {
    this.#missing.delete(namespace);
  }

  stop() {
    this.#missing.clear();
  }

  /**
   * @param {number} namespace
   * @param {string} nsp
   * @param {string} token
   */
  async #call(namespace, nsp, token) {
    const call = {
      ...plainMessage(MessageType.HEARTBEAT, EMITTER_UID, nsp),
      echo: token,
    };
    let pause = FIRST_PAUSE_MS;
    while (this.#missing.get(namespace) === token) {
      this.#host.forward(namespace, call);
      // while the database is away, one call waits for it, not many
      await this.#host.engine.flush();
      await delay(pause, undefined, { ref: false });
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
    }
  }
}

module.exports = { ListeningProbe };
