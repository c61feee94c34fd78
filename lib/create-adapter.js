"use strict";

const { PostgresAdapter } = require("./adapter");
const { ClusterNode } = require("./cluster-node");
const { resolveOptions } = require("./options");
const { readTargets } = require("./targets");

/**
 * @param {any} pool - a `pg.Pool`, a connection string, or a configuration of a `pg` client
 * @param {import("..").PostgresAdapterOptions} [options]
 * @returns {(nsp: any) => PostgresAdapter}
 */
function createAdapter(pool, options) {
  const resolved = resolveOptions(options);
  const targets = readTargets(pool, options);
  /** @type {Map<any, ClusterNode>} */
  const nodes = new Map();

  /** @param {any} server */
  function acquireNode(server) {
    let node = nodes.get(server);
    if (!node) {
      const ownOptions =
        nodes.size === 0 ? resolved : optionsOfAnotherServer(options);
      node = new ClusterNode(targets, ownOptions, () => {
        nodes.delete(server);
      });
      nodes.set(server, node);
    }
    return node;
  }

  // no arrow function: socket.io calls it with `new`
  return function (nsp) {
    return new PostgresAdapter(nsp, () => acquireNode(nsp.server));
  };
}

/**
 * Two servers that share the result of `createAdapter()` are two members of the cluster.
 *
 * @param {import("..").PostgresAdapterOptions} [options]
 */
function optionsOfAnotherServer(options) {
  if (options?.uid !== undefined) {
    throw new Error(
      `the uid "${options.uid}" is in use by another server of this process: call createAdapter() for each server, with a uid of its own`,
    );
  }
  return resolveOptions(options);
}

module.exports = { createAdapter };
