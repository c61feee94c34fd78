"use strict";

const { setTimeout: delay } = require("node:timers/promises");
const { EngineHost } = require("./engine-host");
const { PostgresAdapterError } = require("./errors");

/** How long a database that does not answer is waited for at the end, in milliseconds. */
const LAST_FLUSH_TIMEOUT_MS = 10_000;

/** Those that have sent something since they were last known to be empty. */
const unflushed = new Set();

/**
 * The engine of an emitter. What was sent reaches the database even if the process has nothing else to do any more.
 */
class EmitterHost extends EngineHost {
  /** @type {Promise<void> | undefined} */
  #closed;

  /**
   * @param {import("./engine-host").ConnectionSource} connection
   * @param {import("./engine-host").HostOptions} options
   */
  constructor(connection, options) {
    super(connection, options, "emitter");
    process.off("beforeExit", flushAll); // one listener for all
    process.on("beforeExit", flushAll);
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

  /** @returns {Promise<void>} */
  async flush() {
    await this.engine.flush();
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

  async #flushAndClose() {
    unflushed.delete(this);
    const flushed = await Promise.race([
      this.engine.flush().then(() => true),
      delay(LAST_FLUSH_TIMEOUT_MS, false, { ref: false }),
    ]);
    await super.close();
    if (!flushed) {
      this.report(
        new PostgresAdapterError(
          "ERR_PUBLISH",
          `the emitter was closed after waiting ${LAST_FLUSH_TIMEOUT_MS} ms for the database: what it had not sent ` +
            "by then is lost",
        ),
      );
    }
  }
}
