"use strict";

const { fork } = require("node:child_process");
const { EventEmitter, once } = require("node:events");
const path = require("node:path");
const { createBackend } = require("./router.js");
const { readLines } = require("../../scripts/run-command.js");

/** A server that died comes back after this many milliseconds: long enough to see its visitors move. */
const RESTART_AFTER_MS = 3_000;

/** Longer than a server takes at most to end in order, in milliseconds. */
const STOP_LIMIT_MS = 5_000;

/** @typedef {'starting' | 'running' | 'down'} Phase */

/**
 * One server process; its port is 0 while it does not run. Emits `down` with a reason, `back`, and `told` with each
 * message of the process.
 */
class ServerProcess extends EventEmitter {
  /**
   * @param {number} number counted from 1
   * @param {string} databaseUrl
   */
  constructor(number, databaseUrl) {
    super();
    const { name, cookie } = createBackend(number);
    this.name = name;
    this.cookie = cookie;
    this.port = 0;
    this.databaseUrl = databaseUrl;
    this.stopping = false;
    /** @type {Phase} */
    this.phase = "starting";
    /** @type {import('node:child_process').ChildProcess | undefined} */
    this.child = undefined;
  }

  /** @param {string} line */
  print(line) {
    console.log(`[${this.name}] ${line}`);
  }

  /** @returns {Promise<void>} when the server takes visitors; rejects when it ends before */
  async start() {
    this.phase = "starting";
    const child = fork(path.join(__dirname, "server.js"), [], {
      env: {
        ...process.env,
        SERVER_NAME: this.name,
        PORT: "0",
        DATABASE_URL: this.databaseUrl,
      },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      // A debugger of the parent must not be inherited: its port is taken.
      execArgv: [],
    });
    this.child = child;
    for (const stream of [child.stdout, child.stderr]) {
      if (stream) readLines(stream, (line) => this.print(line));
    }
    child.once("exit", (code, signal) =>
      this.ended(signal ?? `exit code ${code}`),
    );
    const started = new AbortController();
    const exit = once(child, "exit", { signal: started.signal }).then(
      ([code, signal]) => {
        throw new Error(
          `${this.name} ended while it started (${signal ?? `exit code ${code}`}).`,
        );
      },
    );
    try {
      const [message] = await Promise.race([
        once(child, "message", { signal: started.signal }),
        exit,
      ]);
      this.port = message.listening;
      this.phase = "running";
      child.on("message", (told) => this.emit("told", told));
    } finally {
      exit.catch(() => {});
      started.abort();
    }
  }

  /** @param {string} reason */
  ended(reason) {
    const wasRunning = this.port !== 0;
    this.port = 0;
    this.phase = "down";
    this.child = undefined;
    if (this.stopping || !wasRunning) return;
    this.print(
      `ended (${reason}); its visitors move, it comes back in ${RESTART_AFTER_MS / 1000} s`,
    );
    this.emit("down", reason);
    this.restartLater();
  }

  restartLater() {
    this.restart = setTimeout(() => void this.comeBack(), RESTART_AFTER_MS);
  }

  async comeBack() {
    try {
      await this.start();
      this.print("is back");
      this.emit("back");
    } catch (error) {
      this.print(error instanceof Error ? error.message : String(error));
      if (!this.stopping) this.restartLater();
    }
  }

  /** @param {object} message */
  tell(message) {
    if (this.child?.connected) this.child.send(message);
  }

  /**
   * Ends the process as a power cut would: it says no goodbye to the others.
   *
   * @returns {Promise<void>} when it has ended
   */
  async kill() {
    const { child } = this;
    if (child === undefined) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }

  async stop() {
    this.stopping = true;
    clearTimeout(this.restart);
    const { child } = this;
    if (child === undefined) return;
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    const limit = setTimeout(() => child.kill("SIGKILL"), STOP_LIMIT_MS);
    await ended;
    clearTimeout(limit);
  }
}

module.exports = { ServerProcess };
