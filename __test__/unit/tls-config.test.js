"use strict";

const assert = require("node:assert/strict");
const { createPrivateKey } = require("node:crypto");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { PassThrough } = require("node:stream");
const { describe, it } = require("node:test");
const tls = require("node:tls");
const pg = require("pg");
const { readConnection } = require("../../lib/pool-config.js");
const { makeCertificate } = require("../support/certificates.js");
const { useCleanEnvironment } = require("../support/environment.js");

useCleanEnvironment();

const identity = makeCertificate({ commonName: "client" });
const CERTIFICATE = identity.pem;
const OTHER_CERTIFICATE = makeCertificate({ commonName: "other" }).pem;
const KEY = identity.key;
const KEY_PEM = KEY.export({ type: "pkcs8", format: "pem" }).toString();
const ENCRYPTED_KEY_PEM = KEY.export({
  type: "pkcs8",
  format: "pem",
  cipher: "aes-256-cbc",
  passphrase: "open sesame",
}).toString();

/** @param {any} target */
function tlsOf(target) {
  return readConnection(target).config.tls;
}

/**
 * @param {any} ssl
 * @param {string} [host]
 */
function tlsWith(ssl, host = "db") {
  const config = tlsOf({ user: "u", host, ssl });
  assert.ok(config);
  return config;
}

/** @param {any} ssl */
function refusal(ssl) {
  try {
    tlsWith(ssl);
  } catch (error) {
    return /** @type {Error & { code?: string }} */ (error);
  }
  return assert.fail("the settings were accepted");
}

/**
 * @template T
 * @param {Record<string, string>} files contents by name
 * @param {(folder: string) => T} use
 */
