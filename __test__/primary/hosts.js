"use strict";

// Primaries with their workers, seen from the test.

const { fork } = require("node:child_process");
const { once: onceEmitted } = require("node:events");
const path = require("node:path");

const { Manager } = require("socket.io-client");

const { startMember } = require("../interop/member.js");
const { once, until, within } = require("../support/wait.js");

/** @typedef {import("./host-primary.js").HostOptions} HostOptions */
/** @typedef {import("../support/server.js").ClientSocket} ClientSocket */
/** @typedef {import("../interop/member-server.js").Target} Target */
/** @typedef {import("../interop/member-server.js").MemberOptions} MemberOptions */
/** @typedef {{ after: (close: () => Promise<void>) => void }} Hooks where what is to be closed is named */

/**
 * What tests need of a server, worker or not.
 *
 * @typedef {object} AnyServer
 * @property {string} name
 * @property {ClientSocket[]} clients
 * @property {(command: string, ...args: any[]) => Promise<any>} call
 */

class Worker {
  /**
   * @param {Host} host
   * @param {number} id
   */
  constructor(host, id) {
    this.name = `${host.name}, worker ${id}`;
    this.id = id;
    this.url = "";
    /** @type {any[]} server-side events */
    this.heard = [];
    /** @type {any[]} messages of the cluster that the primary sent to it */
    this.received = [];
    /** @type {ClientSocket[]} */
    this.clients = [];
    this._host = host;
    /** @type {Manager[]} */
    this._managers = [];
  }

  /**
   * @param {string} command a method of WorkerServer
   * @param {...any} args
   * @returns {Promise<any>}
   */
  call(command, ...args) {
    return this._host.exchange(this.name, command, args, (order) =>
      this._host.post("send", [this.id, { order }]),
    );
  }

  /**
   * Tells it something to which it cannot answer.
   *
   * @param {string} command
   * @param {...any} args
   */
  post(command, ...args) {
    this._host.post("send", [this.id, { order: { command, args } }]);
  }

  /**
   * @param {Target} target
   * @param {string} event
   * @param {...any} args
   */
  emit(target, event, ...args) {
    return this.call("emit", target, event, ...args);
  }

  /**
   * @param {string} [namespace]
   * @returns {Promise<ClientSocket>}
   */
  async connect(namespace = "/") {
    const manager = new Manager(this.url, {
      transports: ["websocket"],
      reconnection: false,
      autoConnect: false,
    });
    this._managers.push(manager);
    const client = manager.socket(namespace);
    client.connect();
    await once(client, "connect");
    await until(() => this.call("hasSocket", namespace, client.id), {
      message: `${client.id} known to ${this.name}`,
    });
    return client;
  }

  closeClients() {
    this._managers.forEach((manager) => manager._close());
  }

  /** Dies without a word. */
  async kill() {
    this.closeClients();
    await this._host.call("killWorker", this.id);
  }
}

class Host {
  /**
   * @param {HostOptions} options
   * @param {"host.js" | "host.mjs"} [script]
   */
  constructor(options, script = "host.js") {
    this.name = options.name;
    this.stderr = "";
    /** @type {Worker[]} */
    this.workers = [];
    /** @type {string[]} what the errorHandler got */
    this.errors = [];
    this._calls = 0;
    /** @type {Map<number, (reply: any) => void>} */
    this._waiting = new Map();
    this._process = fork(
      path.join(__dirname, script),
      [JSON.stringify(options)],
      {
        serialization: "advanced",
        stdio: ["ignore", "inherit", "pipe", "ipc"],
        execArgv: [],
      },
    );
    this._process.stderr?.on("data", (chunk) => (this.stderr += chunk));
    this._process.on("message", (/** @type {any} */ news) => this._hear(news));
    this.exited = onceEmitted(this._process, "exit");
  }

  /** @param {any} news */
  _hear(news) {
    if (news.id !== undefined) {
      this._waiting.get(news.id)?.(news);
    } else if (news.worker !== undefined) {
      const worker = this.workers.find(({ id }) => id === news.worker);
      if (news.heard) worker?.heard.push(news.heard);
      if (news.received) worker?.received.push(news.received);
    } else if (news.error) {
      this.errors.push(news.error);
    }
  }

  /**
   * @param {string} command
   * @param {any[]} args
   * @param {number} [id]
   */
  post(command, args, id) {
    this._process.send({ id, command, args });
  }

