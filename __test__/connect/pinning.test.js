"use strict";

// Trust is decided for each connection: by the function of the application where it has one, and anew when the
// certificate is another one.

const assert = require("node:assert/strict");
const { randomBytes, randomInt, X509Certificate } = require("node:crypto");
const { once } = require("node:events");
const { after, afterEach, before, describe, it } = require("node:test");

const { defaults } = require("pg");

const { Emitter } = require("../../index.js");
const { makeCertificate } = require("../support/certificates.js");
const { callDatabase } = require("../support/conversation.js");
const { useCleanEnvironment } = require("../support/environment.js");
const { Reports } = require("../support/faults.js");
const { showing } = require("../support/hostile-server.js");
const { startInterceptor } = require("../support/interceptor.js");
const { startTlsServer } = require("../support/tls-server.js");
const { verdictOfEngine, verdictOfPg } = require("../support/verdicts.js");
const { until, within } = require("../support/wait.js");

/** @typedef {import("../support/certificates.js").Identity} Identity */

const HOST = "localhost";
const names = [HOST];
const root = makeCertificate({ commonName: "root", authority: true });
const otherRoot = makeCertificate({ commonName: "other", authority: true });
const first = makeCertificate({ issuer: root, names });
const second = makeCertificate({ issuer: root, names });
const ofElsewhere = makeCertificate({
  issuer: root,
  names: ["elsewhere.test"],
});
const ofStranger = makeCertificate({ issuer: otherRoot, names });
const trusting = { ca: root.pem };

/** @param {Identity} identity */
function fingerprintOf({ pem }) {
  return new X509Certificate(pem).fingerprint256;
}

/** @param {Reports} reports */
function reportsOfCertificates({ errors }) {
  return errors
    .map(({ message }) => message)
    .filter((message) => /certificate/i.test(message));
}

