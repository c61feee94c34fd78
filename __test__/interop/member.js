"use strict";

// A server of a mixed cluster, seen from the test.

const { fork } = require("node:child_process");
const { once: onceEmitted } = require("node:events");
const path = require("node:path");

const { Manager } = require("socket.io-client");

const { once, until, within } = require("../support/wait.js");

/** @typedef {import("../support/server.js").ClientSocket} ClientSocket */
/** @typedef {import("./member-server.js").MemberOptions} MemberOptions */
/** @typedef {import("./member-server.js").Target} Target */

const PROCESS = path.join(__dirname, "member-process.js");

class Member {
  /**
   * @param {MemberOptions} options
   * @param {string} [script] what runs
   */
  constructor(options, script = PROCESS) {
    this.name = options.name;
    this.kind = options.kind;
    this.url = "";
    /** @type {{ namespace: string, event: string, args: any[] }[]} server-side events */
    this.heard = [];
    /** @type {string[]} what was reported to the adapter's `errorHandler` */
    this.errors = [];
    /** @type {ClientSocket[]} those that stay */
    this.clients = [];
    /** @type {Set<Manager>} */
    this._managers = new Set();
    this._calls = 0;
    this._stderr = "";
    this._process = fork(script, [JSON.stringify(options)], {
      serialization: "advanced", // binary values cross as they are
      stdio: ["ignore", "inherit", "pipe", "ipc"],
      execArgv: [],
    });
    this._process.stderr?.on("data", (chunk) => (this._stderr += chunk));
    this._process.on("message", (/** @type {any} */ news) => {
      if (news.heard) this.heard.push(news.heard);
      if (news.error) this.errors.push(news.error);
    });
    this.exited = onceEmitted(this._process, "exit");
  }

  /**
   * @param {string} command a method of MemberServer
   * @param {...any} args
   * @returns {Promise<any>}
   */
  call(command, ...args) {
    const id = (this._calls += 1);
    const answer = new Promise((resolve, reject) => {
      /** @param {any} message */
      const onMessage = (message) => {
        if (message.id !== id) return;
        finish();
        if (message.failure === undefined) resolve(message.result);
        else reject(new Error(`${this.name}: ${message.failure}`));
      };
      const onExit = () => {
        finish();
        reject(
          new Error(`${this.name} ended during "${command}"\n${this._stderr}`),
        );
      };
      const finish = () => {
        this._process.off("message", onMessage);
        this._process.off("exit", onExit);
      };
      this._process.on("message", onMessage);
      this._process.on("exit", onExit);
      this._process.send({ id, command, args });
    });
    return within(answer, `an answer of ${this.name} to "${command}"`);
  }

  /**
   * @param {Target} target
   * @param {string} event
   * @param {...any} args
   * @returns {Promise<void>}
   */
  emit(target, event, ...args) {
    return this.call("emit", target, event, ...args);
  }

  /**
   * @param {string} [namespace]
   * @param {{ auth?: Record<string, unknown>, query?: Record<string, string> }} [options]
   * @returns {Promise<ClientSocket>}
   */
  async connect(namespace = "/", { auth, query } = {}) {
    const manager = new Manager(this.url, {
      transports: ["websocket"],
      reconnection: false,
      autoConnect: false,
      query,
    });
    this._managers.add(manager);
    const client = manager.socket(namespace, { auth });
    client.connect();
    await once(client, "connect");
    await until(() => this.call("hasSocket", namespace, client.id), {
      message: `${client.id} known to ${this.name}`,
    });
    return client;
  }

  _closeClients() {
    this._managers.forEach((manager) => manager._close());
    this._managers.clear();
  }

  /**
   * Leaves in good order. The process of ours has to end by itself; that of the JavaScript adapter is kept for as long as
   * acknowledgements could have come.
   *
   * @returns {Promise<number>} how many numbered broadcasts it sent
   */
  async close() {
    const sent = await this.call("close");
    this._closeClients();
    if (this.kind !== "native") this._process.kill("SIGKILL");
    await within(this.exited, `the process of ${this.name} ended`);
    return sent;
  }

  /** Dies without a word; nothing happens if it is dead already. */
  async kill() {
    this._closeClients();
    this._process.kill("SIGKILL");
    await this.exited;
  }
}

/**
 * @param {MemberOptions} options
 * @param {string} [script] what its process runs
 * @returns {Promise<Member>} one that clients can connect to
 */
async function startMember(options, script) {
  const member = new Member(options, script);
  try {
    member.url = await member.call("listen");
    return member;
  } catch (err) {
    await member.kill();
    throw err;
  }
}

module.exports = { Member, startMember };