  /**
   * Asks, and waits for the answer.
   *
   * @param {string} who
   * @param {string} command
   * @param {any[]} args
   * @param {(request: { id: number, command: string, args: any[] }) => void} send
   * @returns {Promise<any>}
   */
  async exchange(who, command, args, send) {
    const id = (this._calls += 1);
    const reply = new Promise((resolve) => this._waiting.set(id, resolve));
    send({ id, command, args });
    const { result, failure } = await within(
      Promise.race([reply, this.exited.then(() => ({ failure: "it ended" }))]),
      `an answer of ${who} to "${command}" ${this.stderr}`,
    );
    this._waiting.delete(id);
    if (failure !== undefined) {
      throw new Error(`${who}: ${command}: ${failure}\n${this.stderr}`);
    }
    return result;
  }

  /**
   * @param {string} command a method of HostPrimary
   * @param {...any} args
   * @returns {Promise<any>}
   */
  call(command, ...args) {
    return this.exchange(this.name, command, args, (request) =>
      this.post(request.command, request.args, request.id),
    );
  }

  /** @param {number} [clients] in the main namespace */
  async addWorker(clients = 1) {
    const worker = new Worker(this, await this.call("fork"));
    this.workers.push(worker);
    worker.url = await worker.call("listen");
    for (let i = 0; i < clients; i += 1) {
      worker.clients.push(await worker.connect());
    }
    return worker;
  }

  /** Ends everything in good order. */
  async end() {
    this.workers.forEach((worker) => worker.closeClients());
    await this.call("end");
    await within(this.exited, `the process of ${this.name} ended`);
  }

  /** Dies without a word, and the workers with it; nothing happens if it is dead already. */
  async kill() {
    this.workers.forEach((worker) => worker.closeClients());
    this._process.kill("SIGKILL");
    await this.exited;
  }
}

/**
 * @param {Hooks} t which kills it
 * @param {HostOptions & { workers?: number, esm?: boolean, clients?: number }} options
 * @returns {Promise<Host>}
 */
async function startHost(t, { workers = 2, esm, clients, ...options }) {
  const host = new Host(options, esm ? "host.mjs" : "host.js");
  t.after(() => host.kill());
  await host.call("setup");
  await Promise.all(
    Array.from({ length: workers }, () => host.addWorker(clients)),
  );
  return host;
}

/**
 * A server that is no worker, with a client.
 *
 * @param {Hooks} t which kills it
 * @param {Omit<MemberOptions, "name">} options
 */
async function plainServer(t, options) {
  const server = await startMember({
    name: `plain ${options.kind}`,
    ...options,
  });
  t.after(() => server.kill());
  server.clients.push(await server.connect());
  return server;
}

/**
 * For what lasts for all the tests of a file.
 *
 * @param {import("../support/postgres.js").TestDatabase} database
 * @returns {Hooks}
 */
function useHooks(database) {
  return { after: (close) => database.closeFirst(close) };
}

/**
 * Waits until every server sees all of them.
 *
 * @param {AnyServer[]} servers
 * @param {{ namespace?: string, timeout?: number, count?: number }} [options]
 */
async function untilAcquainted(
  servers,
  { namespace = "/", timeout, count = servers.length } = {},
) {
  /** @type {number[]} */
  let counts = [];
  await until(
    async () => {
      counts = await Promise.all(
        servers.map((server) => server.call("serverCount", namespace)),
      );
      return counts.every((seen) => seen === count);
    },
    {
      timeout,
      message: () =>
        `${servers.map(({ name }) => name)} see ${count} servers; they see ${counts}`,
    },
  );
}

let fences = 0;

/**
 * Waits until something that a server sends has reached every client: what was sent before and did not arrive by then
 * does not come.
 *
 * @param {AnyServer[]} servers
 * @param {AnyServer} from
 */
async function fence(servers, from) {
  const event = `fence ${(fences += 1)}`;
  const clients = servers.flatMap((server) => server.clients);
  let missing = clients.length;
  clients.forEach((client) => client.once(event, () => (missing -= 1)));
  await from.call("emit", {}, event, Buffer.from("by the table, as well"));
  await until(() => missing === 0, {
    message: () => `${missing} clients at the fence of ${from.name}`,
  });
}

module.exports = {
  fence,
  Host,
  plainServer,
  startHost,
  until,
  untilAcquainted,
  useHooks,
  Worker,
};