describe("the engine, shown the certificate of the database", () => {
  useCleanEnvironment();
  /** @type {import("../support/tls-server.js").TlsServer} */
  let server;

  before(async () => {
    server = await startTlsServer(first, root);
  });
  after(() => server?.dispose());
  afterEach(() => {
    defaults.ssl = false;
  });

  /** @param {any} ssl @param {number} [port] */
  function settings(ssl, port = server.port) {
    return { host: HOST, port, user: "visitor", database: "postgres", ssl };
  }

  const ways = {
    "the setting ssl": (/** @type {any} */ ssl) => settings(ssl),
    "pg.defaults.ssl and settings": (/** @type {any} */ ssl) => {
      defaults.ssl = ssl;
      const { ssl: _ssl, ...others } = settings(ssl);
      return others;
    },
    "pg.defaults.ssl and a connection string": (/** @type {any} */ ssl) => {
      defaults.ssl = ssl;
      return `postgres://visitor@${HOST}:${server.port}/postgres`;
    },
  };
  for (const [way, targetFor] of Object.entries(ways)) {
    for (const answer of [undefined, new Error("no friend of ours")]) {
      it(`${answer ? "refuses" : "accepts"} what checkServerIdentity() ${answer ? "refuses" : "accepts"}, given by ${way}`, async () => {
        await server.show(ofElsewhere);
        for (const verdictOf of [verdictOfPg, verdictOfEngine]) {
          /** @type {[string, string][]} */
          const calls = [];
          const checkServerIdentity = (
            /** @type {string} */ host,
            /** @type {import("node:tls").PeerCertificate} */ {
              fingerprint256,
            },
          ) => {
            calls.push([host, fingerprint256]);
            return answer;
          };
          const target = targetFor({ ...trusting, checkServerIdentity });
          const { accepted, reason } = await verdictOf(target);
          assert.equal(accepted, !answer, reason);
          assert.ok(calls.length > 0, "nobody was asked");
          for (const call of calls) {
            assert.deepEqual(call, [HOST, fingerprintOf(ofElsewhere)]);
          }
          if (answer && verdictOf === verdictOfEngine) {
            assert.equal(reason.code, "ERR_CONNECTION");
            assert.match(reason.message, /no friend of ours/);
          }
        }
      });
    }
  }

  it("refuses a certificate of a stranger although checkServerIdentity() would accept every name", async () => {
    await server.show(ofStranger);
    for (const verdictOf of [verdictOfPg, verdictOfEngine]) {
      const { accepted } = await verdictOf(
        settings({ ...trusting, checkServerIdentity: () => undefined }),
      );
      assert.equal(accepted, false);
    }
  });

  it("takes a checkServerIdentity() that throws for a refusal, and reports the error", async () => {
    await server.show(first);
    const checkServerIdentity = () => {
      throw new Error("a mistake of the application");
    };
    // in a client of pg it would be an uncaught exception
    for (const further of [{}, { rejectUnauthorized: false }]) {
      const { accepted, reason } = await verdictOfEngine(
        settings({ ...trusting, ...further, checkServerIdentity }),
      );
      assert.equal(accepted, false);
      assert.equal(reason.code, "ERR_CONNECTION");
      assert.match(reason.message, /a mistake of the application/);
    }
  });

  it("survives anything that checkServerIdentity() can throw", async () => {
    await server.show(first);
    for (const thrown of [
      undefined,
      Object.create(null),
      Object.assign(new Error("odd"), { code: Symbol("x"), message: 7 }),
    ]) {
      const checkServerIdentity = () => {
        throw thrown;
      };
      const { accepted, reason } = await verdictOfEngine(
        settings({ ...trusting, checkServerIdentity }),
      );
      assert.equal(accepted, false);
      assert.equal(reason.code, "ERR_CONNECTION");
    }
  });

  /**
   * @param {import("node:test").TestContext} t
   * @param {any} target
   */
  function emitterFor(t, target) {
    const reports = new Reports();
    const emitter = new Emitter(target, { errorHandler: reports.errorHandler });
    t.after(() => emitter.close());
    const publish = () => {
      emitter.emit("news");
      return within(emitter.flush(), "a flush");
    };
    return { emitter, reports, publish };
  }

  /** Ends the sessions of visitors; they come back if they can. */
  function endSessions() {
    return server.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'visitor'",
    );
  }

  it("accepts a valid certificate that takes the place of another valid one", async (t) => {
    await server.show(first);
    const { reports, publish } = emitterFor(t, settings(trusting));
    await publish();
    for (const next of [second, first, second]) {
      await server.show(next);
      await endSessions();
      await publish();
    }
    assert.deepEqual(reportsOfCertificates(reports), []);
  });

  it("refuses an invalid certificate that takes the place of a valid one", async (t) => {
    await server.show(first);
    const { emitter, reports, publish } = emitterFor(t, settings(trusting));
    await publish();
    await server.show(ofStranger);
    await endSessions();
    reports.clear();
    emitter.emit("news");
    await until(() => reportsOfCertificates(reports).length > 0, {
      message: () => `a report of the certificate, not [${reports.text}]`,
    });
    const isIn = await server.query(
      "SELECT FROM pg_stat_activity WHERE usename = 'visitor'",
    );
    assert.deepEqual(isIn, []);
    await server.show(first);
    await publish();
  });

  for (const version of /** @type {const} */ (["TLSv1.2", "TLSv1.3"])) {
    it(`refuses an invalid certificate although an earlier TLS session could be resumed: ${version}`, async (t) => {
      await server.show(first);
      const { interceptor, port, breakConnections } = await startInterceptor(
        t,
        server.port,
      );
      // PostgreSQL offers no tickets, but what stands before it may
      const offering = { ticketKeys: randomBytes(48), maxVersion: version };
      interceptor.decide = () => ({ ...showing(first), ...offering });
      assert.ok(await canResume(port), "the tickets are worth nothing");
      interceptor.takeovers = [];

      const { emitter, reports, publish } = emitterFor(
        t,
        settings(trusting, port),
      );
      await publish();
      for (let round = 0; round < 3; round += 1) {
        breakConnections();
        await publish();
      }
      assert.ok(interceptor.takeovers.length >= 4);

      interceptor.decide = () => ({ ...showing(ofStranger), ...offering });
      breakConnections();
      reports.clear();
      emitter.emit("news");
      await until(() => reportsOfCertificates(reports).length > 0, {
        message: () => `a report of the certificate, not [${reports.text}]`,
      });
      assert.ok(interceptor.takeovers.every(({ isResumed }) => !isResumed));
      interceptor.decide = () => showing(first);
      await publish();
    });
  }

  it("connects to a load balancer that shows one of two valid certificates at random", async (t) => {
    await server.show(first);
    const { interceptor, port, breakConnections } = await startInterceptor(
      t,
      server.port,
    );
    interceptor.decide = () => showing(randomInt(2) === 0 ? first : second);
    const { publish } = emitterFor(t, settings(trusting, port));
    for (let round = 0; round < 10; round += 1) {
      await publish();
      breakConnections();
    }
    await publish();
  });
});

/**
 * Resumes a TLS session there, as a client may.
 * @param {number} port
 * @returns {Promise<boolean>} false if the server did not go along
 */
async function canResume(port) {
  /** @type {Buffer | undefined} */
  let session;
  for (const isSecondVisit of [false, true]) {
    const { socket } = await callDatabase(port, { withTls: true, session });
    const secured = /** @type {import("node:tls").TLSSocket} */ (socket);
    if (isSecondVisit) {
      await once(secured, "secureConnect");
      const isReused = secured.isSessionReused();
      secured.destroy();
      return isReused;
    }
    // with TLS 1.3 the ticket comes after the handshake
    [session] = await once(secured, "session");
    secured.destroy();
  }
  return false;
}
