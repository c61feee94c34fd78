"use strict";

// A real PgBouncer in front of the server of the tests, where one is installed.

const fs = require("node:fs/promises");
const net = require("node:net");
const os = require("node:os");
const path = require("node:path");
const { before } = require("node:test");

const { chooseOwner } = require("../../scripts/postgres-binaries.js");
const { findFreePort } = require("./free-port.js");
const { GuardedProcess } = require("./guarded-process.js");
const { findProgram } = require("./programs.js");
const { until } = require("./wait.js");

const HOST = "127.0.0.1";

/** @returns {string | undefined} the program */
function findPgBouncer() {
  return findProgram("pgbouncer");
}

/** @param {number} port */
function takesConnections(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, HOST);
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("close", () => socket.destroy());
    socket.once("connect", () => socket.destroy());
  });
}

class PgBouncer {
  /**
   * @param {URL} target the connection string of the server behind it
   * @param {number} port
   * @param {string} folder
   */
  constructor(target, port, folder) {
    this.port = port;
    this._target = target;
    this._folder = folder;
    /** @type {GuardedProcess | undefined} */
    this._process = undefined;
  }

  /** The way to the same database through the pooler. */
  get connectionString() {
    return Object.assign(new URL(this._target), {
      host: `${HOST}:${this.port}`,
    }).href;
  }

  /** @param {Record<string, string | number>} settings */
  async _writeConfiguration(settings) {
    const { hostname, port, username, password } = this._target;
    const login = [username, password].map(decodeURIComponent);
    await fs.writeFile(
      path.join(this._folder, "users.txt"),
      login.map((text) => `"${text.replaceAll('"', '""')}"`).join(" "),
    );
    const lines = Object.entries({
      listen_addr: HOST,
      listen_port: this.port,
      unix_socket_dir: "",
      auth_type: "scram-sha-256",
      auth_file: path.join(this._folder, "users.txt"),
      logfile: path.join(this._folder, "log"),
      ...settings,
    }).map(([name, value]) => `${name} = ${value}`);
    await fs.writeFile(
      path.join(this._folder, "pgbouncer.ini"),
      `[databases]\n* = host=${hostname} port=${port}\n[pgbouncer]\n${lines.join("\n")}\n`,
    );
  }

  /**
   * @param {string} program
   * @param {Record<string, string | number>} settings
   */
  async start(program, settings) {
    await this._writeConfiguration(settings);
    const owner = await chooseOwner();
    if (owner.uid !== undefined && owner.gid !== undefined) {
      for (const name of [".", ...(await fs.readdir(this._folder))]) {
        await fs.chown(path.join(this._folder, name), owner.uid, owner.gid);
      }
    }
    const file = path.join(this._folder, "pgbouncer.ini");
    this._process = new GuardedProcess([program, "-q", file], {
      ...owner,
      cwd: "/",
    });
    await until(() => takesConnections(this.port), {
      message: "PgBouncer taking connections",
    }).catch(async (cause) => {
      throw new Error(`PgBouncer did not start:\n${await this.log()}`, {
        cause,
      });
    });
  }

  /** @returns {Promise<string>} */
  log() {
    return fs.readFile(path.join(this._folder, "log"), "utf8").catch(() => "");
  }

  /** Ends it, and every connection through it. */
  async dispose() {
    await this._process?.end();
    await fs.rm(this._folder, { recursive: true, force: true });
  }
}

/**
 * @param {string} connectionString of the server behind it
 * @param {Record<string, string | number>} settings those of pgbouncer.ini, such as `pool_mode`
 * @returns {Promise<PgBouncer>}
 */
async function startPgBouncer(connectionString, settings) {
  const program = findPgBouncer();
  if (!program) throw new Error("no pgbouncer is installed");
  // not below os.tmpdir(), which can be closed to the user that it runs as
  const parent = process.getuid?.() === 0 ? "/tmp" : os.tmpdir();
  const folder = await fs.mkdtemp(path.join(parent, "pgbouncer-"));
  const port = await findFreePort();
  const pooler = new PgBouncer(new URL(connectionString), port, folder);
  try {
    await pooler.start(program, settings);
    return pooler;
  } catch (err) {
    await pooler.dispose();
    throw err;
  }
}

/**
 * A pooler for the tests of a suite, in front of its database.
 * @param {import("./postgres.js").TestDatabase} database
 * @param {Record<string, string | number>} settings
 * @returns {() => import("./postgres.js").TestDatabase} the same database, by way of the pooler
 */
function usePooler(database, settings) {
  /** @type {PgBouncer | undefined} */
  let pooler;
  before(async () => {
    const own = await startPgBouncer(database.connectionString, settings);
    pooler = own;
    // it keeps sessions open for whoever comes next
    database.closeFirst(() => own.dispose());
  });
  return () => {
    if (!pooler) throw new Error("the pooler runs only while tests do");
    return Object.assign(Object.create(database), {
      connectionString: pooler.connectionString,
    });
  };
}

module.exports = { findPgBouncer, startPgBouncer, usePooler };
