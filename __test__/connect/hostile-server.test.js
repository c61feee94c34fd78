"use strict";

// A database that does everything wrong, one thing at a time: the engine reports an error with a code and goes on
// trying, until there is a real database in its place.

const assert = require("node:assert/strict");
const { after, before, describe, it } = require("node:test");

const { Emitter } = require("../../index.js");
const { makeCertificate } = require("../support/certificates.js");
const { useCleanEnvironment } = require("../support/environment.js");
const { Reports } = require("../support/faults.js");
const {
  overTls,
  relayTo,
  showing,
  startHostileServer,
} = require("../support/hostile-server.js");
const {
  AFTER_LOGIN,
  BEFORE_TLS,
  DURING_LOGIN,
} = require("../support/misdeeds.js");
const { startTlsServer } = require("../support/tls-server.js");
const { until, within } = require("../support/wait.js");

/** For each attempt: some misdeeds consist in saying no more. */
const CONNECT_TIMEOUT_MS = 2000;

const UNVERIFIED = { rejectUnauthorized: false };
const own = makeCertificate({ names: ["localhost"] });

describe("the engine, before a hostile database", { concurrency: 4 }, () => {
  useCleanEnvironment();
  /** @type {import("../support/tls-server.js").TlsServer} */
  let server;

  before(async () => {
    server = await startTlsServer(own, own);
  });
  after(() => server?.dispose());

  /**
   * @param {import("node:test").TestContext} t
   * @param {import("../support/hostile-server.js").Behaviour} misdeed
   * @param {typeof UNVERIFIED | false} ssl
   */
  async function suffer(t, misdeed, ssl) {
    const hostile = await startHostileServer(t, misdeed);
    const reports = new Reports();
    const emitter = new Emitter(
      {
        ...server.owner,
        host: "127.0.0.1",
        port: hostile.port,
        connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
        ssl,
      },
      { errorHandler: reports.errorHandler },
    );
    try {
      emitter.emit("news");
      await until(
        () => reports.errors.length > 0 && hostile.connectionCount > 1,
        {
          message: () => `a report and another attempt, not [${reports.text}]`,
        },
      );
      hostile.behave = relayTo(server.port);
      await within(emitter.flush(), "a flush once the database is a real one");
    } finally {
      await emitter.close();
    }
    for (const { code, message } of reports.errors) {
      assert.match(`${code}`, /^ERR_/);
      t.diagnostic(`${code}: ${message.slice(0, 200)}`);
    }
    // nothing was given up, so it was sent
    assert.ok(!reports.codes.includes("ERR_PUBLISH"), reports.text);
    assert.ok(!reports.codes.includes("ERR_BUFFER_OVERFLOW"), reports.text);
    assert.ok(!reports.codes.includes("ERR_INTERNAL"), reports.text);
  }

  for (const [name, misdeed] of Object.entries(BEFORE_TLS)) {
    it(`reports a database that ${name}, and connects to a real one later`, (t) =>
      suffer(t, misdeed, UNVERIFIED));
  }
  const others = Object.entries({ ...DURING_LOGIN, ...AFTER_LOGIN });
  for (const [name, misdeed] of others) {
    it(`reports a database that ${name}, and connects to a real one later, without TLS`, (t) =>
      suffer(t, misdeed, false));
    it(`reports a database that ${name}, and connects to a real one later, over TLS`, (t) =>
      suffer(t, overTls(showing(own), misdeed), UNVERIFIED));
  }
});
