"use strict";

// The kinds of server that can meet in one cluster.

/** @typedef {"native" | "js-0.5" | "js-0.4"} Kind */

/** @typedef {import("../support/adapter.js").CreateAdapter} CreateAdapter */

/** @type {Record<Kind, string>} what is loaded; a path in a variable, so that the checker does not follow it */
const MODULES = {
  native: require.resolve("../../index.js"),
  "js-0.5": "@socket.io/postgres-adapter",
  "js-0.4": "postgres-adapter-0.4",
};

/**
 * @param {Kind} kind
 * @returns {CreateAdapter}
 */
function createAdapterOf(kind) {
  return require(MODULES[kind]).createAdapter;
}

/** What servers of the JavaScript adapter expect to be there. */
const CREATE_TABLE = `CREATE TABLE IF NOT EXISTS socket_io_attachments
  (id bigserial UNIQUE, created_at timestamptz DEFAULT NOW(), payload bytea)`;

module.exports = { CREATE_TABLE, createAdapterOf };
