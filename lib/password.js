"use strict";

const { createRequire } = require("node:module");
const debug = require("debug")("socket.io-postgres-adapter");
const { PostgresAdapterError, describeType } = require("./errors.js");

/** @typedef {import('./pg-client.js').Client} Client */

/** @typedef {(connection: object, done: (password: string | undefined) => void) => void} Pgpass */

/**
 * The password for one connect, found as `pg` finds it: a text, the result of a function, or a line of the
 * password file (`.pgpass`).
 *
 * @param {Client} client
 * @returns {Promise<string | null>}
 * @throws {PostgresAdapterError} `ERR_CREDENTIALS`
 */
async function readPassword(client) {
  const { password } = client;
  if (!hasOwnPassword(client)) return readPgpass(client);
  if (typeof password !== "function") return checked(password);
  let given;
  try {
    given = await password.call(client, client.connectionParameters);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new PostgresAdapterError(
      "ERR_CREDENTIALS",
      `the password function of the pool failed: ${reason}`,
      { cause },
    );
  }
  return given === undefined ? null : checked(given);
}

/** @param {Client} client */
function hasOwnPassword({ password }) {
  return password !== null && password !== undefined;
}

/**
 * @param {unknown} password
 * @returns {string}
 */
function checked(password) {
  if (typeof password === "string") return password;
  throw new PostgresAdapterError(
    "ERR_CREDENTIALS",
    `the password must be a string, got ${describeType(password)}`,
  );
}

/**
 * @param {Client} client
 * @returns {Promise<string | null>}
 */
async function readPgpass(client) {
  const pgpass = loadPgpass(client);
  if (pgpass === null) return null;
  return new Promise((resolve) => {
    pgpass(client.connectionParameters, (password) =>
      resolve(password ?? null),
    );
  });
}

/**
 * @param {Client} client
 * @returns {Pgpass | null} the reader of password files that the client's own copy of `pg` depends on
 */
function loadPgpass(client) {
  try {
    const file = fileOf(client.constructor) ?? require.resolve("pg");
    return createRequire(file)("pgpass");
  } catch (error) {
    debug("password files are not read: %s", error);
    return null;
  }
}

/**
 * @param {Function} exported
 * @returns {string | undefined} the file that exports it
 */
function fileOf(exported) {
  const modules = Object.values(require.cache);
  return modules.find((module) => module?.exports === exported)?.filename;
}

module.exports = { readPassword };