function withFiles(files, use) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "tls-config-"));
  try {
    for (const [name, content] of Object.entries(files)) {
      fs.writeFileSync(path.join(folder, name), content);
    }
    return use(folder);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

/**
 * What `pg` would give to `tls.connect()`.
 *
 * @param {any} settings
 * @returns {any}
 */
function asPgWould(settings) {
  const { connect } = tls;
  /** @type {any} */
  let received;
  tls.connect = (/** @type {any} */ options) => {
    received = options;
    return /** @type {any} */ (new PassThrough());
  };
  try {
    const client = /** @type {any} */ (new pg.Client(settings));
    const isFolder = client.host.startsWith("/");
    client.connection.upgradeToSSL(
      isFolder ? undefined : client.host,
      () => {},
    );
  } finally {
    tls.connect = connect;
  }
  return received;
}

describe("whether there is TLS", () => {
  const forms = [
    { name: "off by default", settings: {}, expected: false },
    { name: "off", settings: { ssl: false }, expected: false },
    { name: "on", settings: { ssl: true }, expected: true },
    { name: "on with a text", settings: { ssl: "true" }, expected: true },
    { name: "unverified", settings: { ssl: "no-verify" }, expected: true },
    { name: "an empty object", settings: { ssl: {} }, expected: true },
    {
      name: "an object",
      settings: { ssl: { rejectUnauthorized: false } },
      expected: true,
    },
    { name: "PGSSLMODE=disable", mode: "disable", expected: false },
    { name: "PGSSLMODE=prefer", mode: "prefer", expected: true },
    { name: "PGSSLMODE=require", mode: "require", expected: true },
    { name: "PGSSLMODE=verify-ca", mode: "verify-ca", expected: true },
    { name: "PGSSLMODE=verify-full", mode: "verify-full", expected: true },
    { name: "PGSSLMODE=no-verify", mode: "no-verify", expected: true },
    {
      name: "settings over PGSSLMODE",
      settings: { ssl: false },
      mode: "require",
      expected: false,
    },
  ];
  for (const { name, settings, mode, expected } of forms) {
    it(`is as for pg: ${name}`, () => {
      if (mode) process.env["PGSSLMODE"] = mode;
      const config = tlsOf(
        new pg.Pool(/** @type {any} */ ({ user: "u", ...settings })),
      );
      assert.equal(config !== null, expected);
    });
  }

  const parameters = [
    { text: "", expected: false },
    { text: "sslmode=disable", expected: false },
    { text: "ssl=0", expected: false },
    { text: "ssl=true", expected: true },
    { text: "ssl=1", expected: true },
    { text: "ssl=no-verify", expected: true },
    { text: "sslmode=prefer", expected: true },
    { text: "sslmode=require", expected: true },
    { text: "sslmode=verify-ca", expected: true },
    { text: "sslmode=verify-full", expected: true },
    { text: "sslmode=no-verify", expected: true },
    { text: "sslnegotiation=direct", expected: true },
    { text: "uselibpqcompat=true&sslmode=require", expected: true },
    { text: "uselibpqcompat=true&sslmode=verify-full", expected: true },
  ];
  for (const { text, expected } of parameters) {
    it(`is as for pg in a connection string: ?${text}`, () => {
      const connectionString = `postgres://u@db/app?${text}`;
      for (const target of [connectionString, { connectionString }]) {
        const config = tlsOf(target);
        assert.equal(config !== null, expected);
      }
    });
  }

  it("is refused where pg would not know either", () => {
    const error = refusal("require");
    assert.ok(error instanceof TypeError);
    assert.match(
      error.message,
      /"ssl" must be a boolean or an object, got a string/,
    );
  });
});

describe("the name that is announced to an address", () => {
  const cases = [
    { host: "10.0.0.1", ssl: true },
    { host: "10.0.0.1", ssl: { servername: "db.example.com" } },
    { host: "10.0.0.1", ssl: { servername: "" } },
    { host: "10.0.0.1", ssl: { host: "db.example.com" } },
    { host: "::1", ssl: {} },
    { host: "::1", ssl: { servername: "db.example.com" } },
  ];
  for (const { host, ssl } of cases) {
    it(`is the one of pg: ${host}, ${JSON.stringify(ssl)}`, () => {
      const { servername } = asPgWould({ user: "u", host, ssl });
      assert.equal(tlsWith(ssl, host).servername, servername || null);
    });
  }
});

describe("the client's certificate", () => {
  /** @param {any} target */
  const hasOurKey = (target) => {
    const key = readConnection(target).clientKey();
    assert.ok(key);
    return createPrivateKey({ key, format: "der", type: "pkcs8" }).equals(KEY);
  };

  it("comes with its key, in every form", () => {
    const cert = CERTIFICATE + OTHER_CERTIFICATE;
    const forms = [
      { cert, key: KEY_PEM },
      { cert: Buffer.from(cert), key: Buffer.from(KEY_PEM) },
      { cert: [cert], key: [KEY_PEM] },
      { cert, key: [{ pem: KEY_PEM }] },
      { cert, key: ENCRYPTED_KEY_PEM, passphrase: "open sesame" },
      { cert, key: [{ pem: ENCRYPTED_KEY_PEM, passphrase: "open sesame" }] },
      { cert, key: KEY.export({ type: "sec1", format: "pem" }) },
    ];
    for (const form of forms) {
      const config = tlsWith(form);
      assert.equal(config.cert, cert);
      assert.ok(hasOurKey({ user: "u", host: "db", ssl: form }));
    }
  });

  it("is read from a pool, where pg hides the key", () => {
    const ssl = { cert: CERTIFICATE, key: KEY_PEM };
    const pool = new pg.Pool({ user: "u", ssl });
    assert.ok(!Object.keys(ssl).includes("key"));
    assert.ok(hasOurKey(pool));
  });

  it("is read from the files that a connection string names", () => {
    withFiles({ "c.pem": CERTIFICATE, "k.pem": KEY_PEM }, (folder) => {
      const query = `sslcert=${path.join(folder, "c.pem")}&sslkey=${path.join(folder, "k.pem")}`;
      const target = `postgres://u@db/app?${query}`;
      assert.equal(tlsOf(target)?.cert, CERTIFICATE);
      assert.ok(hasOurKey(target));
    });
  });

  it("is left out where it or its key is missing, as by Node.js", () => {
    for (const ssl of [{ cert: CERTIFICATE }, { key: KEY_PEM }]) {
      const target = { user: "u", host: "db", ssl };
      assert.equal(tlsOf(target)?.cert, null);
      assert.equal(readConnection(target).clientKey(), null);
    }
  });

  it("is none where its blocks are commented out", () => {
    const commented = `${CERTIFICATE.trim().replaceAll(/^/gm, "# ")}\n`;
    const error = refusal({ cert: commented, key: KEY_PEM });
    assert.match(error.message, /"ssl.cert" is unusable: it holds no/);
    const { cert } = tlsWith({ cert: commented + CERTIFICATE, key: KEY_PEM });
    assert.equal(cert, CERTIFICATE);
  });
});

describe("the versions of TLS", () => {
  it("are 1.2 and 1.3, within the limits", () => {
    const versions = (/** @type {any} */ ssl) => tlsWith(ssl).versions;
    assert.deepEqual(versions(true), ["TLSv1.2", "TLSv1.3"]);
    assert.deepEqual(versions({ minVersion: "TLSv1.3" }), ["TLSv1.3"]);
    assert.deepEqual(versions({ maxVersion: "TLSv1.2" }), ["TLSv1.2"]);
    assert.deepEqual(versions({ minVersion: "TLSv1" }), ["TLSv1.2", "TLSv1.3"]);
    assert.match(
      refusal({ maxVersion: "TLSv1.1", minVersion: "TLSv1" }).message,
      /"ssl.maxVersion" without TLSv1.2/,
    );
    assert.ok(refusal({ minVersion: "1.2" }) instanceof TypeError);
  });
});

describe("TLS settings that are unusable", () => {
  it("are refused by name, without a word of their content", () => {
    const key = KEY_PEM.replace("PRIVATE KEY", "PRIVATE CAKE");
    const cases = [
      [{ cert: "text", key: KEY_PEM }, "cert"],
      [{ cert: CERTIFICATE, key }, "key"],
      [{ cert: CERTIFICATE, key: ENCRYPTED_KEY_PEM }, "key"],
      [{ cert: CERTIFICATE, key: ENCRYPTED_KEY_PEM, passphrase: "x" }, "key"],
      [{ cert: CERTIFICATE, key: 1 }, "key"],
    ];
    for (const [ssl, name] of cases) {
      const error = refusal(ssl);
      assert.equal(error.code, "ERR_OPTIONS");
      assert.ok(
        error.message.startsWith(`the setting "ssl.${name}" is unusable: `),
      );
      assert.doesNotMatch(error.message, /-----|open sesame/);
    }
  });

  it("are refused in the words of Node.js, without their values", () => {
    for (const ssl of [{ ca: 12345 }, { ca: [{}] }, { crl: 12345 }]) {
      const error = refusal(ssl);
      assert.equal(error.code, "ERR_OPTIONS");
      assert.match(error.message, /^the setting "ssl" is unusable: /);
      assert.match(error.message, /ERR_INVALID_ARG_TYPE/);
      assert.doesNotMatch(error.message, /12345/);
    }
  });

  it("are refused where a native session cannot be made like that", () => {
    const names = [
      "ciphers",
      "clientCertEngine",
      "ecdhCurve",
      "pfx",
      "privateKeyEngine",
      "privateKeyIdentifier",
      "pskCallback",
      "secureContext",
      "secureOptions",
      "secureProtocol",
      "session",
      "sigalgs",
      "socket",
    ];
    for (const name of names) {
      const error = refusal({ [name]: "x" });
      assert.equal(error.code, "ERR_UNSUPPORTED_CONFIG");
      assert.ok(error.message.includes(`"ssl.${name}"`), error.message);
      assert.ok(tlsWith({ [name]: undefined }));
    }
    assert.ok(tlsWith({ ecdhCurve: "auto" }));
    assert.match(
      refusal({ cert: [CERTIFICATE, CERTIFICATE] }).message,
      /more than one "ssl.cert"/,
    );
    assert.match(
      refusal({ ALPNProtocols: Buffer.from("\x01x") }).message,
      /"ssl.ALPNProtocols" that is no array of strings/,
    );
  });

  const { DEFAULT_CIPHERS, DEFAULT_ECDH_CURVE } = tls;
  const restricted = [
    ["DEFAULT_CIPHERS", "ECDHE-RSA-AES256-GCM-SHA384", DEFAULT_CIPHERS],
    ["DEFAULT_ECDH_CURVE", "P-384", DEFAULT_ECDH_CURVE],
  ];
  for (const [name = "", restriction, usual] of restricted) {
    it(`are refused where the process restricts them: tls.${name}`, () => {
      const settings = /** @type {Record<string, any>} */ (tls);
      settings[name] = restriction;
      try {
        const error = refusal(true);
        assert.equal(error.code, "ERR_UNSUPPORTED_CONFIG");
        assert.ok(error.message.includes(`tls.${name}`), error.message);
      } finally {
        settings[name] = usual;
      }
    });
  }

  it("do not include what is for Node.js to decide, or unknown to it", () => {
    const config = tlsWith({
      ALPNProtocols: ["x"],
      allowPartialTrustChain: true,
      checkServerIdentity: () => undefined,
      require: true,
    });
    assert.deepEqual(config.applicationProtocols, ["x"]);
  });
});
