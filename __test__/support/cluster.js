"use strict";

// Several servers that know each other, with their clients.

const { before, beforeEach } = require("node:test");

const { isReference, prepareTable } = require("./adapter.js");
const { TestServer } = require("./server.js");
const { until } = require("./wait.js");

/** @typedef {import("./server.js").ClientSocket} ClientSocket */

/**
 * @typedef {object} ClusterOptions
 * @property {number} [servers]
 * @property {number} [clientsPerServer] in the main namespace
 * @property {import("./adapter.js").AdapterOptions} [options] of every adapter
 * @property {(index: number) => import("./adapter.js").AdapterOptions} [optionsOf] of one adapter, over the common ones
 * @property {import("pg").PoolConfig} [pool]
 * @property {Partial<import("socket.io").ServerOptions>} [io]
 * @property {(string | RegExp)[]} [namespaces] beside the main one
 */

/** How often a server of the reference is made to introduce itself again, in milliseconds. */
const INTRODUCTION_INTERVAL_MS = 50;

/**
 * Waits until every server sees this many servers in a namespace. The reference greets the others before it listens and
 * so misses their answers until their next heartbeat: it is made to greet again. This package has to get it right alone.
 * @param {TestServer[]} servers
 * @param {{ namespace?: string, count?: number }} [options]
 */
async function untilAcquainted(
  servers,
  { namespace = "/", count = servers.length } = {},
) {
  const timer =
    isReference &&
    setInterval(() => {
      servers.forEach((server) => server.adapter(namespace).init());
    }, INTRODUCTION_INTERVAL_MS);
  /** @type {number[]} */
  let counts = [];
  try {
    await until(
      async () => {
        counts = await Promise.all(
          servers.map((server) => server.adapter(namespace).serverCount()),
        );
        return counts.every((seen) => seen === count);
      },
      { message: () => `${count} servers in ${namespace}, seen: ${counts}` },
    );
  } finally {
    if (timer) {
      clearInterval(timer);
    }
  }
}

class Cluster {
  /**
   * @param {import("./postgres.js").TestDatabase} database
   * @param {import("./server.js").ServerOptions} serverOptions
   */
  constructor(database, serverOptions) {
    this.database = database;
    /** @type {TestServer[]} */
    this.servers = [];
    /** @type {ClientSocket[]} those of the first server first */
    this.clients = [];
    this._serverOptions = serverOptions;
    this._fences = 0;
  }

  /**
   * @param {number} index
   * @returns {TestServer}
   */
  server(index) {
    return at(this.servers, index);
  }

  /**
   * @param {number} index
   * @returns {import("socket.io").Server}
   */
  io(index) {
    return this.server(index).io;
  }

  /**
   * @param {number} index
   * @returns {ClientSocket}
   */
  client(index) {
    return at(this.clients, index);
  }

  /**
   * @param {number} index
   * @returns {import("socket.io").Socket} the server's side of a client
   */
  socket(index) {
    const perServer = this.clients.length / this.servers.length;
    const server = this.server(Math.floor(index / perServer));
    return server.socketOf(this.client(index));
  }

  /**
   * Waits until everything that a server sent before has reached the clients: what did not arrive by then does not come.
   * @param {number} [from] the server
   */
  async fence(from = 0) {
    // on the reference once for what was sent and once for what was then fetched
    for (let round = 0; round < (isReference ? 2 : 1); round += 1) {
      await Promise.all(this.servers.map((server) => server.untilQuiet()));
      await this._passFence(from);
    }
  }

  /** @param {number} from */
  async _passFence(from) {
    const event = `fence ${(this._fences += 1)}`;
    let missing = this.clients.filter((client) => client.connected).length;
    this.clients.forEach((client) => client.once(event, () => (missing -= 1)));
    this.io(from).emit(event);
    await until(() => missing === 0, { message: "every client at the fence" });
  }

