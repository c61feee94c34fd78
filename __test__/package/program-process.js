"use strict";

// A server from the README, in a process of its own, and a client of it.

const { once } = require("node:events");
const { io: connect } = require("socket.io-client");
const { findFreePort } = require("../support/free-port.js");
const { collect, until, within } = require("../support/wait.js");

/** Node.js, Socket.IO and the addon are started on a machine that may be busy. */
const PATIENCE = { timeout: 60_000 };

/** @typedef {import("./project.js").Project} Project */

class ProgramProcess {
  /**
   * @param {Project} project
   * @param {string} file
   * @param {{ port: number, databaseUrl: string }} place
   */
  constructor(project, file, { port, databaseUrl }) {
    this.output = "";
    this._process = project.start([file], {
      DATABASE_URL: databaseUrl,
      PORT: String(port),
    });
    this._exited = once(this._process, "exit");
    for (const stream of [this._process.stdout, this._process.stderr]) {
      stream.on("data", (chunk) => (this.output += chunk));
    }
    this.url = `http://127.0.0.1:${port}`;
    this.client = connect(this.url, {
      transports: ["websocket"],
      reconnectionDelay: 50,
      reconnectionDelayMax: 50,
    });
    this.messages = collect(this.client, "message");
  }

  async untilConnected() {
    const hasEnded = () => this._process.exitCode !== null;
    await until(() => this.client.connected || hasEnded(), {
      ...PATIENCE,
      message: () => `a connection: ${this.output}`,
    });
    if (hasEnded()) throw new Error(`The server has ended: ${this.output}`);
  }

  /** @returns {Promise<{ code: number | null, output: string }>} how it ended */
  async close() {
    this.client.close();
    this._process.kill("SIGTERM");
    const [code] = await within(this._exited, "the server ends", PATIENCE);
    return { code, output: this.output };
  }

  /** Whatever happened. */
  kill() {
    this.client.close();
    this._process.kill("SIGKILL");
  }
}

/**
 * @param {Project} project
 * @param {string} file
 * @param {string} databaseUrl
 */
async function startProgram(project, file, databaseUrl) {
  const port = await findFreePort();
  return new ProgramProcess(project, file, { port, databaseUrl });
}

/**
 * Waits until what the client of one server says is heard by that of another; until both are in the cluster nothing is.
 *
 * @param {ProgramProcess} from
 * @param {ProgramProcess} to
 * @param {string} text
 */
async function assertCrosses(from, to, text) {
  await until(
    () => {
      from.client.emit("message", text);
      return to.messages.values.includes(text);
    },
    { ...PATIENCE, message: () => `"${text}" arrives: ${from.output}` },
  );
}

module.exports = { assertCrosses, PATIENCE, startProgram };
