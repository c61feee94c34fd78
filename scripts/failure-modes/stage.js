"use strict";

// What every fault of the comparison happens to: a PostgreSQL, two servers in processes of their own, each with a way
// to the database that can be disturbed and a client, and a stream of numbers from the first server.

const path = require("node:path");
const { setTimeout: delay } = require("node:timers/promises");

const { Client } = require("pg");
const { Manager } = require("socket.io-client");

const { ChildServer } = require("../../__test__/support/child.js");
const { Proxy } = require("../../__test__/support/proxy.js");
const { once, until } = require("../../__test__/support/wait.js");
const { startPostgres } = require("../embedded-postgres.js");

const SCRIPT = path.join(__dirname, "node-process.js");
/** The same in a worker thread. */
const THREAD_SCRIPT = path.join(__dirname, "thread-host.js");

const CREATE_TABLE = `CREATE TABLE IF NOT EXISTS socket_io_attachments
  (id bigserial UNIQUE, created_at timestamptz DEFAULT NOW(), payload bytea)`;

/**
 * @typedef {object} Setting how the servers are
 * @property {import("../../__test__/support/adapter.js").AdapterOptions} [options] of the adapter
 * @property {import("pg").PoolConfig} [pool]
 * @property {boolean} [anyNamespace] clients name the namespaces
 * @property {boolean} [threads] each server is a worker thread
 * @property {number} [bulk] bytes of each tenth event, ten by default
 */

/** How long is waited for delivery to work again before it is called lost. */
const PATIENCE_MS = 40_000;
/** What has not come after so much silence does not come any more. */
const QUIET_MS = 2_000;

/** One server, its way to the database, and a client that keeps the numbers it gets. */
class Member {
  /**
   * @param {Proxy} proxy
   * @param {ChildServer} child
   */
  constructor(proxy, child) {
    this.proxy = proxy;
    this.child = child;
    /** @type {number[]} */
    this.numbers = [];
    /** What else it got: how often, by the name of the event. @type {Map<string, number>} */
    this.others = new Map();
    /** How often its server, or the transport, cut it off. */
    this.disconnects = 0;
    /** How often its Socket.IO threw. */
    this.failures = 0;
    /** How it ended, if it did. @type {string | undefined} */
    this.end = undefined;
    this._note(child.exited);
  }

  /** @param {ChildServer["exited"]} exited */
  async _note(exited) {
    const { code, signal } = await exited;
    this.end = signal ?? `exit code ${code}`;
  }

  async connectClient() {
    this._manager = new Manager(await this.child.call("listen"), {
      transports: ["websocket"],
    });
    const client = this._manager.socket("/");
    client.on("number", (number) => this.numbers.push(number));
    client.onAny((event) => {
      if (event !== "number") {
        this.others.set(event, (this.others.get(event) ?? 0) + 1);
      }
    });
    client.on("disconnect", (reason) => {
      this.disconnects += 1;
      // it does not come back by itself
      if (reason === "io server disconnect") client.connect();
    });
    this._countFailures(/** @type {any} */ (client));
    await once(client, "connect");
  }

  /**
   * A browser would have an uncaught exception.
   * @param {{ onevent(packet: unknown): void }} client
   */
  _countFailures(client) {
    const onevent = client.onevent.bind(client);
    client.onevent = (packet) => {
      try {
        onevent(packet);
      } catch {
        this.failures += 1;
      }
    };
  }

  /**
   * @param {string} namespace
   * @returns {Promise<{ arrived: Set<number>, leave(): void }>} what a client of it gets
   */
  async visit(namespace) {
    const arrived = new Set();
    const client = this._manager?.socket(namespace);
    client?.on("visited", (number) => arrived.add(number));
    if (client && !client.connected) await once(client, "connect");
    return { arrived, leave: () => client?.disconnect() };
  }

  async close() {
    this._manager?._close();
    await this.child.kill();
    await this.proxy.cut();
  }
}

class Stage {
  /** @param {import("../embedded-postgres.js").EmbeddedPostgres} postgres */
  constructor(postgres) {
    this.postgres = postgres;
    /** @type {Member[]} the one that emits, and the other */
    this.members = [];
    /** What a fault found beside the figures. @type {string[]} */
    this.notes = [];
    /** What the connection strings of the servers have of their own: `username`, for one. @type {Partial<URL>} */
    this.access = {};
    /** Where the servers get to the database, if not directly. @type {string | undefined} */
    this.gate = undefined;
    /** @type {Setting} */
    this.setting = {};
    /** What is to be ended with the stage. @type {(() => unknown)[]} */
    this.leftovers = [];
  }

