"use strict";

const { randomBytes } = require("node:crypto");
const { Engine } = require("./native");
const { describeType, refusal } = require("./errors.js");
const { EMITTER_UID } = require("./protocol.js");
const { warnOfUnknown } = require("./unknown-options.js");

/** The longest text that an option may be, in characters. */
const MAX_TEXT_LENGTH = 255;
/** From this many bytes on PostgreSQL refuses the payload of a notification. */
const MAX_PAYLOAD_THRESHOLD = 8000;
/** The longest delay that a timer of JavaScript can have, in milliseconds. */
const MAX_DELAY_MS = 2 ** 31 - 1;
/** Options that are no values but lead to a server; see targets.js. */
const READ_ELSEWHERE = ["listenPool"];
/** What PostgreSQL can store in a row, in bytes: 1 GiB. */
const MAX_ATTACHMENT_SIZE = 2 ** 30;
/** The largest buffer for a database that is away, in bytes: 1 GiB. */
const MAX_BUFFER_SIZE = 2 ** 30;

/**
 * @typedef {object} AdapterOptions
 * @property {string} [uid] the name of this server in the cluster (default: random)
 * @property {string} [channelPrefix] what the names of the channels begin with (default: `socket.io`)
 * @property {string} [tableName] the table of the attachments (default: `socket_io_attachments`)
 * @property {number} [payloadThreshold] messages of this many bytes or more go to the table (default: 8000)
 * @property {number} [maxAttachmentSize] larger attachments are neither sent nor read, in bytes (default: 64 MiB)
 * @property {number} [requestsTimeout] how long other servers may take to answer, in ms (default: 5000)
 * @property {number} [heartbeatInterval] time between two heartbeats, in ms (default: 5000)
 * @property {number} [heartbeatTimeout] time without a heartbeat after which a server counts as gone, in ms
 *   (default: 10000)
 * @property {number} [cleanupInterval] time between two removals of old attachments, in ms (default: 30000)
 * @property {number} [maxBufferSize] how much waits for a database that is away, in bytes (default: 64 MiB)
 * @property {number} [maxBufferAge] for how long it waits, in ms (default: 120000)
 * @property {(error: Error) => void} [errorHandler] receives the errors that no call returns (default: nothing,
 *   they are lines of `debug` anyway)
 */

/**
 * Fills in the defaults and refuses what cannot work.
 *
 * @param {AdapterOptions} [options] where an option is undefined, its default holds
 * @returns {Required<AdapterOptions>}
 * @throws {TypeError} for a value of the wrong type
 * @throws {RangeError} for a value that is too small, too large, reserved or in conflict with another
 */
function resolveOptions(options = {}) {
  if (
    options === null ||
    typeof options !== "object" ||
    Array.isArray(options)
  ) {
    throw refusal(
      TypeError,
      `the options must be an object or undefined, got ${describeType(options)}`,
    );
  }
  const resolved = {
    uid: readUid(options.uid),
    channelPrefix: readText(options, "channelPrefix", "socket.io", 0),
    tableName: readTableName(options),
    payloadThreshold: readInteger(
      options,
      "payloadThreshold",
      MAX_PAYLOAD_THRESHOLD,
      { max: MAX_PAYLOAD_THRESHOLD },
    ),
    maxAttachmentSize: readInteger(
      options,
      "maxAttachmentSize",
      64 * 1024 * 1024,
      { max: MAX_ATTACHMENT_SIZE },
    ),
    requestsTimeout: readInteger(options, "requestsTimeout", 5000),
    heartbeatInterval: readInteger(options, "heartbeatInterval", 5000),
    heartbeatTimeout: readInteger(options, "heartbeatTimeout", 10_000),
    cleanupInterval: readInteger(options, "cleanupInterval", 30_000),
    maxBufferSize: readInteger(options, "maxBufferSize", 64 * 1024 * 1024, {
      min: 0,
      max: MAX_BUFFER_SIZE,
    }),
    maxBufferAge: readInteger(options, "maxBufferAge", 120_000, { min: 0 }),
    errorHandler: readErrorHandler(options.errorHandler),
  };
  checkHeartbeat(resolved);
  warnOfUnknown(Object.keys(options), [
    ...Object.keys(resolved),
    ...READ_ELSEWHERE,
  ]);
  return resolved;
}

