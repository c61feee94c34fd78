"use strict";

const { readConnection } = require("./pool-config.js");

/** @typedef {ReturnType<typeof readConnection>} ConnectionSource */

/**
 * Where a server of the cluster connects to.
 *
 * @typedef {object} Targets
 * @property {ConnectionSource} main where it publishes, and listens as well if there is no place of its own for that
 * @property {ConnectionSource} [listen] where it listens instead
 */

/**
 * @param {unknown} pool a `pg.Pool`, a connection string, or the settings of a `pg` client
 * @param {{ listenPool?: unknown }} [options] its `listenPool` may be each of these
 * @returns {Targets}
 * @throws as `readConnection()`; where it is about `listenPool`, the message says so
 */
function readTargets(pool, options) {
  const main = readConnection(pool);
  return options?.listenPool === undefined
    ? { main }
    : { main, listen: readListenPool(options.listenPool) };
}

/** @param {unknown} listenPool */
function readListenPool(listenPool) {
  try {
    return readConnection(listenPool);
  } catch (/** @type {any} */ error) {
    error.message = `the option "listenPool": ${error.message}`;
    error.code ??= "ERR_OPTIONS";
    throw error;
  }
}

module.exports = { readTargets };
