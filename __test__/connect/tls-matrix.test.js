"use strict";

// Certificates and settings of every kind, all combinations: `pg` and the engine must come to the same verdict.

const assert = require("node:assert/strict");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { after, before, describe, it } = require("node:test");

const { makeCertificate } = require("../support/certificates.js");
const { useCleanEnvironment } = require("../support/environment.js");
const { startTlsServer } = require("../support/tls-server.js");
const { verdictOfEngine, verdictOfPg } = require("../support/verdicts.js");

/** @typedef {import("../support/certificates.js").Identity} Identity */
/** @typedef {import("../support/tls-server.js").TlsServer} TlsServer */

const HOST = "localhost";
const ADDRESS = "127.0.0.1";
const names = [HOST];

const root = makeCertificate({ commonName: "root", authority: true });
const otherRoot = makeCertificate({ commonName: "other", authority: true });
const intermediate = makeCertificate({
  commonName: "intermediate",
  authority: true,
  issuer: root,
});

/**
 * @typedef {object} Shown
 * @property {Identity} own
 * @property {Identity[]} [sentAlong]
 */

/** What the server shows. @type {Record<string, Shown>} */
const SERVERS = {
  "certified by the authority": {
    own: makeCertificate({ issuer: root, names }),
  },
  "for an address only": {
    own: makeCertificate({ issuer: root, names: [ADDRESS] }),
  },
  expired: {
    own: makeCertificate({ issuer: root, names, validFrom: -3, validTo: -1 }),
  },
  "not yet valid": {
    own: makeCertificate({ issuer: root, names, validFrom: 1, validTo: 3 }),
  },
  "for another host": {
    own: makeCertificate({ issuer: root, names: ["elsewhere.test"] }),
  },
  "with a common name only": {
    own: makeCertificate({ issuer: root, commonName: HOST }),
  },
  "self-signed": { own: makeCertificate({ names }) },
  "self-signed authority": {
    own: makeCertificate({ names, authority: true }),
  },
  "self-signed and expired": {
    own: makeCertificate({ names, validFrom: -3, validTo: -1 }),
  },
  "of version 1": {
    own: makeCertificate({ issuer: root, commonName: HOST, version: 1 }),
  },
  "self-signed, of version 1": {
    own: makeCertificate({ commonName: HOST, version: 1 }),
  },
  "certified by an intermediate authority, which is sent": {
    own: makeCertificate({ issuer: intermediate, names }),
    sentAlong: [intermediate],
  },
  "certified by an intermediate authority, which is not sent": {
    own: makeCertificate({ issuer: intermediate, names }),
  },
  "certified by a stranger": {
    own: makeCertificate({ issuer: otherRoot, names }),
  },
  "for a key on the curve P-521": {
    own: makeCertificate({ issuer: root, names, curve: "P-521" }),
  },
};

const client = makeCertificate({ commonName: "certified", issuer: root });
const clientOfStranger = makeCertificate({
  commonName: "certified",
  issuer: otherRoot,
});
const PASSPHRASE = "open sesame";
const credentials = { cert: client.pem, key: client.keyPem };

/** The setting `ssl`, for a server's certificate. @type {Record<string, (own: Identity) => any>} */
const SSL_SETTINGS = {
  true: () => true,
  "{}": () => ({}),
  "{ ca }": () => ({ ca: root.pem }),
  "{ ca: several }": () => ({ ca: [otherRoot.pem, root.pem] }),
  "{ ca: the intermediate one }": () => ({ ca: intermediate.pem }),
  "{ ca: the intermediate one, allowPartialTrustChain }": () => ({
    ca: intermediate.pem,
    allowPartialTrustChain: true,
  }),
  "{ ca: that of the server itself }": (own) => ({ ca: own.pem }),
  "{ ca: that of the server itself, allowPartialTrustChain }": (own) => ({
    ca: own.pem,
    allowPartialTrustChain: true,
  }),
  "{ ca, rejectUnauthorized: undefined }": () => ({
    ca: root.pem,
    rejectUnauthorized: undefined,
  }),
  "{ rejectUnauthorized: false }": () => ({ rejectUnauthorized: false }),
  "{ ca, servername: another one }": () => ({
    ca: root.pem,
    servername: "elsewhere.test",
  }),
};

