"use strict";

/**
 * What can go wrong: the stable `code` of an error, and what it means. Part of the public interface.
 * @type {Readonly<Record<string, string>>}
 */
const ERROR_CODES = Object.freeze({
  ERR_OPTIONS: "an option, or a setting of the connection, is unusable",
  ERR_UNSUPPORTED_CONFIG:
    "the pool has a setting that the native engine cannot honour",
  ERR_MISSING_PG:
    "the connection is given as text or settings, and the package pg is not installed",
  ERR_NO_BINARY: "no native binary of this package runs on this platform",
  ERR_CONNECTION: "no connection could be made, or one was lost",
  ERR_CREDENTIALS: "the password could not be obtained",
  ERR_LISTEN: "LISTEN or UNLISTEN was refused",
  ERR_POOLER:
    "the listener is connected through a pooler behind which nothing can be heard",
  ERR_PUBLISH: "a message could not be published and was dropped",
  ERR_QUEUE_FULL: "PostgreSQL's queue of notifications is full",
  ERR_BUFFER_OVERFLOW:
    "messages were dropped: too much, or for too long, waited for the server",
  ERR_MALFORMED_MESSAGE:
    "a notification or an attachment could not be understood and was skipped",
  ERR_ATTACHMENT: "an attachment could not be read",
  ERR_TABLE: "the attachment table is missing or unusable",
  ERR_DUPLICATE_UID: "another server of the cluster has the same uid",
  ERR_CLEANUP: "old attachments could not be removed",
  ERR_NAMESPACE: "a namespace has a name that no channel can have",
  ERR_INTERNAL: "a mistake of this package",
});

/**
 * The error that `errorHandler` receives and that the functions of this package throw.
 */
class PostgresAdapterError extends Error {
  /**
   * @param {string} code one of {@link ERROR_CODES}
   * @param {string} message what was being done, for people
   * @param {{ cause?: unknown }} [options]
   */
  constructor(code, message, options) {
    super(message, options);
    this.name = "PostgresAdapterError";
    /** @type {string} */
    this.code = code;
  }
}

/**
 * The cause of an error, as the native engine reports it.
 *
 * @typedef {object} NativeCause
 * @property {string} message
 * @property {string} [code] SQLSTATE, where PostgreSQL gave one
 * @property {string} [detail]
 * @property {string} [hint]
 */

/**
 * An error, as the native engine reports it: a plain object. Properties beyond these are kept.
 *
 * @typedef {object} NativeError
 * @property {string} code
 * @property {string} message
 * @property {NativeCause | null} [cause]
 */

/**
 * @param {NativeError & Record<string, unknown>} report
 * @returns {PostgresAdapterError & Record<string, unknown>}
 */
function fromNative({ code, message, cause, ...details }) {
  const options = cause ? { cause: causeFromNative(cause) } : undefined;
  const error = new PostgresAdapterError(
    code || "ERR_INTERNAL",
    message,
    options,
  );
  // Never let a detail pass for the error itself.
  const { name: _name, stack: _stack, ...safe } = details;
  return Object.assign(error, safe);
}

/**
 * @param {NativeCause} cause
 */
function causeFromNative({ message, ...details }) {
  const known = Object.entries(details).filter(
    ([, value]) => value !== null && value !== undefined,
  );
  return Object.assign(new Error(message), Object.fromEntries(known));
}

/**
 * @param {string} what the setting of the pool
 * @returns {PostgresAdapterError}
 */
function unsupportedSetting(what) {
  return new PostgresAdapterError(
    "ERR_UNSUPPORTED_CONFIG",
    `${what} cannot be applied to the connections of the native engine: pass a connection string or the settings ` +
      "of a pg client without it",
  );
}

/**
 * @param {TypeErrorConstructor | RangeErrorConstructor} Kind
 * @param {string} message which option or setting it is, and what was expected
 */
function refusal(Kind, message) {
  return Object.assign(new Kind(message), { code: "ERR_OPTIONS" });
}

/**
 * Says what kind of value was given, and nothing of its content, which can be secret.
 *
 * @param {unknown} value
 * @returns {string} such as `a string`, `an array`, `an instance of Date`
 */
function describeType(value) {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "an array";
  if (typeof value !== "object") return `a ${typeof value}`;
  const name = Object.getPrototypeOf(value)?.constructor?.name;
  return name && name !== "Object" ? `an instance of ${name}` : "an object";
}

module.exports = {
  ERROR_CODES,
  PostgresAdapterError,
  describeType,
  fromNative,
  refusal,
  unsupportedSetting,
};