/**
 * @param {unknown} value
 * @returns {string}
 */
function readUid(value) {
  if (value === undefined) return randomBytes(8).toString("hex");
  const uid = readText({ uid: value }, "uid", "", 1);
  if (uid === EMITTER_UID) {
    throw refusal(
      RangeError,
      `the option "uid" must not be "${EMITTER_UID}": that name is reserved for emitters, and messages under it ` +
        "are taken for theirs",
    );
  }
  return uid;
}

/**
 * @param {Record<string, any>} options
 * @returns {string}
 */
function readTableName(options) {
  const name = readText(options, "tableName", "socket_io_attachments", 1);
  try {
    Engine.checkTableName(name);
  } catch (/** @type {any} */ { message }) {
    throw refusal(
      RangeError,
      `the option "tableName" must be the name of a table as SQL has it, such as chat."Attachments", got ` +
        `${JSON.stringify(name)}: ${message}`,
    );
  }
  return name;
}

/**
 * @param {Record<string, any>} options
 * @param {string} name
 * @param {string} preset
 * @param {number} minLength
 * @returns {string}
 */
function readText(options, name, preset, minLength) {
  const value = options[name];
  if (value === undefined) return preset;
  const expected = `a string of ${minLength} to ${MAX_TEXT_LENGTH} characters`;
  if (typeof value !== "string") throw wrongType(name, expected, value);
  if (value.length < minLength || value.length > MAX_TEXT_LENGTH) {
    throw outOfRange(name, expected, `${value.length} characters`);
  }
  if (value.includes("\0")) {
    throw outOfRange(name, "a string without NUL characters", "one with NUL");
  }
  return value;
}

/**
 * @param {Record<string, any>} options
 * @param {string} name
 * @param {number} preset
 * @param {{ min?: number, max?: number }} [range]
 * @returns {number}
 */
function readInteger(
  options,
  name,
  preset,
  { min = 1, max = MAX_DELAY_MS } = {},
) {
  const value = options[name];
  if (value === undefined) return preset;
  const expected = `an integer from ${min} to ${max}`;
  if (typeof value !== "number") throw wrongType(name, expected, value);
  if (!Number.isInteger(value) || value < min || value > max) {
    throw outOfRange(name, expected, String(value));
  }
  return value;
}

/** Every error is a line of `debug` anyway; see diagnostics.js. */
function ignore() {}

/**
 * @param {unknown} value
 * @returns {(error: Error) => void}
 */
function readErrorHandler(value) {
  if (value === undefined) return ignore;
  if (typeof value !== "function") {
    throw wrongType("errorHandler", "a function", value);
  }
  return /** @type {(error: Error) => void} */ (value);
}

/** @param {{ heartbeatInterval: number, heartbeatTimeout: number }} resolved */
function checkHeartbeat({ heartbeatInterval, heartbeatTimeout }) {
  if (heartbeatTimeout > heartbeatInterval) return;
  throw refusal(
    RangeError,
    `the option "heartbeatTimeout" (${heartbeatTimeout}) must be greater than "heartbeatInterval" ` +
      `(${heartbeatInterval}): servers that are alive would count as gone`,
  );
}

/**
 * @param {string} name
 * @param {string} expected
 * @param {unknown} value
 */
function wrongType(name, expected, value) {
  return refusal(
    TypeError,
    `the option "${name}" must be ${expected}, got ${describeType(value)}`,
  );
}

/**
 * @param {string} name
 * @param {string} expected
 * @param {string} given
 */
function outOfRange(name, expected, given) {
  return refusal(
    RangeError,
    `the option "${name}" must be ${expected}, got ${given}`,
  );
}

module.exports = { resolveOptions };
