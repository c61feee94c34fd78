"use strict";

// A server in a process of its own.

const { execFile, fork } = require("node:child_process");
const { once } = require("node:events");
const path = require("node:path");
const { promisify } = require("node:util");
const { until } = require("./wait.js");

const run = promisify(execFile);

/** @typedef {{ code: number | null, signal: NodeJS.Signals | null }} Exit */

/**
 * @typedef {object} ChildOptions JSON, they cross to the child
 * @property {string} connectionString
 * @property {import("./adapter.js").AdapterOptions} [options] of the adapter
 * @property {string[]} [undefinedOptions] names of further ones that are given as undefined
 * @property {import("pg").PoolConfig} [pool]
 */

/** What a child runs, when it is not told something else. */
const SCRIPT = path.join(__dirname, "child-server.js");

class ChildServer {
  /**
   * @param {ChildOptions} options
   * @param {{ script?: string, env?: NodeJS.ProcessEnv }} [program] which answers calls; variables to be added
   */
  constructor(options, { script = SCRIPT, env } = {}) {
    this._calls = 0;
    this.stderr = "";
    this._process = fork(script, [JSON.stringify(options)], {
      stdio: ["ignore", "inherit", "pipe", "ipc"],
      execArgv: [],
      env: { ...process.env, ...env },
    });
    this._process.stderr?.on("data", (chunk) => (this.stderr += chunk));
    /** @type {Promise<Exit>} */
    this.exited = once(this._process, "exit").then(([code, signal]) => ({
      code,
      signal,
    }));
    this.url = "";
  }

  /** @returns {number} the process id */
  get pid() {
    return /** @type {number} */ (this._process.pid);
  }

  /**
   * @param {string} command one of child-server.js
   * @param {...any} args
   * @returns {Promise<any>}
   */
  call(command, ...args) {
    const id = (this._calls += 1);
    return new Promise((resolve, reject) => {
      /** @param {{ id: number, result?: any, error?: string }} reply */
      const onReply = (reply) => {
        if (reply.id === id) {
          finish();
          return reply.error === undefined
            ? resolve(reply.result)
            : reject(new Error(reply.error));
        }
      };
      const onExit = () => {
        finish();
        reject(
          new Error(`the child ended during "${command}"\n${this.stderr}`),
        );
      };
      const finish = () => {
        this._process.off("message", onReply);
        this._process.off("exit", onExit);
      };
      this._process.on("message", onReply);
      this._process.on("exit", onExit);
      this._process.send({ id, command, args }, (err) => {
        if (err) {
          onExit();
        }
      });
    });
  }

  /** @param {NodeJS.Signals} [signal] */
  async kill(signal = "SIGKILL") {
    this._process.kill(signal);
    await this.exited;
  }

  /**
   * Suspends the process: its connections stay open and it does nothing. On a busy machine it takes a moment until all
   * of its threads have stopped.
   */
  async suspend() {
    this._process.kill("SIGSTOP");
    await until(
      async () => (await stateOf(this._process.pid)).startsWith("T"),
      {
        message: "the process is suspended",
      },
    );
  }

  resume() {
    this._process.kill("SIGCONT");
  }
}

/**
 * @param {number | undefined} pid
 * @returns {Promise<string>} as `ps` writes it: T for a stopped process
 */
async function stateOf(pid) {
  const { stdout } = await run("ps", ["-o", "stat=", "-p", String(pid)]);
  return stdout.trim();
}

/**
 * @param {import("node:test").TestContext} t which ends the child
 * @param {ChildOptions} options
 * @returns {Promise<ChildServer>}
 */
async function startChild(t, options) {
  const child = new ChildServer(options);
  t.after(() => child.kill());
  child.url = await child.call("listen");
  return child;
}

module.exports = { ChildServer, startChild };
