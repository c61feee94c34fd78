"use strict";

// One life of a server of the soak, seen from outside.

const { fork } = require("node:child_process");
const { once } = require("node:events");
const path = require("node:path");
const { setTimeout: delay } = require("node:timers/promises");

const { until, within } = require("../support/wait.js");

/** @typedef {import("./node-process.js").NodeOptions} NodeOptions */

const READY_MS = 60_000;
const ANSWER_MS = 60_000;
const DEATH_MS = 3_000;

class SoakNode {
  /** @param {NodeOptions} options */
  constructor(options) {
    this.options = options;
    this.name = options.name;
    this.isNative = options.kind === "native";
    /** When it became a member that everything can be expected of, and when that ended. */
    this.from = Infinity;
    this.to = Infinity;
    /** Whether it took its leave. */
    this.saidGoodbye = false;
    /** The last probe that it heard, and that another server heard the echo of. */
    this.heardProbe = 0;
    this.heardEcho = 0;
    this.count = 0;
    this.stderr = "";
    this._calls = 0;
    this._process = fork(
      path.join(__dirname, "node-process.js"),
      [JSON.stringify(options)],
      { stdio: ["ignore", "ignore", "pipe", "ipc"], execArgv: ["--expose-gc"] },
    );
    this._process.stderr?.on("data", (chunk) => (this.stderr += chunk));
    /** @type {Promise<[number | null, NodeJS.Signals | null]>} */
    this.exited = /** @type {any} */ (once(this._process, "exit"));
    this._process.on("message", (news) => this._hear(news));
    /** @type {(from: string, probe: number) => void} */
    this.onEcho = () => {};
    this._ready = false;
  }

  /** @param {any} news */
  _hear(news) {
    if (news.event === "ready") this._ready = true;
    if (news.event === "echo") this.onEcho(news.from, news.number);
    if (news.event === "probe") {
      this.heardProbe = Math.max(this.heardProbe, news.number);
      this.count = news.count;
    }
  }

  async untilReady() {
    await until(() => this._ready || this.hasEnded, {
      timeout: READY_MS,
      message: `${this.name} ready`,
    });
    if (this.hasEnded) throw new Error(`${this.name} ended\n${this.stderr}`);
  }

  get hasEnded() {
    return this._process.exitCode !== null || this._process.signalCode !== null;
  }

  /**
   * @param {"start" | "stop" | "block" | "state" | "close"} command
   * @param {number} [ms] for how long it is blocked
   * @returns {Promise<any>}
   */
  call(command, ms) {
    const number = (this._calls += 1);
    const answer = new Promise((resolve, reject) => {
      /** @param {any} news */
      const onMessage = (news) => {
        if (news.event !== "result" || news.number !== number) return;
        this._process.off("message", onMessage);
        resolve(news.result);
      };
      this._process.on("message", onMessage);
      this._process.send({ number, command, ms }, (err) => err && reject(err));
    });
    return within(answer, `${this.name} answers "${command}"`, {
      timeout: ANSWER_MS,
    });
  }

  freeze() {
    this._process.kill("SIGSTOP");
  }

  resume() {
    this._process.kill("SIGCONT");
  }

  async kill() {
    this.to = Math.min(this.to, Date.now());
    if (!this.hasEnded) this._process.kill("SIGKILL");
    await this.exited;
  }

  /** Ends of itself, or else is ended. */
  async die() {
    await within(this.exited, "", { timeout: DEATH_MS }).catch(() => {});
    await this.kill();
  }

  /** Takes its leave. One of ours has to end by itself then, and well. */
  async close() {
    this.to = Date.now();
    this.saidGoodbye = true;
    const closed = this.call("close");
    if (!this.isNative) {
      // it may wait for connections that are never given back
      await Promise.race([closed, delay(DEATH_MS, undefined, { ref: false })]);
      return this.kill();
    }
    await closed;
    const [code, signal] = await within(this.exited, `${this.name} ended`, {
      timeout: ANSWER_MS,
    });
    if (code !== 0) {
      throw new Error(
        `${this.name} ended with ${code ?? signal}\n${this.stderr}`,
      );
    }
  }
}

module.exports = { SoakNode };
