"use strict";

// A fresh database for each test file, on one server for the whole run (TEST_DATABASE_URL) or on one of its own.

const { randomBytes } = require("node:crypto");
const { after, before } = require("node:test");

const { Client } = require("pg");

const { startPostgres } = require("../../scripts/embedded-postgres.js");
const { until } = require("./wait.js");

/** @type {Promise<import("../../scripts/embedded-postgres.js").EmbeddedPostgres> | undefined} */
let ownServer;

/** A server that lasts until this process has nothing more to do, or dies. */
async function startOwnServer() {
  const server = await startPostgres();
  process.once("beforeExit", () => server.dispose());
  return server;
}

/** @returns {Promise<string>} the connection string of a server on which databases can be created */
async function serverUrl() {
  if (process.env.TEST_DATABASE_URL) {
    return process.env.TEST_DATABASE_URL;
  }
  ownServer ??= startOwnServer();
  return (await ownServer).connectionString;
}

/** @param {string} connectionString */
async function connect(connectionString) {
  const client = new Client({ connectionString });
  // a server that is stopped on purpose says so to idle sessions too
  client.on("error", () => {});
  await client.connect();
  return client;
}

/** One database and a session to watch it with. */
class TestDatabase {
  /**
   * @param {string} name
   * @param {string} connectionString
   * @param {Client} admin
   */
  constructor(name, connectionString, admin) {
    this.name = name;
    this.connectionString = connectionString;
    this._admin = admin;
    /** @type {(() => Promise<void>)[]} */
    this._users = [];
  }

  /**
   * Something that has to be closed before the database can go: hooks run in the order of their registration, and the
   * database was there first.
   * @param {() => Promise<void>} close
   */
  closeFirst(close) {
    this._users.push(close);
  }

  /**
   * @param {string} sql
   * @param {unknown[]} [values]
   * @returns {Promise<any[]>} the rows
   */
  async query(sql, values) {
    return (await this._admin.query(sql, values)).rows;
  }

  /** @returns {Promise<number>} sessions of others in this database */
  async sessionCount() {
    const [{ count }] = await this.query(
      `SELECT count(*)::int AS count FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`,
    );
    return count;
  }

  /** Waits until every session of others is closed. */
  async untilUnused() {
    await until(async () => (await this.sessionCount()) === 0, {
      message: `every session of database ${this.name} closed`,
    });
  }

  /** Drops the database; sessions left behind fail. */
  async dispose() {
    try {
      await Promise.all(this._users.map((close) => close()));
      await this.untilUnused();
    } finally {
      await this._admin.end();
      const admin = await connect(await serverUrl());
      await admin.query(`DROP DATABASE "${this.name}" WITH (FORCE)`);
      await admin.end();
    }
  }
}

/**
 * @param {{ encoding?: string }} [options] PostgreSQL's own by default
 * @returns {Promise<TestDatabase>}
 */
async function createDatabase({ encoding } = {}) {
  const url = new URL(await serverUrl());
  const name = `test_${randomBytes(6).toString("hex")}`;
  const creator = await connect(url.href);
  const properties = encoding
    ? `ENCODING '${encoding}' LOCALE 'C' TEMPLATE template0`
    : "";
  await creator.query(`CREATE DATABASE "${name}" ${properties}`);
  await creator.end();
  url.pathname = `/${name}`;
  return new TestDatabase(name, url.href, await connect(url.href));
}

/**
 * A database for the tests of a suite, made before them and dropped after them.
 * @param {{ encoding?: string }} [options]
 * @returns {TestDatabase}
 */
function useDatabase(options) {
  /** @type {TestDatabase | undefined} */
  let database;
  before(async () => {
    database = await createDatabase(options);
  });
  after(() => database?.dispose());
  // the tests hold it before it exists
  return new Proxy(/** @type {TestDatabase} */ ({}), {
    get(_target, key) {
      if (!database) {
        throw new Error("the database exists only while tests run");
      }
      const value = Reflect.get(database, key);
      return typeof value === "function" ? value.bind(database) : value;
    },
  });
}

module.exports = { createDatabase, TestDatabase, useDatabase };
