"use strict";

// What the tests of faults need beyond a cluster: raw messages, a look at what was reported, scripts.

const { spawn } = require("node:child_process");

const { decode } = require("@msgpack/msgpack");
const { Client } = require("pg");

const { until } = require("./wait.js");

/** @typedef {import("./postgres.js").TestDatabase} TestDatabase */

/** The channel of the main namespace. */
const CHANNEL = "socket.io#/";

/** The name under which an emitter sends: it is no member of the cluster, so nobody waits for it. */
const EMITTER = "emitter";

/** Everything that an `errorHandler` was given. */
class Reports {
  constructor() {
    /** @type {(Error & { code?: string, cause?: any })[]} */
    this.errors = [];
    this.errorHandler = (/** @type {Error} */ error) => {
      this.errors.push(error);
    };
  }

  /** @returns {(string | undefined)[]} */
  get codes() {
    return this.errors.map((error) => error.code);
  }

  /** All that a log would show of them. */
  get text() {
    return this.errors.map(describe).join("\n");
  }

  clear() {
    this.errors.length = 0;
  }

  /**
   * @param {string} code
   * @param {{ timeout?: number }} [options] milliseconds
   * @returns {Promise<Error & { code?: string, cause?: any }>} the first error with this code, once there is one
   */
  first(code, options) {
    return until(() => this.errors.find((error) => error.code === code), {
      ...options,
      message: () => `an error ${code}, reported so far: [${this.text}]`,
    });
  }
}

/**
 * @param {any} error
 * @returns {string} its message, stack and properties, and those of its causes
 */
function describe(error) {
  if (!(error instanceof Error)) {
    return String(error);
  }
  const { cause, ...properties } = /** @type {any} */ (error);
  const own = `${error.stack} ${JSON.stringify(properties)}`;
  const inner = cause ?? /** @type {any} */ (error).cause;
  return inner ? `${own}\ncaused by ${describe(inner)}` : own;
}

/**
 * A broadcast as another server would send it.
 * @param {any[]} args the event and its arguments
 * @param {Record<string, unknown>} [changes] members of the message to add or to replace
 */
function broadcastMessage(args, changes) {
  return {
    type: 3,
    data: {
      packet: { type: 2, data: args, nsp: "/" },
      opts: { rooms: [], except: [], flags: {} },
    },
    uid: EMITTER,
    nsp: "/",
    ...changes,
  };
}

/**
 * @param {TestDatabase} database
 * @param {string | object} payload text as it is, or a value to be written as JSON
 * @param {string} [channel]
 */
async function notify(database, payload, channel = CHANNEL) {
  const text = typeof payload === "string" ? payload : JSON.stringify(payload);
  await database.query("SELECT pg_notify($1, $2)", [channel, text]);
}

/**
 * A server that is alone does not need to listen to be complete, and does so a moment later.
 * @param {TestDatabase} database
 * @param {import("./server.js").ClientSocket} client of the server
 */
async function untilListening(database, client) {
  let isHeard = false;
  client.once("are you listening", () => (isHeard = true));
  await until(
    async () => {
      await notify(database, broadcastMessage(["are you listening"]));
      return isHeard;
    },
    { message: "the server listening" },
  );
}

/**
 * Stores an attachment and sends a header for it.
 * @param {TestDatabase} database
 * @param {Uint8Array | null} bytes
 * @param {Record<string, unknown>} [header] further members of the header
 */
async function notifyAttachment(database, bytes, header) {
  const [{ id }] = await database.query(
    "INSERT INTO socket_io_attachments (payload) VALUES ($1) RETURNING id",
    [bytes && Buffer.from(bytes)],
  );
  await notify(database, {
    ...announcement(bytes),
    attachmentId: id,
    ...header,
  });
}

/**
 * @param {Uint8Array | null} bytes
 * @returns {{ uid: string, type: number }} what the header of a row says of the message in it
 */
function announcement(bytes) {
  const usual = { uid: EMITTER, type: 3 };
  try {
    const { type } = /** @type {any} */ (decode(/** @type {any} */ (bytes)));
    return typeof type === "number" ? { ...usual, type } : usual;
  } catch {
    return usual; // nobody can tell
  }
}

/** A member of the cluster that is not one: it says what a test makes it say. */
class Impostor {
  /**
   * @param {TestDatabase} database
   * @param {Client} client which listens
   * @param {string} uid
   */
  constructor(database, client, uid) {
    this.uid = uid;
    this._database = database;
    /** @type {any[]} */
    this._heard = [];
    client.on("notification", ({ payload = "" }) => {
      this._heard.push(JSON.parse(payload));
    });
  }

  /**
   * @param {number} type
   * @param {unknown} [data]
   * @param {string} [uid] of somebody else
   */
  send(type, data, uid = this.uid) {
    return notify(this._database, { type, data, uid, nsp: "/" });
  }

