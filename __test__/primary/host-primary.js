"use strict";

// The primary of a Node.js cluster and what it can be told to do; see hosts.js.

const cluster = /** @type {import("node:cluster").Cluster} */ (
  /** @type {any} */ (require("node:cluster"))
);
const { once } = require("node:events");

const { Pool } = require("pg");

/**
 * @typedef {object} HostOptions JSON, they cross to the processes
 * @property {string} name
 * @property {"native" | "js"} [kind] which setupPrimary()
 * @property {string} connectionString
 * @property {import("../..").PrimaryOptions} [options] of setupPrimary()
 * @property {"json" | "advanced"} [serialization] between primary and workers
 * @property {object} [adapter] options of the workers' adapter
 * @property {string[]} [namespaces] of each worker, beside the main one
 */

class HostPrimary {
  /**
   * @param {typeof import("../..").setupPrimary} setupPrimary
   * @param {HostOptions} options
   */
  constructor(setupPrimary, options) {
    this._setupPrimary = setupPrimary;
    this._options = options;
    this._pool = new Pool({ connectionString: options.connectionString });
    this._pool.on("error", () => {});
    /** @type {import("../..").Primary | undefined} */
    this._primary = undefined;
  }

  /** @param {import("../..").PrimaryOptions} [more] */
  setup(more) {
    this._primary = this._setupPrimary(this._pool, {
      ...this._options.options,
      ...more,
      errorHandler: (/** @type {any} */ err) =>
        process.send?.({ error: `${err.code}: ${err.message}` }),
    });
  }

  /** @returns {Promise<number>} the id of a worker that listens to what it is told */
  async fork() {
    const worker = cluster.fork();
    await new Promise((resolve) => {
      worker.on(
        "message",
        (message) => message?.report?.ready && resolve(null),
      );
    });
    return worker.id;
  }

  /**
   * @param {number} id of a worker
   * @param {unknown} message
   */
  send(id, message) {
    cluster.workers?.[id]?.send(/** @type {any} */ (message));
  }

  /** @param {number} id of a worker */
  async killWorker(id) {
    const worker = cluster.workers?.[id];
    if (worker) {
      worker.process.kill("SIGKILL");
      await once(worker, "exit");
    }
  }

  /** What setupPrimary() leaves on the module. */
  listeners() {
    return ["message", "disconnect", "exit"].map((event) =>
      cluster.listenerCount(event),
    );
  }

  async close() {
    await this._primary?.close();
    // a second time is no error
    await this._primary?.close();
  }

  /** Lets the workers go; then nothing keeps this process. */
  async end() {
    await this.close();
    await this._pool.end();
    await new Promise((resolve) => {
      cluster.disconnect(() => resolve(undefined));
    });
  }
}

/**
 * Serves the parent process until it says end.
 *
 * @param {typeof import("../..").setupPrimary} setupPrimary
 * @param {HostOptions} options
 */
function runPrimary(setupPrimary, options) {
  let leaving = false;
  cluster.setupPrimary({
    serialization: options.serialization ?? "advanced",
    execArgv: [],
  });
  const host = new HostPrimary(setupPrimary, options);
  cluster.on("message", (worker, message) => {
    if (message?.report) {
      process.send?.({ worker: worker.id, ...message.report });
    }
  });
  process.on("message", async (/** @type {any} */ { id, command, args }) => {
    try {
      const result = await /** @type {any} */ (host)[command](...args);
      leaving = command === "end";
      process.send?.({ id, result }, () => leaving && process.disconnect());
    } catch (err) {
      process.send?.({ id, failure: String(err) });
    }
  });
  process.on("disconnect", () => {
    if (!leaving) process.exit(1); // the test is gone
  });
}

module.exports = { runPrimary };
