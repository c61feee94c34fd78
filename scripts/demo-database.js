"use strict";

const { EventEmitter } = require("node:events");
const { startPostgres } = require("./embedded-postgres.js");
const { SetupError } = require("./setup.js");

/** How long a database that somebody named may take to accept a connection, in milliseconds. */
const CONNECT_LIMIT_MS = 5_000;

/**
 * @param {string} url
 * @returns {string} without the password, for messages
 */
function withoutPassword(url) {
  return url.replace(/:[^:@/]*@/, "@");
}

/** @param {string} url */
async function checkConnection(url) {
  // Not at the top: npm packages may be missing until the set-up has run.
  const { Client } = require("pg");
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_LIMIT_MS,
  });
  client.on("error", () => {});
  try {
    await client.connect();
    await client.query("SELECT 1");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SetupError(
      `The database of DATABASE_URL (${withoutPassword(url)}) cannot be used: ${reason}. ` +
        "Without DATABASE_URL the demo brings its own PostgreSQL.",
    );
  } finally {
    await client.end().catch(() => {});
  }
}

/**
 * The database of the demo: the one that was named, or one of our own that can be stopped and started. Emits `changing`,
 * then `change` with whether it runs.
 */
class DemoDatabase extends EventEmitter {
  /**
   * @param {string} url
   * @param {import('./embedded-postgres.js').EmbeddedPostgres} [server]
   */
  constructor(url, server) {
    super();
    this.url = url;
    this.server = server;
    /** One change at a time: a second press of the key waits for the first. */
    this.lastChange = Promise.resolve();
  }

  /**
   * @param {string | undefined} url
   * @returns {Promise<DemoDatabase>}
   */
  static async open(url) {
    if (url) {
      await checkConnection(url);
      console.log(`PostgreSQL: ${withoutPassword(url)}`);
      return new DemoDatabase(url);
    }
    const server = await startPostgres();
    console.log(`PostgreSQL: one of our own, on port ${server.port}.`);
    return new DemoDatabase(server.connectionString, server);
  }

  /** Whether it is ours to stop. */
  get isOurs() {
    return this.server !== undefined;
  }

  get isRunning() {
    return this.server === undefined || this.server.pid() !== undefined;
  }

  /** @returns {Promise<void>} */
  stop() {
    return this.change(() => false);
  }

  /** @returns {Promise<void>} */
  start() {
    return this.change(() => true);
  }

  /** @returns {Promise<void>} */
  toggle() {
    return this.change(() => !this.isRunning);
  }

  /**
   * @param {() => boolean} decide whether it shall run, asked once the changes before this one are made
   * @returns {Promise<void>}
   */
  change(decide) {
    const changed = this.lastChange.then(() => this.apply(decide()));
    this.lastChange = changed.catch(() => {});
    return changed;
  }

  /** @param {boolean} running */
  async apply(running) {
    if (this.server === undefined || running === this.isRunning) return;
    this.emit("changing");
    if (running) await this.server.start();
    else await this.server.stop();
    console.log(running ? "PostgreSQL runs again." : "PostgreSQL is stopped.");
    this.emit("change", running);
  }

  /** Leaves a database that was named as it is; removes our own. */
  async close() {
    await this.lastChange;
    await this.server?.dispose();
  }
}

module.exports = { DemoDatabase };