  /** Forgets the listeners and rooms of an earlier test. */
  async reset() {
    for (const client of this.clients) {
      client.off();
    }
    for (const { io } of this.servers) {
      io.removeAllListeners();
      for (const socket of io.of("/").sockets.values()) {
        socket.removeAllListeners();
        [...socket.rooms]
          .filter((room) => room !== socket.id)
          .forEach((room) => socket.leave(room));
      }
    }
  }

  /**
   * One more server, known to the others.
   * @param {import("./adapter.js").AdapterOptions} [options] of its adapter, over those of the cluster
   * @returns {Promise<TestServer>}
   */
  async addServer(options) {
    const server = new TestServer({
      ...this._serverOptions,
      options: { ...this._serverOptions.options, ...options },
    });
    this.servers.push(server);
    await server.listen();
    await server.untilListening();
    await untilAcquainted(this.servers);
    return server;
  }

  /** Closes everything; whether a session is left behind shows when the database is dropped. */
  async close() {
    await Promise.all(this.servers.map((server) => server.close()));
  }
}

/**
 * @template T
 * @param {T[]} list
 * @param {number} index
 * @returns {T}
 */
function at(list, index) {
  const item = list[index];
  if (item === undefined) {
    throw new RangeError(`number ${index} of ${list.length}`);
  }
  return item;
}

/**
 * @param {import("./postgres.js").TestDatabase} database
 * @param {ClusterOptions} [options]
 * @returns {Promise<Cluster>}
 */
async function startCluster(
  database,
  {
    servers: count = 3,
    clientsPerServer = 1,
    options,
    optionsOf,
    ...rest
  } = {},
) {
  if (!options?.tableName) {
    await prepareTable(database);
  }
  const serverOptions = {
    connectionString: database.connectionString,
    options,
    ...rest,
  };
  const cluster = new Cluster(database, serverOptions);
  for (let index = 0; index < count; index += 1) {
    const own = { ...options, ...optionsOf?.(index) };
    cluster.servers.push(new TestServer({ ...serverOptions, options: own }));
  }
  const { servers } = cluster;
  try {
    await Promise.all(servers.map((server) => server.listen()));
    await Promise.all(servers.map((server) => server.untilListening()));
    const named = (rest.namespaces ?? []).filter(
      (name) => typeof name === "string",
    );
    for (const namespace of ["/", ...named]) {
      await untilAcquainted(servers, { namespace });
    }
    for (const server of servers) {
      for (let i = 0; i < clientsPerServer; i += 1) {
        cluster.clients.push(await server.connect());
      }
    }
    return cluster;
  } catch (err) {
    await cluster.close();
    throw err;
  }
}

/**
 * A cluster for one test.
 * @param {import("node:test").TestContext} t
 * @param {import("./postgres.js").TestDatabase} database
 * @param {ClusterOptions} [options]
 * @returns {Promise<Cluster>}
 */
async function clusterFor(t, database, options) {
  const cluster = await startCluster(database, options);
  t.after(() => cluster.close());
  return cluster;
}

/**
 * A cluster for the tests of a suite, reset before each of them.
 * @param {import("./postgres.js").TestDatabase} database
 * @param {ClusterOptions} [options]
 * @returns {Cluster}
 */
function useCluster(database, options) {
  /** @type {Cluster | undefined} */
  let cluster;
  before(async () => {
    cluster = await startCluster(database, options);
    database.closeFirst(cluster.close.bind(cluster));
  });
  beforeEach(() => cluster?.reset());
  // the tests hold it before it exists
  return new Proxy(/** @type {Cluster} */ ({}), {
    get(_target, key) {
      if (!cluster) {
        throw new Error("the cluster exists only while tests run");
      }
      const value = Reflect.get(cluster, key);
      return typeof value === "function" ? value.bind(cluster) : value;
    },
  });
}

module.exports = {
  Cluster,
  clusterFor,
  startCluster,
  untilAcquainted,
  useCluster,
};
