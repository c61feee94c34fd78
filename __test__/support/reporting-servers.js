"use strict";

const { Reports } = require("./faults.js");
const { TestServer } = require("./server.js");

/**
 * @param {import("node:test").TestContext} t which ends them
 * @param {string} connectionString
 * @param {import("./adapter.js").AdapterOptions} [options]
 * @returns {Promise<{ servers: TestServer[], reports: Reports }>} two servers, connected or not
 */
async function startReportingServers(t, connectionString, options) {
  const reports = new Reports();
  const { errorHandler } = reports;
  const servers = [0, 1].map(
    () =>
      new TestServer({
        connectionString,
        options: { ...options, errorHandler },
      }),
  );
  t.after(() => Promise.all(servers.map((server) => server.close())));
  await Promise.all(servers.map((server) => server.listen()));
  return { servers, reports };
}

module.exports = { startReportingServers };
