"use strict";

// An example, started as its reader starts it: by the command of its package.json, in its folder, in a process of its
// own.

const { spawn } = require("node:child_process");

const { io } = require("socket.io-client");

const {
  buildExample,
  exampleCommand,
  exampleFolder,
  providePackage,
} = require("../../scripts/examples.js");
const { findFreePort } = require("../support/free-port.js");
const { once, until, within } = require("../support/wait.js");

/** @typedef {import("socket.io-client").Socket} ClientSocket */

/** Starting a process, and what it still does before it ends, takes a while where much else is done. */
const PATIENCE_MS = 60_000;

/** Somebody may take a free port before the example does. */
const PORT_ATTEMPTS = 5;

class ExampleProcess {
  /**
   * @param {string} name of the example
   * @param {object} [options]
   * @param {string[]} [options.args] for Node.js; without them those of `npm start`
   * @param {Record<string, string | undefined>} [options.env]
   */
  constructor(name, { args = exampleCommand(name), env } = {}) {
    this.name = name;
    this.url = "";
    this.output = "";
    this.errors = "";
    /** @type {ClientSocket[]} */
    this._clients = [];
    this._process = spawn(process.execPath, args, {
      cwd: exampleFolder(name),
      env: { ...process.env, ...env },
    });
    this._process.stdout.on("data", (chunk) => (this.output += chunk));
    this._process.stderr.on("data", (chunk) => (this.errors += chunk));
    /** @type {Promise<{ code: number | null, signal: string | null }>} */
    this.ended = new Promise((resolve, reject) => {
      this._process.once("error", reject);
      this._process.once("close", (code, signal) => resolve({ code, signal }));
    });
  }

  /** Whether it is still there. */
  get runs() {
    return this._process.exitCode === null && this._process.signalCode === null;
  }

  /**
   * @param {RegExp} pattern
   * @returns {Promise<RegExpExecArray>} once it has printed that
   */
  untilPrinted(pattern) {
    return until(
      () => {
        const found = pattern.exec(this.output);
        if (found || this.runs) return found;
        throw new Error(`${this.name} ended: ${this.output}${this.errors}`);
      },
      {
        timeout: PATIENCE_MS,
        message: () => `${pattern} in: ${this.output}${this.errors}`,
      },
    );
  }

  /** @param {string} line for its standard input */
  type(line) {
    this._process.stdin.write(`${line}\n`);
  }

  /** As with Ctrl-D. */
  endInput() {
    this._process.stdin.end();
  }

  /**
   * @param {Partial<import("socket.io-client").ManagerOptions & import("socket.io-client").SocketOptions>} [options]
   * @returns {Promise<ClientSocket>}
   */
  async connect(options) {
    const client = io(this.url, {
      transports: ["websocket"],
      forceNew: true,
      reconnection: false,
      ...options,
    });
    this._clients.push(client);
    await once(client, "connect");
    return client;
  }

  /**
   * Ends as it does in a terminal or a container, with the clients still connected: in good order, and without a word on
   * standard error.
   *
   * @param {"SIGINT" | "SIGTERM"} signal
   */
  async end(signal) {
    this._process.kill(signal);
    const how = await within(this.ended, `${this.name} ended by ${signal}`, {
      timeout: PATIENCE_MS,
    });
    this._closeClients();
    return { ...how, errors: this.errors };
  }

  /** Dies without a word; nothing happens if it is dead already. */
  async kill() {
    this._closeClients();
    this._process.kill("SIGKILL");
    await this.ended;
  }

  _closeClients() {
    this._clients.forEach((client) => client.disconnect());
    this._clients = [];
  }
}

/**
 * @param {import("node:test").TestContext} t which kills it
 * @param {string} name
 * @param {ConstructorParameters<typeof ExampleProcess>[1]} [options]
 */
function spawnExample(t, name, options) {
  const example = new ExampleProcess(name, options);
  t.after(() => example.kill());
  return example;
}

/**
 * @param {import("node:test").TestContext} t which kills it
 * @param {string} name
 * @param {ConstructorParameters<typeof ExampleProcess>[1]} options
 * @returns {Promise<ExampleProcess>} one that listens, on a port of its own
 */
async function startServer(t, name, options) {
  for (let attempt = 1; ; attempt += 1) {
    const port = await findFreePort();
    const env = { ...options?.env, PORT: String(port) };
    const server = spawnExample(t, name, { ...options, env });
    server.url = `http://127.0.0.1:${port}`;
    try {
      await server.untilPrinted(new RegExp(`port ${port}`));
      return server;
    } catch (err) {
      const isTaken = server.errors.includes("EADDRINUSE");
      if (!isTaken || attempt === PORT_ATTEMPTS) throw err;
    }
  }
}

/**
 * @param {import("node:test").TestContext} t which kills them
 * @param {string} name
 * @param {import("../support/postgres.js").TestDatabase} database
 * @param {ConstructorParameters<typeof ExampleProcess>[1]} [options]
 * @returns {Promise<[ExampleProcess, ExampleProcess]>} two servers on one database
 */
async function startTwo(t, name, database, options) {
  providePackage();
  buildExample(name);
  const env = { ...options?.env, DATABASE_URL: database.connectionString };
  const start = () => startServer(t, name, { ...options, env });
  return Promise.all([start(), start()]);
}

module.exports = { spawnExample, startServer, startTwo };
