"use strict";

// The demo as a child process in a temporary folder of its own, and what it leaves behind.

const { execFileSync, spawn } = require("node:child_process");
const { once } = require("node:events");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { io } = require("socket.io-client");
const { until } = require("../support/wait.js");

const root = path.join(__dirname, "..", "..");

/** The set-up has been done before; a server process and a new database take about a second each. */
const START_LIMIT_MS = 60_000;
const END_LIMIT_MS = 60_000;

/** @returns {Map<number, number>} the parent of each process of this machine */
function listParents() {
  const lines = execFileSync("ps", ["-A", "-o", "pid=,ppid="], {
    encoding: "utf8",
  })
    .trim()
    .split("\n");
  return new Map(
    lines.map((line) => {
      const [pid = 0, parent = 0] = line.trim().split(/\s+/).map(Number);
      return [pid, parent];
    }),
  );
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

class DemoProcess {
  /** @param {Record<string, string>} [env] over an environment without DATABASE_URL and with any free port */
  constructor(env = {}) {
    this.folder = fs.mkdtempSync(path.join(os.tmpdir(), "demo-test-"));
    // PostgreSQL does not run as root: its stand-in has to pass through.
    fs.chmodSync(this.folder, 0o755);
    const { DATABASE_URL: _, ...inherited } = process.env;
    this.child = spawn(
      process.execPath,
      [path.join(root, "scripts", "demo.js")],
      {
        env: { ...inherited, TMPDIR: this.folder, PORT: "0", ...env },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    this.output = "";
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.setEncoding("utf8").on("data", (chunk) => (this.output += chunk));
    }
    /** @type {import('socket.io-client').Socket[]} */
    this.clients = [];
  }

  /** @returns {number} */
  get pid() {
    return /** @type {number} */ (this.child.pid);
  }

  /** @returns {Promise<string>} where the page is, once it is served */
  async url() {
    const message = () => `the demo to be ready:\n${this.output}`;
    const limits = { timeout: START_LIMIT_MS, message };
    return until(
      () => /open (http:\/\/localhost:\d+)/.exec(this.output)?.[1],
      limits,
    );
  }

  /** @returns {string[]} what is in the temporary folder of the demo */
  leftFiles() {
    return fs.readdirSync(this.folder);
  }

  /** @returns {number[]} the demo and everything it started */
  processes() {
    const parents = listParents();
    const family = new Set([this.pid]);
    for (let size = 0; size !== family.size;) {
      size = family.size;
      for (const [pid, parent] of parents)
        if (family.has(parent)) family.add(pid);
    }
    return [...family];
  }

  /** @param {number[]} pids */
  async untilGone(pids) {
    const message = () =>
      `the end of the processes ${pids.filter(isAlive).join(", ")}:\n${this.output}`;
    await until(() => !pids.some(isAlive), { timeout: END_LIMIT_MS, message });
  }

  /** @returns {Promise<number | NodeJS.Signals | null>} the exit code, or the signal that ended the demo */
  async exit() {
    if (this.child.exitCode === null && this.child.signalCode === null)
      await once(this.child, "exit");
    return this.child.exitCode ?? this.child.signalCode;
  }

  /**
   * @param {NodeJS.Signals} signal
   * @returns {Promise<{ code: number | NodeJS.Signals | null, left: string[] }>} once every process is gone
   */
  async end(signal) {
    const pids = this.processes();
    this.child.kill(signal);
    const code = await this.exit();
    await this.untilGone(pids);
    return { code, left: this.leftFiles() };
  }

  /**
   * @param {number} server the number of the server to connect to
   * @param {{ name: string, room: string }} auth
   * @returns {Promise<{ socket: import('socket.io-client').Socket, home: () => string, heard: string[] }>}
   */
  async join(server, auth) {
    const socket = io(await this.url(), {
      query: { server: String(server) },
      auth,
      reconnectionDelay: 50,
    });
    this.clients.push(socket);
    /** @type {string[]} */
    const heard = [];
    let home = "";
    socket.on("welcome", (welcome) => (home = welcome.server));
    socket.on("message", (message, confirm) => {
      heard.push(`${message.from} on ${message.server}: ${message.text}`);
      confirm?.();
    });
    await until(() => home, { timeout: START_LIMIT_MS, message: "a welcome" });
    return { socket, home: () => home, heard };
  }

  /** @param {string} action such as "database/stop" */
  async control(action) {
    const response = await fetch(`${await this.url()}/demo/${action}`, {
      method: "POST",
    });
    if (!response.ok)
      throw new Error(`${action}: ${response.status} ${await response.text()}`);
  }

  /** Ends what a failed test has left, so that the next one starts clean. */
  async dispose() {
    for (const client of this.clients) client.close();
    this.child.kill("SIGTERM");
    await this.exit();
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

module.exports = { DemoProcess };
