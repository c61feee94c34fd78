"use strict";

const { Emitter } = require("./lib/emitter");

// What only servers need is loaded when it is first used: an emitter works where no Socket.IO is installed.
const server = {
  get PostgresAdapter() {
    return require("./lib/adapter").PostgresAdapter;
  },
};

/**
 * @param {any} pool - a `pg.Pool`, a connection string, or a configuration of a `pg` client
 * @param {import(".").PostgresAdapterOptions} [options]
 */
exports.createAdapter = function createAdapter(pool, options) {
  return require("./lib/create-adapter").createAdapter(pool, options);
};
/**
 * @param {any} pool - a `pg.Pool`, a connection string, or a configuration of a `pg` client
 * @param {import(".").PrimaryOptions} [options]
 */
exports.setupPrimary = function setupPrimary(pool, options) {
  return require("./lib/cluster-primary").setupPrimary(pool, options);
};
exports.Emitter = Emitter;
// in the one form in which Node.js sees a getter as a named export for ES modules
Object.defineProperty(exports, "PostgresAdapter", {
  enumerable: true,
  get: function () {
    return server.PostgresAdapter;
  },
});