/** A client that logs in with its certificate. @type {Record<string, any>} */
const CLIENT_SETTINGS = {
  "{ ca, cert, key }": { ca: root.pem, ...credentials },
  "{ ca, cert, encrypted key, passphrase }": {
    ca: root.pem,
    cert: client.pem,
    key: client.encryptedKeyPem(PASSPHRASE),
    passphrase: PASSPHRASE,
  },
  "{ ca, cert, encrypted key, wrong passphrase }": {
    ca: root.pem,
    cert: client.pem,
    key: client.encryptedKeyPem(PASSPHRASE),
    passphrase: "close sesame",
  },
  "{ ca, cert, encrypted key } without passphrase": {
    ca: root.pem,
    cert: client.pem,
    key: client.encryptedKeyPem(PASSPHRASE),
  },
  "{ ca, cert of another key, key }": {
    ca: root.pem,
    cert: clientOfStranger.pem,
    key: client.keyPem,
  },
  "{ ca, cert of a stranger, key }": {
    ca: root.pem,
    cert: clientOfStranger.pem,
    key: clientOfStranger.keyPem,
  },
  "{ ca } without a certificate": { ca: root.pem },
};

const SSL_MODES = [
  "disable",
  "prefer",
  "require",
  "verify-ca",
  "verify-full",
  "no-verify",
  "prefer&uselibpqcompat=true",
  "require&uselibpqcompat=true",
  "verify-ca&uselibpqcompat=true",
];

/** Those for which it can make a difference. */
const BY_ADDRESS = new Set([
  "{ ca }",
  "{ rejectUnauthorized: false }",
  "{ ca, servername: another one }",
]);
const WITHOUT_ROOT = new Set([
  "prefer",
  "no-verify",
  "require&uselibpqcompat=true",
]);

describe("TLS, as pg does it", () => {
  useCleanEnvironment();
  /** @type {TlsServer} */
  let server;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "tls-matrix-"));

  before(async () => {
    server = await startTlsServer(
      SERVERS["certified by the authority"].own,
      root,
    );
  });
  after(async () => {
    await server?.dispose();
    fs.rmSync(folder, { recursive: true });
  });

  /**
   * @param {Record<string, any>} cells settings by name
   * @returns {Promise<{ byPg: string[], byEngine: string[] }>} the names of the accepted ones
   */
  async function judge(cells) {
    const left = Object.entries(cells);
    /** @type {Map<string, [pg: boolean, engine: boolean]>} */
    const verdicts = new Map();
    const judgeSome = async () => {
      for (let cell = left.pop(); cell; cell = left.pop()) {
        const [name, target] = cell;
        const pg = await verdictOfPg(target);
        const engine = await verdictOfEngine(target);
        verdicts.set(name, [pg.accepted, engine.accepted]);
      }
    };
    await Promise.all(Array.from({ length: 4 }, judgeSome));
    const all = Object.keys(cells);
    return {
      byPg: all.filter((name) => verdicts.get(name)?.[0]),
      byEngine: all.filter((name) => verdicts.get(name)?.[1]),
    };
  }

  /** @param {any} ssl @param {string} [host] @param {string} [user] */
  function settings(ssl, host = HOST, user = "visitor") {
    return { host, port: server.port, user, database: "postgres", ssl };
  }

  /** @param {string} mode @param {Identity} [authority] */
  function connectionString(mode, authority) {
    const url = `postgres://visitor@${HOST}:${server.port}/postgres?sslmode=${mode}`;
    if (!authority) return url;
    const file = path.join(folder, "ca.pem");
    fs.writeFileSync(file, authority.pem);
    return `${url}&sslrootcert=${file}`;
  }

  for (const [title, shown] of Object.entries(SERVERS)) {
    const { own, sentAlong } = shown;
    it(`a server whose certificate is ${title}`, async () => {
      await server.show(own, sentAlong);
      /** @type {Record<string, any>} */
      const cells = {};
      for (const [name, ssl] of Object.entries(SSL_SETTINGS)) {
        cells[name] = settings(ssl(own));
        if (BY_ADDRESS.has(name)) {
          cells[`${name}, by address`] = settings(ssl(own), ADDRESS);
        }
      }
      for (const mode of SSL_MODES) {
        cells[`sslmode=${mode}, sslrootcert`] = connectionString(mode, root);
        if (WITHOUT_ROOT.has(mode)) {
          cells[`sslmode=${mode}`] = connectionString(mode);
        }
      }
      const { byPg, byEngine } = await judge(cells);
      // whatever it is, it can be accepted without a look
      assert.ok(byPg.includes("{ rejectUnauthorized: false }"));
      assert.deepEqual(byEngine, byPg);
    });
  }

  it("a client with a certificate", async () => {
    await server.show(SERVERS["certified by the authority"].own);
    const cells = Object.fromEntries(
      Object.entries(CLIENT_SETTINGS).map(([name, ssl]) => [
        name,
        settings(ssl, HOST, "certified"),
      ]),
    );
    const { byPg, byEngine } = await judge(cells);
    assert.deepEqual(byEngine, byPg);
    assert.deepEqual(byPg, [
      "{ ca, cert, key }",
      "{ ca, cert, encrypted key, passphrase }",
    ]);
  });
});
