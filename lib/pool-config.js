"use strict";

const {
  PostgresAdapterError,
  describeType,
  unsupportedSetting,
} = require("./errors.js");
const { readPassword, mayHavePassword } = require("./password.js");
const { readTls } = require("./tls-config.js");

/**
 * What `pg` makes of its settings. Older versions lack some of it.
 *
 * @typedef {object} ConnectionParameters
 * @property {string} host
 * @property {number} port
 * @property {string | undefined} user
 * @property {string | undefined} database
 * @property {unknown} ssl
 * @property {unknown} [options]
 * @property {unknown} [application_name]
 * @property {unknown} [fallback_application_name]
 * @property {unknown} [statement_timeout]
 * @property {unknown} [lock_timeout]
 * @property {unknown} [idle_in_transaction_session_timeout]
 * @property {unknown} [connect_timeout] in seconds; only pg-native goes by it
 * @property {number} [keepalives]
 */

/**
 * An unconnected client of `pg`.
 *
 * @typedef {object} Client
 * @property {ConnectionParameters} connectionParameters
 * @property {unknown} password
 * @property {boolean} [enableChannelBinding]
 * @property {string} [sslNegotiation]
 * @property {unknown} [native] set by pg-native
 */

/** @typedef {new (settings: any) => Client} ClientClass */

/**
 * Where the settings come from: what `pg` would call to make a client, and with what.
 *
 * @typedef {object} Source
 * @property {ClientClass} Client
 * @property {string | Record<string, any>} settings
 */

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
 * @property {boolean} hasPassword whether `password()` can give one
 * @property {import('./tls-config.js').TlsConfig | null} tls
 */

/**
 * Reads how to connect, as `pg` itself would: its environment variables, defaults and parsing of connection strings
 * apply, because it is `pg` that is asked. No connection is made and none of the pool's is used.
 *
 * @param {unknown} target a `pg.Pool`, a connection string, or the settings of a `pg` client
 * @returns {{ config: ConnectionConfig, password: () => Promise<string | null> }} `password` is to be called at each
 *   connect
 * @throws {TypeError} when `target` is none of these
 * @throws {PostgresAdapterError} when a setting is unusable (`ERR_OPTIONS`), is one that the native engine cannot
 *   honour (`ERR_UNSUPPORTED_CONFIG`), or `pg` is needed and not installed (`ERR_MISSING_PG`)
 */
function readConnection(target) {
  const source = sourceOf(target);
  refuseUnsupported(source);
  refuseGarbled(source);
  const client = createClient(source);
  const config = readConfig(client, source);
  return { config, password: async () => readPassword(createClient(source)) };
}

/**
 * @param {any} target
 * @returns {Source}
 */
function sourceOf(target) {
  if (isPool(target)) {
    return { Client: target.Client, settings: target.options };
  }
  if ((typeof target === "string" && target !== "") || isPlainObject(target)) {
    return { Client: requirePg().Client, settings: target };
  }
  const given = target === "" ? "an empty string" : describeType(target);
  const message = `expected a pg.Pool, a connection string or the settings of a pg client, got ${given}`;
  throw Object.assign(new TypeError(message), { code: "ERR_OPTIONS" });
}

/**
 * There can be several copies of `pg`, so its classes cannot be compared.
 *
 * @param {any} target
 */
function isPool(target) {
  return (
    typeof target === "object" &&
    target !== null &&
    typeof target.connect === "function" &&
    typeof target.Client === "function" &&
    typeof target.options === "object" &&
    target.options !== null
  );
}

/** @param {unknown} target */
function isPlainObject(target) {
  if (typeof target !== "object" || target === null || Array.isArray(target)) {
    return false;
  }
  const prototype = Object.getPrototypeOf(target);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** @returns {{ Client: ClientClass }} */
function requirePg() {
  try {
    return /** @type {any} */ (require("pg"));
  } catch (cause) {
    throw new PostgresAdapterError(
      "ERR_MISSING_PG",
      'connection strings and settings are read by the package "pg", which cannot be loaded: install it ' +
        "(npm install pg) or pass a pg.Pool",
      { cause },
    );
  }
}

/** @param {Source} source */
function refuseUnsupported({ Client, settings }) {
  if (isDerivedClient(Client))
    throw unsupportedSetting('the custom "Client" class');
  if (typeof settings === "string") return;
  for (const name of ["stream", "connection", "nativeConnectionString"]) {
    if (settings[name]) throw unsupportedSetting(`the setting "${name}"`);
  }
}

/**
 * What `pg` reads something else from than was meant: no scheme or one slash only, text around it, another form than
 * that of a URL, or a password with a character that ends the address. Its parts would be taken for hosts and
 * databases, and as such stand in messages, with the password.
 *
 * @param {Source} source
 */
function refuseGarbled({ settings }) {
  const given =
    typeof settings === "string" ? settings : settings["connectionString"];
  if (typeof given !== "string") return;
  const isUrl = /^(?:[a-z][a-z0-9+.-]*:\/\/|socket:)/i.test(given);
  const garbled = isUrl
    ? /^[^?#]*?\/\/[^/?#@]*(?:[/#][^?]*@|\?[^=&]*@)/
    : /^\/\/|^\/.*:.*@|^[^/].*[:@=\s"'/]|^[\s"']/;
  if (!garbled.test(given)) return;
  throw new PostgresAdapterError(
    "ERR_OPTIONS",
    "the connection string is not one: it must look like postgres://user:password@host:5432/database, with " +
      "nothing around it, and with % escapes for special characters in its parts (encodeURIComponent())",
  );
}

/**
 * Whether the class is an application's own, derived from the one of `pg`: what it does on connecting is unknown.
 *
 * @param {ClientClass} Client
 */
function isDerivedClient(Client) {
  let prototype = Object.getPrototypeOf(Client.prototype ?? null);
  while (prototype) {
    if (Object.hasOwn(prototype, "connect")) return true;
    prototype = Object.getPrototypeOf(prototype);
  }
  return false;
}

/**
 * @param {Source} source
 * @returns {Client}
 */
function createClient({ Client, settings }) {
  let client;
  try {
    client = new Client(settings);
  } catch (error) {
    throw unreadable(error);
  }
  if (typeof client.connectionParameters !== "object") {
    throw unsupportedSetting('the "Client" class that is not the one of pg');
  }
  return client;
}

/** @param {any} error what `pg` threw; that of a URL holds the whole connection string with its password */
function unreadable(error) {
  if (error?.code === "ERR_INVALID_URL") {
    return new PostgresAdapterError(
      "ERR_OPTIONS",
      "the connection string is not a valid URL",
    );
  }
  return new PostgresAdapterError(
    "ERR_OPTIONS",
    `pg cannot read the connection settings: ${error?.message}`,
    { cause: error },
  );
}

/**
 * @param {Client} client
 * @param {Source} source
 * @returns {ConnectionConfig}
 */
function readConfig(client, source) {
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
    connectTimeoutMs: readConnectTimeout(client, source.settings),
    statementTimeoutMs: milliseconds(parameters.statement_timeout),
    lockTimeoutMs: milliseconds(parameters.lock_timeout),
    idleInTransactionTimeoutMs: milliseconds(
      parameters.idle_in_transaction_session_timeout,
    ),
    // Without probes a connection that only listens never notices a dead peer, so it takes an explicit no.
    keepAlive: parameters.keepalives !== 0,
    sslNegotiation: client.sslNegotiation === "direct" ? "direct" : "postgres",
    channelBinding: Boolean(client.enableChannelBinding),
    hasPassword: mayHavePassword(client),
    tls: readTls(client, source.settings, hosts),
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