  /**
   * @param {number} type
   * @returns {Promise<any>} the next message of this type that anybody sends
   */
  async next(type) {
    const from = this._heard.length;
    return until(
      () => this._heard.slice(from).find((message) => message.type === type),
      { message: `a message of type ${type}` },
    );
  }
}

/**
 * @param {import("node:test").TestContext} t which makes it leave
 * @param {TestDatabase} database
 * @param {string} [uid]
 * @returns {Promise<Impostor>} known to every server
 */
async function joinAsImpostor(t, database, uid = "impostor") {
  const client = new Client(database.connectionString);
  await client.connect();
  const impostor = new Impostor(database, client, uid);
  t.after(async () => {
    await impostor.send(13);
    await client.end();
  });
  await client.query(`LISTEN "${CHANNEL}"`);
  // whoever answers has heard the introduction before; a heartbeat could be one that was due anyway
  const answer = impostor.next(8);
  await impostor.send(1);
  const opts = { rooms: [], except: [], flags: {} };
  await impostor.send(7, { requestId: `${uid}-1`, opts });
  await answer;
  return impostor;
}

/**
 * Ends every session of others in the database at once, as an administrator would.
 * @param {TestDatabase} database
 * @returns {Promise<number>} how many there were
 */
async function terminateSessions(database) {
  const [{ count }] = await database.query(
    `SELECT count(pg_terminate_backend(pid))::int AS count FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`,
  );
  return count;
}

/**
 * Waits until both connections of a server, which were there, are known to be lost.
 *
 * @param {import("./server.js").TestServer} server
 */
async function untilBothAreGone(server) {
  await until(
    () =>
      Object.values(server.adapter().stats().connections).every(
        ({ state }) => state !== "connected",
      ),
    { message: "both connections lost" },
  );
}

/** What every script starts with. */
const PREAMBLE = `"use strict";
  const { createAdapter } = require("../../index.js");
  const { Server } = require("socket.io");
  const { Pool } = require("pg");
`;

/**
 * Runs a script in a process of its own, until it ends by itself.
 * @param {string} source with `createAdapter`, `Server` and `Pool` at hand
 * @param {{ args?: string[], flags?: string[], timeout?: number }} [options] flags of Node.js; milliseconds after which
 *   it is killed
 * @returns {Promise<{ code: number | null, signal: string | null, output: string, errors: string, lifetime: number }>}
 */
function runScript(source, { args = [], flags = [], timeout = 60_000 } = {}) {
  const started = Date.now();
  const child = spawn(
    process.execPath,
    [...flags, "-e", PREAMBLE + source, ...args],
    {
      cwd: __dirname,
      timeout,
      killSignal: "SIGKILL",
    },
  );
  let output = "";
  let errors = "";
  child.stdout.on("data", (chunk) => (output += chunk));
  child.stderr.on("data", (chunk) => (errors += chunk));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      const lifetime = Date.now() - started;
      resolve({ code, signal, output, errors, lifetime });
    });
  });
}

/** A script in a process of its own that tells what happens: objects with an `event`. */
class Script {
  /**
   * @param {string} source
   * @param {string[]} args
   */
  constructor(source, args) {
    /** @type {any[]} */
    this._heard = [];
    this._process = spawn(
      process.execPath,
      ["-e", PREAMBLE + source, ...args],
      { cwd: __dirname, stdio: ["ignore", "inherit", "inherit", "ipc"] },
    );
    this._process.on("message", (message) => this._heard.push(message));
    this.exited = new Promise((resolve) => this._process.once("exit", resolve));
  }

  /** @param {import("node:child_process").Serializable} message */
  send(message) {
    this._process.send(message);
  }

  /**
   * @param {string} event
   * @returns {any[]} what it has told so far
   */
  messages(event) {
    return this._heard.filter((message) => message.event === event);
  }

  /**
   * @param {string} event
   * @returns {Promise<any>} the first of its messages with this event
   */
  next(event) {
    return until(() => this.messages(event)[0], {
      timeout: 60_000,
      message: () => `the event "${event}" of a script`,
    });
  }

  async kill() {
    this._process.kill("SIGKILL");
    await this.exited;
  }
}

/**
 * @param {import("node:test").TestContext} t which ends it
 * @param {string} source with `createAdapter`, `Server` and `Pool` at hand
 * @param {string[]} args
 */
function startScript(t, source, args) {
  const script = new Script(source, args);
  t.after(() => script.kill());
  return script;
}

module.exports = {
  broadcastMessage,
  CHANNEL,
  EMITTER,
  joinAsImpostor,
  notify,
  notifyAttachment,
  Reports,
  runScript,
  startScript,
  terminateSessions,
  untilBothAreGone,
  untilListening,
};
