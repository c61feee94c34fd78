"use strict";

const { PostgresAdapterError } = require("./errors.js");
const { readPassword } = require("./password.js");
const { createClient, readSource } = require("./pg-client.js");
const { readClientKey, readTls } = require("./tls-config.js");
const { judge } = require("./tls-verdict.js");

/**
 * The most rounds of a password hash that the engine does, whatever the settings allow; the default of `pg`. PostgreSQL
 * asks for 4,096 unless it is told otherwise.
 */
const MOST_ITERATIONS = 100_000;

/** @typedef {import('./pg-client.js').Client} Client */
/** @typedef {import('./pg-client.js').ConnectionParameters} ConnectionParameters */

/**
 * The settings of a connection, in the form that the native engine takes (JSON).
 *
 * @typedef {object} ConnectionConfig
 * @property {{ host: string, port: number }[]} hosts names, addresses, or folders of sockets (start with `/`)
 * @property {string} user
 * @property {string} database
 * @property {string | null} applicationName
 * @property {string | null} options command-line options for the server process
 * @property {number | null} connectTimeoutMs
 * @property {number | null} statementTimeoutMs
 * @property {number | null} lockTimeoutMs
 * @property {number | null} idleInTransactionTimeoutMs
 * @property {boolean} keepAlive
 * @property {'postgres' | 'direct'} sslNegotiation
 * @property {boolean} channelBinding
 * @property {number} scramMaxIterations the most rounds of the password hash that a server may ask for
 * @property {import('./tls-config.js').TlsConfig | null} tls
 */

/**
 * How to connect, and who is to be asked while that is done.
 *
 * @typedef {object} ConnectionSource
 * @property {ConnectionConfig} config
 * @property {() => Buffer | null} clientKey the key of the client's certificate (PKCS #8, DER), to be wiped after use
 * @property {() => Promise<string | null>} password to be called at each connect
 * @property {(question: import('./tls-verdict.js').Question) => Promise<import('./tls-verdict.js').Verdict>} judge
 *   whether `pg` would accept the certificate of a server
 */

/**
 * Reads how to connect, as `pg` itself would: its environment variables, defaults and parsing of connection strings
 * apply, because it is `pg` that is asked. No connection is made and none of the pool's is used.
 *
 * @param {unknown} target a `pg.Pool`, a connection string, or the settings of a `pg` client
 * @returns {ConnectionSource}
 * @throws {TypeError} when `target` is none of these
 * @throws {PostgresAdapterError} when a setting is unusable (`ERR_OPTIONS`), is one that the native engine cannot
 *   honour (`ERR_UNSUPPORTED_CONFIG`), or `pg` is needed and not installed (`ERR_MISSING_PG`)
 */
function readConnection(target) {
  const source = readSource(target);
  const client = createClient(source);
  const config = readConfig(client, source.settings);
  return {
    config,
    // read when it is needed: it is not to lie about meanwhile
    clientKey: () => readClientKey(createClient(source)),
    password: async () => readPassword(createClient(source)),
    judge: async (question) => judge(createJudge(source), question),
  };
}

/**
 * @param {import('./pg-client.js').Source} source
 * @returns {Client} one whose settings the engine can still follow
 */
function createJudge(source) {
  const client = createClient(source);
  readTls(client);
  return client;
}

/**
 * @param {Client} client
 * @param {string | Record<string, any>} settings
 * @returns {ConnectionConfig}
 */
function readConfig(client, settings) {
  const parameters = client.connectionParameters;
  const user = readUser(parameters);
  const hosts = readHosts(parameters);
  const database = text(parameters.database) ?? user;
  refuseName("user", user);
  refuseName("database", database);
  return {
    hosts,
    user,
    database,
    applicationName:
      text(parameters.application_name) ??
      text(parameters.fallback_application_name),
    options: text(parameters.options),
    connectTimeoutMs: readConnectTimeout(client, settings),
    statementTimeoutMs: milliseconds(parameters.statement_timeout),
    lockTimeoutMs: milliseconds(parameters.lock_timeout),
    idleInTransactionTimeoutMs: milliseconds(
      parameters.idle_in_transaction_session_timeout,
    ),
    // Without probes a connection that only listens never notices a dead peer, so it takes an explicit no.
    keepAlive: parameters.keepalives !== 0,
    sslNegotiation: client.sslNegotiation === "direct" ? "direct" : "postgres",
    channelBinding: Boolean(client.enableChannelBinding),
    scramMaxIterations: readMaxIterations(client.scramMaxIterations),
    tls: readTls(client),
  };
}

/** @param {ConnectionParameters} parameters */
function readUser(parameters) {
  const user = text(parameters.user);
  if (user !== null) return user;
  throw new PostgresAdapterError(
    "ERR_OPTIONS",
    'the connection settings name no user: set "user" or the environment variable PGUSER, or pass a connection ' +
      "string such as postgres://user:password@host:5432/database",
  );
}

/**
 * A URL in the place of a name has a password that would stand in messages.
 *
 * @param {string} setting
 * @param {string} name
 */
function refuseName(setting, name) {
  if (name !== "" && !name.includes("\0") && !/:\/\/|:.*@/.test(name)) return;
  throw new PostgresAdapterError(
    "ERR_OPTIONS",
    `the setting "${setting}" must be a name, and is empty, a URL or has a NUL character; a URL goes into ` +
      '"connectionString"',
  );
}

/**
 * `pg` knows one host only; a list (`a,b`), which it would take for one odd name, is what libpq takes it for: the
 * servers among which the primary is to be found. They are on one port, or bring their own (`a:5433,[::1]:5434`).
 *
 * @param {ConnectionParameters} parameters
 */
function readHosts({ host, port: given }) {
  const port = readPort(given);
  const places = host.startsWith("/") ? [host] : host.split(",");
  return places.map((place) => readHost(place.trim(), port));
}

/**
 * @param {string} place a host, with or without a port; an address with colons has one in brackets only
 * @param {number} port where it has none
 */
function readHost(place, port) {
  const [, address, name, own] =
    /^(?:\[(.+)\]|([^:/]+))(?::(\d+))?$/.exec(place) ?? [];
  const host = address ?? name ?? place;
  refuseName("host", host);
  return { host, port: own === undefined ? port : readPort(Number(own)) };
}

/** @param {number} port */
function readPort(port) {
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new PostgresAdapterError(
    "ERR_OPTIONS",
    `the port of the server must be an integer from 1 to 65535, got ${port}`,
  );
}

/**
 * @param {number | undefined} limit as `pg` understands it: 0 is none; older versions do not have it
 */
function readMaxIterations(limit) {
  return Math.floor(
    Math.min(Math.max(limit || MOST_ITERATIONS, 1), MOST_ITERATIONS),
  );
}

/**
 * @param {Client} client
 * @param {string | Record<string, any>} settings
 */
function readConnectTimeout(client, settings) {
  if (client.native) {
    return milliseconds(
      Number(client.connectionParameters.connect_timeout) * 1000,
    );
  }
  return typeof settings === "string"
    ? null
    : milliseconds(settings["connectionTimeoutMillis"]);
}

/**
 * @param {unknown} value
 * @returns {string | null} null where `pg` would leave the setting out
 */
function text(value) {
  return value ? String(value) : null;
}

/**
 * @param {unknown} value
 * @returns {number | null} null where there is no limit
 */
function milliseconds(value) {
  const number = Number.parseInt(String(value), 10);
  return number > 0 ? number : null;
}

module.exports = { readConnection };
