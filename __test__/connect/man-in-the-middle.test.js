"use strict";

// Somebody in the middle who reads and changes the traffic: `pg` finds out, and so must the engine.

const assert = require("node:assert/strict");
const { after, before, describe, it } = require("node:test");

const { makeCertificate } = require("../support/certificates.js");
const { useCleanEnvironment } = require("../support/environment.js");
const { showing } = require("../support/hostile-server.js");
const { startInterceptor } = require("../support/interceptor.js");
const {
  AUTHENTICATION,
  authenticationCode,
  clientFirstMessage,
  saslMechanisms,
} = require("../support/protocol-messages.js");
const {
  forgeKey,
  makeCertificateSignedWith,
} = require("../support/signature-algorithms.js");
const { startTlsServer } = require("../support/tls-server.js");
const { verdictOfEngine, verdictOfPg } = require("../support/verdicts.js");

/** @typedef {import("../support/interceptor.js").Interceptor} Interceptor */
/** @typedef {import("../support/protocol-messages.js").ProtocolMessage} ProtocolMessage */
/** @typedef {import("node:tls").TlsOptions} TlsOptions */

const HOST = "localhost";
const names = [HOST];
const root = makeCertificate({ commonName: "root", authority: true });
const genuine = makeCertificate({ issuer: root, names });

const VERSIONS = /** @type {const} */ (["TLSv1.2", "TLSv1.3"]);

/** The mechanism that is bound to the TLS connection. */
const BOUND = "SCRAM-SHA-256-PLUS";

/**
 * Which connections are attacked. A client of `pg` is told by its cipher suites, which are those of Node.js.
 * @type {Record<string, (cipherSuites: string, ofPg: string) => boolean>}
 */
const VICTIMS = {
  "every connection": () => true,
  "every connection but those of pg": (cipherSuites, ofPg) =>
    cipherSuites !== ofPg,
};

