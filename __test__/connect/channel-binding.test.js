"use strict";

// Logins that are bound to the certificate of the database. The digest that binds them depends on how that certificate
// is signed, and some have none: `pg` and the engine must agree on each of them.

const assert = require("node:assert/strict");
const { after, before, describe, it } = require("node:test");

const { makeCertificate } = require("../support/certificates.js");
const { useCleanEnvironment } = require("../support/environment.js");
const { showing } = require("../support/hostile-server.js");
const { startInterceptor } = require("../support/interceptor.js");
const { clientFirstMessage } = require("../support/protocol-messages.js");
const {
  ALGORITHMS,
  makeCertificateSignedWith,
} = require("../support/signature-algorithms.js");
const { startTlsServer } = require("../support/tls-server.js");
const { verdictOfEngine, verdictOfPg } = require("../support/verdicts.js");

const HOST = "localhost";
const names = [HOST];
const root = makeCertificate({ commonName: "root", authority: true });

/** Those that real databases have: with them, `pg` logs in. */
const USUAL = new Set([
  "ECDSA with SHA-256",
  "ECDSA with SHA-384",
  "ECDSA with SHA-512",
  "RSA with SHA-256",
  "RSA with SHA-384",
  "RSA with SHA-512",
]);

describe("a login with channel binding", () => {
  useCleanEnvironment();
  /** @type {import("../support/tls-server.js").TlsServer} */
  let server;

  before(async () => {
    server = await startTlsServer(makeCertificate({ names }), root);
  });
  after(() => server?.dispose());

  /** @param {number} port @param {any} ssl */
  function settings(port, ssl) {
    return {
      ...server.owner,
      host: HOST,
      port,
      enableChannelBinding: true,
      ssl,
    };
  }

  for (const name of Object.keys(ALGORITHMS)) {
    it(`succeeds exactly where it does with pg when the certificate is signed by ${name}`, async (t) => {
      const own = makeCertificateSignedWith(name, { names });
      await server.show(own);
      for (const ssl of [{ rejectUnauthorized: false }, { ca: own.pem }]) {
        const pg = await verdictOfPg(settings(server.port, ssl));
        const engine = await verdictOfEngine(settings(server.port, ssl));
        assert.equal(engine.accepted, pg.accepted, engine.reason ?? pg.reason);
        if (USUAL.has(name)) assert.ok(pg.accepted, pg.reason);
        if (!pg.accepted) {
          assert.equal(engine.reason.code, "ERR_CONNECTION");
          t.diagnostic(`pg: ${pg.reason.message.slice(0, 100)}`);
          t.diagnostic(`engine: ${engine.reason.message.slice(0, 300)}`);
        }
      }
    });
  }

  for (const name of USUAL) {
    it(`is bound to a certificate that is signed by ${name}`, async (t) => {
      const own = makeCertificateSignedWith(name, { names });
      await server.show(own);
      // whoever has the key of the database may listen in
      const { interceptor, port } = await startInterceptor(t, server.port);
      interceptor.decide = () => showing(own);
      const ssl = { rejectUnauthorized: false };
      const { accepted, reason } = await verdictOfEngine(settings(port, ssl));
      assert.ok(accepted, reason);
      const firsts = interceptor.takeovers.flatMap(({ fromClient }) =>
        fromClient.filter(({ type }) => type === "p").slice(0, 1),
      );
      assert.ok(firsts.length > 0, "nobody logged in");
      for (const first of firsts) {
        assert.match(clientFirstMessage(first), /^p=tls-server-end-point,/);
      }
    });
  }
});