  get emitter() {
    return /** @type {Member} */ (this.members[0]);
  }

  get receiver() {
    return /** @type {Member} */ (this.members[1]);
  }

  /** @param {string} adapter "native" or "reference" */
  async startMembers(adapter) {
    this._adapter = adapter;
    for (let index = 0; index < 2; index += 1) {
      this.members.push(await this.startMember());
    }
  }

  /** One more server, which is not counted among the two. */
  async startMember() {
    const proxy = new Proxy(this.gate ?? this.postgres.connectionString);
    await proxy.open();
    const { options, pool, anyNamespace, threads, bulk } = this.setting;
    const connectionString = Object.assign(
      new URL(proxy.connectionString),
      this.access,
    ).href;
    const child = new ChildServer(
      /** @type {any} */ ({
        connectionString,
        options,
        pool,
        anyNamespace,
        bulk,
      }),
      {
        script: threads ? THREAD_SCRIPT : SCRIPT,
        env: { ADAPTER: this._adapter },
      },
    );
    const member = new Member(proxy, child);
    this.leftovers.push(() => member.close());
    await member.connectClient();
    return member;
  }

  async untilAcquainted() {
    await until(
      async () => {
        await Promise.all(
          this.members.map(({ child }) => child.call("introduce")),
        );
        await delay(100);
        const counts = await Promise.all(
          this.members.map(({ child }) => child.call("serverCount")),
        );
        return counts.every((count) => count === 2);
      },
      { timeout: PATIENCE_MS, message: "two servers that know each other" },
    );
  }

  /** @returns {Promise<Client>} of the owner of the database */
  async connect() {
    const client = new Client(this.postgres.connectionString);
    client.on("error", () => {}); // a server that is stopped says so
    await client.connect();
    return client;
  }

  /**
   * @param {string} sql
   * @param {unknown[]} [values]
   */
  async query(sql, values) {
    const client = await this.connect();
    try {
      return (await client.query(sql, values)).rows;
    } finally {
      await client.end();
    }
  }

  /**
   * Notes what came of something, and how long it took.
   * @param {string} what
   * @param {() => Promise<unknown>} work
   */
  async timed(what, work) {
    const start = Date.now();
    const result = await work().catch((err) => err.message.split("\n")[0]);
    const seconds = ((Date.now() - start) / 1000).toFixed(1);
    this.notes.push(`${what}: ${result ?? "done"} after ${seconds} s`);
  }

  /**
   * A role that may use the table in some ways, and make none; the servers log in as it.
   * @param {string} privileges such as `INSERT, DELETE`; none where there is no table
   */
  async useRole(privileges = "") {
    await this.query("CREATE ROLE app LOGIN PASSWORD 'secret'");
    if (privileges) await this.grant(privileges);
    this.access = { username: "app", password: "secret" };
  }

  /** @param {string} privileges */
  async grant(privileges) {
    await this.query(`
      GRANT ${privileges} ON socket_io_attachments TO app;
      GRANT ALL ON SEQUENCE socket_io_attachments_id_seq TO app`);
  }

  /** Ends every session but the one that does it. */
  async endSessions() {
    await this.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'`,
    );
  }

  /** @returns {boolean} whether both servers still run */
  get isAlive() {
    return this.members.every(({ end }) => end === undefined);
  }

  /**
   * @returns {Promise<number | undefined>} milliseconds until something that was emitted from now on arrived
   */
  async untilDelivered() {
    const start = Date.now();
    const from = await this.emitter.child.call("sent");
    const arrived = () =>
      this.receiver.numbers.some((number) => number >= from) || !this.isAlive;
    await until(arrived, { timeout: PATIENCE_MS }).catch(() => {});
    const has = this.receiver.numbers.some((number) => number >= from);
    return has ? Date.now() - start : undefined;
  }

  /** Waits until nothing comes any more. */
  async untilQuiet() {
    for (let count = -1; count !== this.receiver.numbers.length;) {
      count = this.receiver.numbers.length;
      await delay(QUIET_MS);
    }
  }

  async close() {
    for (let end; (end = this.leftovers.pop());) await end();
    await this.postgres.dispose();
  }
}

/**
 * @param {Record<string, string>} [settings] of the PostgreSQL server
 * @returns {Promise<Stage>} without servers and without the table
 */
async function openStage(settings) {
  return new Stage(await startPostgres({ settings }));
}

module.exports = { CREATE_TABLE, Member, openStage, Stage };
