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

const CREATE_TABLE = `CREATE TABLE IF NOT EXISTS socket_io_attachments
  (id bigserial UNIQUE, created_at timestamptz DEFAULT NOW(), payload bytea)`;

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
    await once(client, "connect");
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
  }

  get emitter() {
    return /** @type {Member} */ (this.members[0]);
  }

  get receiver() {
    return /** @type {Member} */ (this.members[1]);
  }

  /** @param {string} adapter "native" or "reference" */
  async startMembers(adapter) {
    for (let index = 0; index < 2; index += 1) {
      const proxy = new Proxy(this.postgres.connectionString);
      await proxy.open();
      const { connectionString } = proxy;
      const program = { script: SCRIPT, env: { ADAPTER: adapter } };
      const child = new ChildServer({ connectionString }, program);
      const member = new Member(proxy, child);
      this.members.push(member);
      await member.connectClient();
    }
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

  /** @param {string} sql */
  async query(sql) {
    const client = new Client(this.postgres.connectionString);
    client.on("error", () => {}); // a server that is stopped says so
    await client.connect();
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
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
    await Promise.all(this.members.map((member) => member.close()));
    await this.postgres.dispose();
  }
}

/**
 * @param {Record<string, string>} [settings] of the PostgreSQL server
 * @returns {Promise<Stage>} without servers
 */
async function openStage(settings) {
  const stage = new Stage(await startPostgres({ settings }));
  await stage.query(CREATE_TABLE);
  return stage;
}

module.exports = { openStage, Stage };