describe("the engine, with somebody between it and the database", () => {
  useCleanEnvironment();
  /** @type {import("../support/tls-server.js").TlsServer} */
  let server;

  before(async () => {
    server = await startTlsServer(genuine, root);
  });
  after(() => server?.dispose());

  /** @param {number} port @param {any} ssl */
  function settingsOfVisitor(port, ssl) {
    return { host: HOST, port, user: "visitor", database: "postgres", ssl };
  }

  /** @param {number} port @param {any} [ssl] */
  function boundSettings(port, ssl) {
    return {
      ...server.owner,
      host: HOST,
      port,
      enableChannelBinding: true,
      ssl: { rejectUnauthorized: false, ...ssl },
    };
  }

  /**
   * @param {import("node:test").TestContext} t
   * @param {(port: number) => any} settingsFor
   * @returns {Promise<{ interceptor: Interceptor, settings: any, ofPg: string }>} relaying everything so far, and how
   *   a client of `pg` shows itself
   */
  async function stepBetween(t, settingsFor) {
    const { interceptor, port } = await startInterceptor(t, server.port);
    const settings = settingsFor(port);
    const { accepted } = await verdictOfPg(settings);
    assert.equal(accepted, settings.ssl !== true, "the way to the database");
    return { interceptor, settings, ofPg: interceptor.cipherSuites };
  }

  /** @type {Record<string, (port: number) => any>} */
  const FOREIGN_KEY_SETTINGS = {
    "{ rejectUnauthorized: false } and channel binding": boundSettings,
    "{ rejectUnauthorized: false }": (port) =>
      settingsOfVisitor(port, { rejectUnauthorized: false }),
    "{ ca }": (port) => settingsOfVisitor(port, { ca: root.pem }),
  };

  for (const version of VERSIONS) {
    for (const [setting, settingsFor] of Object.entries(FOREIGN_KEY_SETTINGS)) {
      for (const [victims, isVictim] of Object.entries(VICTIMS)) {
        it(`says nothing to a stranger who shows the database's certificate without its key: ${version}, ${setting}, ${victims}`, async (t) => {
          const { interceptor, settings, ofPg } = await stepBetween(t, (port) =>
            withVersion(settingsFor(port), version),
          );
          const stranger = { cert: genuine.pem, key: forgeKey(genuine) };
          interceptor.decide = () => stranger;
          assert.equal((await verdictOfPg(settings)).accepted, false);

          interceptor.decide = (suites) =>
            isVictim(suites, ofPg) ? stranger : null;
          const { accepted, reason } = await verdictOfEngine(settings);
          assert.equal(accepted, false);
          assert.equal(reason.code, "ERR_CONNECTION");
          assert.ok(interceptor.attackCount > 1, "nobody was attacked");
          // TLS did not come about, so there was nothing to read
          assert.deepEqual(interceptor.takeovers, []);
        });
      }
    }

    for (const [victims, isVictim] of Object.entries(VICTIMS)) {
      it(`says nothing to a stranger with a certificate of its own where the authority is known: ${version}, ${victims}`, async (t) => {
        const { interceptor, settings, ofPg } = await stepBetween(t, (port) =>
          withVersion(settingsOfVisitor(port, { ca: root.pem }), version),
        );
        const stranger = makeCertificate({ names });
        interceptor.decide = (suites) =>
          isVictim(suites, ofPg) ? showing(stranger) : null;
        const { accepted, reason } = await verdictOfEngine(settings);
        assert.equal(accepted, false);
        assert.equal(reason.code, "ERR_CONNECTION");
        assert.ok(interceptor.attackCount > 0, "nobody was attacked");
        // Node.js looks at the certificate after the handshake, hence there may be takeovers
        assert.ok(interceptor.takeovers.every(({ hasHeard }) => !hasHeard));
      });
    }

    it(`says nothing to a stranger where Node.js decides whom to trust: ${version}`, async (t) => {
      const { interceptor, port } = await startInterceptor(t, server.port);
      interceptor.decide = () => showing(genuine);
      for (const ssl of [true, { minVersion: version, maxVersion: version }]) {
        const settings = settingsOfVisitor(port, ssl);
        assert.equal((await verdictOfPg(settings)).accepted, false);
        const { accepted, reason } = await verdictOfEngine(settings);
        assert.equal(accepted, false);
        assert.equal(reason.code, "ERR_CONNECTION");
      }
      assert.ok(interceptor.takeovers.every(({ hasHeard }) => !hasHeard));
    });
  }

  /** Signatures of the certificates of strangers; some have no digest, which tempts to do without channel binding. */
  const STRANGERS = [
    "ECDSA with SHA-224",
    "ECDSA with SHA-256",
    "ECDSA with SHA-512",
    "RSA with SHA-512",
    "RSA-PSS with SHA-256",
    "RSA-PSS with SHA-512",
    "Ed25519",
    "Ed448",
  ];
  const strangers = new Map(
    STRANGERS.map((name) => [name, makeCertificateSignedWith(name, { names })]),
  );

  /** @param {ProtocolMessage} message which offers the mechanisms, is changed so that it offers no bound one */
  function withoutBoundMechanism(message) {
    return authenticationCode(message) === AUTHENTICATION.SASL
      ? saslMechanisms("SCRAM-SHA-256")
      : message.raw;
  }

  /**
   * Nobody is in, and nobody has said that the client could not bind the login to the connection.
   * @param {Interceptor} interceptor
   */
  function assertNobodyIsIn({ takeovers }) {
    for (const { fromClient, fromDatabase } of takeovers) {
      for (const message of fromDatabase) {
        assert.notEqual(message.type, "Z", "the client is in");
        assert.notEqual(authenticationCode(message), AUTHENTICATION.OK);
      }
      const first = fromClient.find(({ type }) => type === "p");
      if (first) {
        const text = clientFirstMessage(first);
        assert.match(text, /^(p=tls-server-end-point|y),/);
      }
    }
  }

  const changes = {
    "passes everything on": (/** @type {ProtocolMessage} */ { raw }) => raw,
    [`keeps ${BOUND} back`]: withoutBoundMechanism,
  };
  for (const version of VERSIONS) {
    for (const [name, identity] of strangers) {
      for (const [deed, change] of Object.entries(changes)) {
        it(`never logs in by way of a stranger with a certificate of its own who ${deed}: ${version}, ${name}`, async (t) => {
          const settingsFor = (/** @type {number} */ port) =>
            withVersion(boundSettings(port), version);
          for (const isVictim of Object.values(VICTIMS)) {
            const { interceptor, settings, ofPg } = await stepBetween(
              t,
              settingsFor,
            );
            interceptor.change = change;
            interceptor.decide = (suites) =>
              isVictim(suites, ofPg) ? showing(identity) : null;
            const { accepted, reason } = await verdictOfEngine(settings);
            assert.equal(accepted, false);
            assert.equal(reason.code, "ERR_CONNECTION");
            assertNobodyIsIn(interceptor);
          }
        });

        it(`expects no more of the engine than of pg, which never logs in by way of a stranger who ${deed}: ${version}, ${name}`, async (t) => {
          const { interceptor, settings } = await stepBetween(t, (port) =>
            withVersion(boundSettings(port), version),
          );
          interceptor.change = change;
          interceptor.decide = () => showing(identity);
          assert.equal((await verdictOfPg(settings)).accepted, false);
          assertNobodyIsIn(interceptor);
        });
      }
    }
  }

  it("says that it could have bound the login when a stranger keeps that back, and the database refuses", async (t) => {
    const { interceptor, settings } = await stepBetween(t, boundSettings);
    const stranger = strangers.get("ECDSA with SHA-256");
    assert.ok(stranger);
    interceptor.change = withoutBoundMechanism;
    interceptor.decide = () => showing(stranger);
    for (const verdictOf of [verdictOfPg, verdictOfEngine]) {
      interceptor.takeovers = [];
      const { accepted } = await verdictOf(settings);
      assert.equal(accepted, false);
      const firsts = interceptor.takeovers.flatMap(({ fromClient }) =>
        fromClient.filter(({ type }) => type === "p").slice(0, 1),
      );
      assert.ok(firsts.length > 0, "nobody tried to log in");
      for (const first of firsts) {
        assert.match(clientFirstMessage(first), /^y,/);
      }
    }
  });
});

/**
 * @param {any} settings
 * @param {"TLSv1.2" | "TLSv1.3"} version
 */
function withVersion(settings, version) {
  const { ssl } = settings;
  return {
    ...settings,
    ssl: { ...ssl, minVersion: version, maxVersion: version },
  };
}
