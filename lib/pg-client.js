"use strict";

// A client of `pg` that is never connected: it knows what the settings of an application come to.

const {
  PostgresAdapterError,
  describeType,
  refusal,
  unsupportedSetting,
} = require("./errors.js");

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
 * @property {any} connection the one that it would log in over
 * @property {boolean} [enableChannelBinding]
 * @property {number} [scramMaxIterations]
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
 * @param {unknown} target a `pg.Pool`, a connection string, or the settings of a `pg` client
 * @returns {Source}
 * @throws {TypeError} when `target` is none of these
 * @throws {PostgresAdapterError} when `pg` is needed and not installed, or would do or understand something else than
 *   the native engine
 */
function readSource(target) {
  const source = sourceOf(target);
  refuseUnsupported(source);
  refuseGarbled(source);
  return source;
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
  throw refusal(TypeError, message);
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

module.exports = { createClient, readSource };
