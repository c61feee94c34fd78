"use strict";

// Servers of several kinds in one cluster, with their clients.

const { before, beforeEach } = require("node:test");

const { until } = require("../support/wait.js");
const { CREATE_TABLE } = require("./adapters.js");
const { startMember } = require("./member.js");

/** @typedef {import("./adapters.js").Kind} Kind */
/** @typedef {import("./member.js").Member} Member */
/** @typedef {import("../support/server.js").ClientSocket} ClientSocket */

/**
 * The JavaScript adapter greets the others before it listens, so that it can miss their answers: it learns of them by
 * their next heartbeat.
 */
const HEARTBEATS = { heartbeatInterval: 200 };

/**
 * @typedef {object} MixedOptions
 * @property {string[]} [namespaces] beside the main one
 * @property {(index: number) => string[]} [namespacesOf] of one server
 * @property {(index: number) => string | undefined} [socketIoOf] what one server loads as Socket.IO
 * @property {(index: number) => string | undefined} [scriptOf] what the process of one server runs
 * @property {import("../support/adapter.js").AdapterOptions} [options] of every adapter
 * @property {number} [clientsPerServer] in the main namespace
 * @property {(client: ClientSocket) => void} [onClient] called with each of them
 */

class MixedCluster {
  /**
   * @param {import("../support/postgres.js").TestDatabase} database
   * @param {MixedOptions} options
   */
  constructor(database, options) {
    this._database = database;
    this._options = options;
    this._fences = 0;
    this._started = 0;
    /** @type {Member[]} */
    this.members = [];
  }

  /** @returns {ClientSocket[]} those of the first server first */
  get clients() {
    return this.members.flatMap((member) => member.clients);
  }

  /**
   * @param {number} index
   * @returns {Member}
   */
  member(index) {
    const member = this.members[index];
    if (!member) throw new RangeError(`number ${index}`);
    return member;
  }

  /**
   * @param {ClientSocket} client
   * @returns {Member} the server that it is connected to
   */
  serverOf(client) {
    const found = this.members.find(({ clients }) => clients.includes(client));
    if (!found) throw new RangeError(`no server of ${client.id}`);
    return found;
  }

  /**
   * One more server, with its clients; the others need not know it yet.
   *
   * @param {Kind} kind
   * @returns {Promise<Member>}
   */
  async add(kind) {
    const index = this._started;
    this._started += 1;
    const { options, namespaces, namespacesOf, socketIoOf, scriptOf } =
      this._options;
    const member = await startMember(
      {
        name: `${kind} #${index}`,
        kind,
        connectionString: this._database.connectionString,
        options: { ...HEARTBEATS, ...options },
        namespaces: namespacesOf?.(index) ?? namespaces,
        socketIo: socketIoOf?.(index),
      },
      scriptOf?.(index),
    );
    this.members.push(member);
    await this._addClients(member);
    return member;
  }

  /** @param {Member} member */
  async _addClients(member) {
    const { clientsPerServer = 0, onClient } = this._options;
    for (let i = 0; i < clientsPerServer; i += 1) {
      const client = await member.connect("/", {
        auth: { data: { of: member.name, number: i } },
        query: { number: String(i) },
      });
      onClient?.(client);
      member.clients.push(client);
    }
  }

  /**
   * Takes a server out of the list; closing or killing it is up to the caller.
   *
   * @param {Member} member
   */
  remove(member) {
    this.members = this.members.filter((other) => other !== member);
  }

  /**
   * Waits until every server sees all of them.
   *
   * @param {{ namespace?: string, members?: Member[], timeout?: number }} [options]
   */
  async untilAcquainted({
    namespace = "/",
    members = this.members,
    timeout,
  } = {}) {
    /** @type {number[]} */
    let counts = [];
    const countAll = () =>
      Promise.all(
        members.map((member) => member.call("serverCount", namespace)),
      );
    await until(
      async () => {
        counts = await countAll();
        return counts.every((count) => count === members.length);
      },
      {
        timeout,
        message: () =>
          `${members.map(({ name }) => name)} in ${namespace} see ${members.length} servers; they see ${counts}`,
      },
    );
  }

  /**
   * Waits until a broadcast has passed. What another server was seen to receive before was committed before, so by now
   * it has reached everybody it was meant for: PostgreSQL delivers in the order of the commits. That is no promise for
   * attachments, which servers of the JavaScript adapter fetch in no order.
   *
   * @param {Member} [from]
   */
  async fence(from = this.member(0)) {
    const event = `fence ${(this._fences += 1)}`;
    const clients = this.clients.filter((client) => client.connected);
    let missing = clients.length;
    clients.forEach((client) => client.once(event, () => (missing -= 1)));
    await from.emit({}, event);
    await until(() => missing === 0, { message: "every client at the fence" });
  }

  /** Forgets the listeners and rooms of an earlier test. */
  reset() {
    this.clients.forEach((client) => client.off());
    this.members.forEach((member) => member.heard.splice(0));
  }

  /** Whatever happened, no process is left. */
  async close() {
    await Promise.all(this.members.map((member) => member.kill()));
  }
}

/**
 * @param {import("../support/postgres.js").TestDatabase} database
 * @param {Kind[]} kinds
 * @param {MixedOptions} [options]
 * @returns {Promise<MixedCluster>} all of whose servers know each other
 */
async function startMixedCluster(database, kinds, options = {}) {
  await database.query(CREATE_TABLE);
  const cluster = new MixedCluster(database, {
    clientsPerServer: 2,
    ...options,
  });
  try {
    for (const kind of kinds) await cluster.add(kind);
    await cluster.untilAcquainted();
    for (const namespace of options.namespaces ?? []) {
      await cluster.untilAcquainted({ namespace });
    }
    return cluster;
  } catch (err) {
    await cluster.close();
    throw err;
  }
}

/**
 * A cluster for one test.
 *
 * @param {import("node:test").TestContext} t
 * @param {import("../support/postgres.js").TestDatabase} database
 * @param {Kind[]} kinds
 * @param {MixedOptions} [options]
 */
async function mixedClusterFor(t, database, kinds, options) {
  const cluster = await startMixedCluster(database, kinds, options);
  t.after(() => cluster.close());
  return cluster;
}

/**
 * A cluster for the tests of a suite.
 *
 * @param {import("../support/postgres.js").TestDatabase} database
 * @param {Kind[]} kinds
 * @param {MixedOptions} [options]
 * @returns {() => MixedCluster} for use while tests run
 */
function useMixedCluster(database, kinds, options) {
  /** @type {MixedCluster | undefined} */
  let cluster;
  before(async () => {
    cluster = await startMixedCluster(database, kinds, options);
    database.closeFirst(cluster.close.bind(cluster));
  });
  beforeEach(() => cluster?.reset());
  return () => {
    if (!cluster) throw new Error("the cluster exists only while tests run");
    return cluster;
  };
}

module.exports = {
  MixedCluster,
  mixedClusterFor,
  startMixedCluster,
  useMixedCluster,
};
