"use strict";

// One server process, as the benchmark sees it: questions and answers, and notices of how far it is.

const { fork } = require("node:child_process");
const { once } = require("node:events");
const path = require("node:path");

const MAIN = path.join(__dirname, "node", "main.js");

/** All that run, so that an interrupted benchmark can end them. @type {Set<NodeProcess>} */
const running = new Set();

class NodeProcess {
  /** @type {Map<number, { resolve: (result: any) => void, reject: (err: Error) => void }>} */
  #asked = new Map();
  #lastId = 0;
  /** @type {Error | undefined} */
  #ended;

  /**
   * @param {import("./node/main").NodeConfig} config
   * @param {{ profileFolder?: string }} options
   */
  constructor(config, { profileFolder }) {
    this.name = `${config.adapter}, ${config.receives ? "receiver" : "sender"}`;
    /** What it has received so far, as far as it has told. */
    this.received = 0;
    /** @type {() => void} */
    this.onReceived = () => {};
    const profile = profileFolder
      ? ["--cpu-prof", `--cpu-prof-dir=${profileFolder}`]
      : [];
    this.child = fork(MAIN, [JSON.stringify(config)], {
      execArgv: ["--expose-gc", ...profile],
      env: { ...process.env, NODE_ENV: "production" },
    });
    this.child.on("message", (message) => this.#onMessage(message));
    this.child.once("exit", (code, signal) => this.#onExit(code ?? signal));
    running.add(this);
  }

  /**
   * @param {string} command
   * @param {unknown} [argument]
   * @returns {Promise<any>}
   */
  ask(command, argument) {
    if (this.#ended) {
      return Promise.reject(this.#ended);
    }
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve, reject });
      this.child.send({ id, command, argument });
    });
  }

  /** Lets it end by itself, which writes its profile. */
  async close() {
    if (!this.#ended) {
      const exit = once(this.child, "exit");
      this.ask("close").catch(() => {}); // it ends instead of answering
      const timer = setTimeout(() => this.kill(), 5_000);
      await exit;
      clearTimeout(timer);
    }
  }

  kill() {
    this.child.kill("SIGKILL");
  }

  /** @param {any} message */
  #onMessage({ id, result, error, received }) {
    if (received !== undefined) {
      this.received = received;
      this.onReceived();
      return;
    }
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    if (error === undefined) {
      asked?.resolve(result);
    } else {
      asked?.reject(new Error(`${this.name}: ${error}`));
    }
  }

  /** @param {unknown} reason */
  #onExit(reason) {
    running.delete(this);
    this.#ended = new Error(`${this.name}: the process ended (${reason})`);
    for (const { reject } of this.#asked.values()) {
      reject(this.#ended);
    }
    this.#asked.clear();
  }
}

function killAll() {
  for (const node of running) {
    node.kill();
  }
}

module.exports = { NodeProcess, killAll };
