"use strict";

// Whether a connection can be made with some settings: by `pg`, and by the native engine.

const { Client } = require("pg");

const { EngineHost } = require("../../lib/engine-host.js");
const { resolveOptions } = require("../../lib/options.js");
const { readConnection } = require("../../lib/pool-config.js");

/** What a connection string, or the settings of a client, came to: no reason is no refusal. */
/** @typedef {{ accepted: boolean, reason?: any }} Verdict */

/**
 * @param {any} settings
 * @returns {Promise<Verdict>}
 */
async function verdictOfPg(settings) {
  let client;
  try {
    client = new Client(settings);
    // a refused connection can have more to say
    client.on("error", () => {});
    await client.connect();
    await client.query("SELECT 1");
    return { accepted: true };
  } catch (reason) {
    return { accepted: false, reason };
  } finally {
    // some versions do not end a connection that they refused
    void client?.end().catch(() => {});
  }
}

/**
 * @param {any} settings
 * @returns {Promise<Verdict>} accepted once a message is committed
 */
async function verdictOfEngine(settings) {
  /** @type {(verdict: Verdict) => void} */
  let decide = () => {};
  const verdict = new Promise((resolve) => (decide = resolve));
  let host;
  try {
    const options = resolveOptions({
      errorHandler: (reason) => decide({ accepted: false, reason }),
    });
    host = new EngineHost(
      { main: readConnection(settings) },
      options,
      "emitter",
    );
    const namespace = host.engine.open("/");
    host.publishEvent(namespace, ["are you there?"], "");
    host.flushEvents();
    void host.engine.flush().then(() => decide({ accepted: true }));
    return await verdict;
  } catch (reason) {
    return { accepted: false, reason };
  } finally {
    await host?.close();
  }
}

module.exports = { verdictOfEngine, verdictOfPg };
