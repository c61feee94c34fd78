"use strict";

const { TestServer } = require("../support/server.js");
const { until } = require("../support/wait.js");

/** Long enough that a server which is gone was not taken for gone: it has said good-bye. */
const SILENCE_ALLOWED = { heartbeatTimeout: 600_000 };

/** A server of the cluster that only watches who comes and who says good-bye. */
class Observer {
  /** @param {TestServer} server */
  constructor(server) {
    this._server = server;
  }

  /** @param {number} count of the other servers */
  async untilServers(count) {
    /** @type {number} */
    let seen = NaN;
    await until(
      async () => {
        seen = (await this._server.adapter().serverCount()) - 1;
        return seen === count;
      },
      { message: () => `${count} other servers, there are ${seen}` },
    );
  }
}

/**
 * @param {import("node:test").TestContext} t which closes it
 * @param {import("../support/postgres.js").TestDatabase} database
 * @returns {Promise<Observer>}
 */
async function startObserver(t, { connectionString }) {
  const server = new TestServer({ connectionString, options: SILENCE_ALLOWED });
  t.after(() => server.close());
  await server.listen();
  return new Observer(server);
}

module.exports = { startObserver };
