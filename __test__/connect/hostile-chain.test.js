"use strict";

// A database that shows hundreds of certificates, none of which leads to an authority: finding that out must not keep
// the process from its other work.

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");

const { Emitter } = require("../../index.js");
const { listenFor } = require("../emitter/emitters.js");
const { buildMaze } = require("../support/certificate-maze.js");
const { useCleanEnvironment } = require("../support/environment.js");
const { Reports } = require("../support/faults.js");
const {
  overTls,
  showing,
  startHostileServer,
} = require("../support/hostile-server.js");
const { useDatabase } = require("../support/postgres.js");
const { verdictOfPg } = require("../support/verdicts.js");
const { within } = require("../support/wait.js");

/** Makes 289 certificates of 55 kB: one message of a handshake cannot have more than 64 kB. */
const KEY_COUNT = 12;
const FLUSHES = 20;
const ATTEMPTS = 3;

describe("the engine, before a maze of certificates", () => {
  useCleanEnvironment();
  const database = useDatabase();
  const { own, others, stranger } = buildMaze(KEY_COUNT);

  for (const version of /** @type {const} */ (["TLSv1.2", "TLSv1.3"])) {
    it(`refuses hundreds of certificates that lead nowhere while another emitter goes on publishing: ${version}`, async (t) => {
      let trusting = 0;
      const hostile = await startHostileServer(
        t,
        overTls(
          { ...showing(own, others), maxVersion: version },
          async (client) => {
            await client.readStartup();
            trusting += 1;
          },
        ),
      );
      const settings = {
        host: "localhost",
        port: hostile.port,
        user: "visitor",
        database: "postgres",
        ssl: { ca: stranger.pem },
      };
      const before = process.cpuUsage();
      const { accepted, reason } = await verdictOfPg(settings);
      assert.equal(accepted, false);
      t.diagnostic(`pg, once: ${describeUsage(before)}: ${reason.message}`);

      const ear = await listenFor(t, database);
      const healthyReports = new Reports();
      const healthy = new Emitter(database.connectionString, {
        errorHandler: healthyReports.errorHandler,
      });
      database.closeFirst(() => healthy.close());
      healthy.emit("news", "first");
      await within(healthy.flush(), "the first flush");

      const attempts = hostile.connectionCount + ATTEMPTS;
      const start = process.cpuUsage();
      const reports = new Reports();
      const attacked = new Emitter(settings, {
        errorHandler: reports.errorHandler,
      });
      const isDone = () =>
        hostile.connectionCount >= attempts &&
        reports.codes.includes("ERR_CONNECTION");
      let flushes = 0;
      while (flushes < FLUSHES || !isDone()) {
        healthy.emit("news", (flushes += 1));
        await within(
          healthy.flush(),
          `flush ${flushes} beside an attack: ${healthyReports.text}`,
        );
      }
      t.diagnostic(
        `the engine, ${hostile.connectionCount} connections beside ${flushes} flushes: ${describeUsage(start)}`,
      );
      const { message } = await reports.first("ERR_CONNECTION");
      t.diagnostic(message);
      await ear.count(1 + flushes);
      assert.deepEqual(healthyReports.errors, []);
      assert.equal(trusting, 0);
      void attacked.close();
    });
  }
});

/** @param {NodeJS.CpuUsage} start @returns {string} the processor time since then */
function describeUsage(start) {
  const { user, system } = process.cpuUsage(start);
  return `${Math.round((user + system) / 1000)} ms of processor time`;
}
