"use strict";

// Emitters of a test, and what can be seen of them in the database.

const { spawn } = require("node:child_process");

const { Client } = require("pg");

const { Emitter } = require("../../index.js");
const { until } = require("../support/wait.js");

/** @typedef {import("../support/postgres.js").TestDatabase} TestDatabase */
/** @typedef {import("../..").EmitterOptions} EmitterOptions */

/** What a session is called that belongs to an emitter. */
const APPLICATION = "the emitter";

/**
 * @param {import("node:test").TestContext} t which closes it
 * @param {string} connectionString
 * @param {string | EmitterOptions} [nsp]
 * @param {EmitterOptions} [options]
 * @returns {Emitter}
 */
function emitterFor(t, connectionString, nsp, options) {
  const emitter = new Emitter(
    { connectionString, application_name: APPLICATION },
    /** @type {string} */ (nsp),
    options,
  );
  t.after(() => emitter.close());
  return emitter;
}

/**
 * @param {TestDatabase} database
 * @returns {Promise<{ pid: number, query: string }[]>} the sessions of emitters
 */
function sessionsOfEmitters(database) {
  return database.query(
    `SELECT pid, query FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = $1`,
    [APPLICATION],
  );
}

/** Somebody who listens on a channel and knows nothing of Socket.IO. */
class Ear {
  /** @param {string} connectionString */
  constructor(connectionString) {
    this._client = new Client({ connectionString });
    /** @type {string[]} in the order of their arrival */
    this.payloads = [];
    this._client.on("notification", ({ payload = "" }) => {
      this.payloads.push(payload);
    });
  }

  /** @param {string[]} channels */
  async listen(channels) {
    await this._client.connect();
    for (const channel of channels) {
      await this._client.query(
        `LISTEN ${this._client.escapeIdentifier(channel)}`,
      );
    }
  }

  /** @returns {any[]} what was heard */
  get messages() {
    return this.payloads.map((payload) => JSON.parse(payload));
  }

  /** Once this is over, everything has arrived that was committed before. */
  async catchUp() {
    await this._client.query("SELECT 1");
  }

  /**
   * @param {number} count
   * @returns {Promise<any[]>} the messages, once there are that many
   */
  async count(count) {
    await until(() => this.payloads.length >= count, {
      message: () => `${count} notifications, got ${this.payloads.length}`,
    });
    return this.messages;
  }

  async close() {
    await this._client.end();
  }
}

/**
 * @param {import("node:test").TestContext} t which ends it
 * @param {TestDatabase} database
 * @param {...string} channels the one of the main namespace when none is named
 * @returns {Promise<Ear>}
 */
async function listenFor(t, database, ...channels) {
  const ear = new Ear(database.connectionString);
  await ear.listen(channels.length > 0 ? channels : ["socket.io#/"]);
  t.after(() => ear.close());
  return ear;
}

/**
 * Runs Node.js until it ends by itself.
 *
 * @param {string[]} args
 * @param {{ env?: Record<string, string | undefined>, cwd?: string }} [options]
 * @returns {Promise<{ code: number | null, output: string, errors: string }>} without a code it had to be killed
 */
function runNode(args, { env, cwd } = {}) {
  const child = spawn(process.execPath, args, {
    cwd,
    env: { ...process.env, ...env },
    timeout: 60_000,
    killSignal: "SIGKILL",
  });
  let output = "";
  let errors = "";
  child.stdout.on("data", (chunk) => (output += chunk));
  child.stderr.on("data", (chunk) => (errors += chunk));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, output, errors }));
  });
}

module.exports = {
  APPLICATION,
  emitterFor,
  listenFor,
  runNode,
  sessionsOfEmitters,
};
