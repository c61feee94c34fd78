"use strict";

const {
  setImmediate: turn,
  setTimeout: delay,
} = require("node:timers/promises");
const { EngineHost } = require("./engine-host");
const { PostgresAdapterError } = require("./errors");

/** How long the end of an emitter waits for a database that does not answer, in milliseconds. */
const LAST_FLUSH_TIMEOUT_MS = 10_000;

/**
 * Those that may hold something when the process runs out of work.
 *
 * @type {Set<EmitterHost>}
 */
const unflushed = new Set();

/**
 * The engine of an emitter: nothing that was sent is lost because the process has nothing else to do.
 */
class EmitterHost extends EngineHost {
  /** @type {Promise<void> | undefined} */
  #closed;

  /**
   * @param {import("./targets").ConnectionSource} connection
   * @param {import("./engine-host").HostOptions} options
   */
  constructor(connection, options) {
    super({ main: connection }, options, "emitter");
    if (!process.listeners("beforeExit").includes(flushAll)) {
      process.on("beforeExit", flushAll);
    }
  }

  /**
   * @param {number} namespace
   * @param {number} type
   * @param {any} data
   * @param {boolean} [isVolatile]
   */
  publish(namespace, type, data, isVolatile) {
    if (this.#closed) {
      throw new Error("nothing can be sent after close()");
    }
    super.publish(namespace, type, data, isVolatile);
    unflushed.add(this);
  }

  /** Resolves when all that was sent so far is committed, or was given up and the `errorHandler` has heard of it. */
  async flush() {
    await this.engine.flush();
    // what is reported comes by another way, a turn of the event loop later at most
    await turn();
    await turn();
  }

  /**
   * Flushes for a limited time, then ends the connection.
   *
   * @returns {Promise<void>}
   */
  close() {
    this.#closed ??= this.#flushAndClose();
    return this.#closed;
  }

  /** Flushes for a limited time. The connection ends only if that fails. */
  async flushAtExit() {
    if (!(await this.#flushInTime())) {
      this.#closed ??= this.#giveUp();
      await this.#closed;
    }
  }

  async #flushAndClose() {
    const flushed = await this.#flushInTime();
    await (flushed ? super.close() : this.#giveUp());
  }

  async #giveUp() {
    await super.close();
    this.report(
      new PostgresAdapterError(
        "ERR_PUBLISH",
        `the emitter ended without having sent everything: the database was waited for ${LAST_FLUSH_TIMEOUT_MS} ms`,
      ),
    );
  }

  #flushInTime() {
    unflushed.delete(this);
    return Promise.race([
      this.flush().then(() => true),
      delay(LAST_FLUSH_TIMEOUT_MS, false, { ref: false }),
    ]);
  }
}

/** The process has nothing else to do: it ends once this is done. */
function flushAll() {
  for (const host of unflushed) {
    void host.flushAtExit();
  }
}

module.exports = { EmitterHost };
