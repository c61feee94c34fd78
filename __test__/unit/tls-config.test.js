"use strict";

const assert = require("node:assert/strict");
const { spawnSync } = require("node:child_process");
const {
  X509Certificate,
  createPrivateKey,
  generateKeyPairSync,
} = require("node:crypto");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { PassThrough } = require("node:stream");
const { describe, it } = require("node:test");
const tls = require("node:tls");
const pg = require("pg");
const { readConnection } = require("../../lib/pool-config.js");
const { useCleanEnvironment } = require("../support/environment.js");

useCleanEnvironment();

// Two authorities that nobody trusts: only read, never used.
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBkjCCATegAwIBAgIUYrf8uASZJViqU99l3zbWxZMs0L8wCgYIKoZIzj0EAwIw
HTEbMBkGA1UEAwwSdGVzdCBhdXRob3JpdHkgb25lMCAXDTI2MTEyMzAyMTU1N1oY
DzIxMjYxMDMwMDIxNTU3WjAdMRswGQYDVQQDDBJ0ZXN0IGF1dGhvcml0eSBvbmUw
WTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQj3o6tVhNOA3tVusLknJw1Bl1xt6h8
cBB4zCWb5aoXptl++OlI16F1xeNgIZgvNCQRRMHjm4naQxRKhNIBVuYTo1MwUTAd
BgNVHQ4EFgQUHaDBdyduxUPL4Zz59+ajdB1fHKUwHwYDVR0jBBgwFoAUHaDBdydu
xUPL4Zz59+ajdB1fHKUwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNJADBG
AiEA77VnABSHKQ720AiuxAJ9zvb/dARxnmQyse6ulQYFX2cCIQDvIPc5+M063CrP
PoyZRX1Tgo4UMqXNQ9y7GFHSi34kSQ==
-----END CERTIFICATE-----
`;
const OTHER_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBkDCCATegAwIBAgIUaE33Iu7bVRfHkfdaAI45MpVESBQwCgYIKoZIzj0EAwIw
HTEbMBkGA1UEAwwSdGVzdCBhdXRob3JpdHkgdHdvMCAXDTI2MTEyMzAyMTU1N1oY
DzIxMjYxMDMwMDIxNTU3WjAdMRswGQYDVQQDDBJ0ZXN0IGF1dGhvcml0eSB0d28w
WTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATZK+mKK8lOetztFBxMUC86IYThINwx
4JR3gqmEssvz/+6dx5y5TMtTIrdT/HF1Il7TadV5WdBK96BglM1WxOA/o1MwUTAd
BgNVHQ4EFgQUWDgGQ0DXk6mZ11RSV3+DImBFh4YwHwYDVR0jBBgwFoAUWDgGQ0DX
k6mZ11RSV3+DImBFh4YwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNHADBE
AiBajSgVhDH5QY+9cP+qaQWud25XdyCaphsqVKPTER5uagIgf70l4s/fnSf4Qdiw
VaJZk/Ln70buaDSrv1+6UQpP8ec=
-----END CERTIFICATE-----
`;
const KEY = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
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

/** @param {string} pem */
function fingerprintOf(pem) {
  return new X509Certificate(pem).fingerprint256;
}

/**
 * @param {Record<string, string>} variables of another Node.js process
 * @returns {string[]} the fingerprints of what it trusts
 */
function authoritiesOfProcess(variables) {
  const script = `
    const { readConnection } = require("./lib/pool-config.js");
    const { ca } = readConnection({ user: "u", ssl: true }).config.tls;
    console.log(JSON.stringify(ca));`;
  const cwd = path.join(__dirname, "..", "..");
  const env = { ...process.env, ...variables };
  const run = spawnSync(process.execPath, ["-e", script], { cwd, env });
  return JSON.parse(run.stdout.toString()).map(fingerprintOf);
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
    { name: "off by default", settings: {}, expected: null },
    { name: "off", settings: { ssl: false }, expected: null },
    { name: "on", settings: { ssl: true }, expected: true },
    { name: "on with a text", settings: { ssl: "true" }, expected: true },
    { name: "unverified", settings: { ssl: "no-verify" }, expected: false },
    { name: "an empty object", settings: { ssl: {} }, expected: true },
    {
      name: "an object",
      settings: { ssl: { rejectUnauthorized: false } },
      expected: false,
    },
    { name: "PGSSLMODE=disable", mode: "disable", expected: null },
    { name: "PGSSLMODE=prefer", mode: "prefer", expected: true },
    { name: "PGSSLMODE=require", mode: "require", expected: true },
    { name: "PGSSLMODE=verify-ca", mode: "verify-ca", expected: true },
    { name: "PGSSLMODE=verify-full", mode: "verify-full", expected: true },
    { name: "PGSSLMODE=no-verify", mode: "no-verify", expected: false },
    {
      name: "settings over PGSSLMODE",
      settings: { ssl: false },
      mode: "require",
      expected: null,
    },
  ];
  for (const { name, settings, mode, expected } of forms) {
    it(`is as for pg: ${name}`, () => {
      if (mode) process.env["PGSSLMODE"] = mode;
      const config = tlsOf(
        new pg.Pool(/** @type {any} */ ({ user: "u", ...settings })),
      );
      assert.equal(config && config.verify, expected);
      assert.equal(config && config.required, expected === null ? null : true);
    });
  }

  const parameters = [
    { text: "", expected: null },
    { text: "sslmode=disable", expected: null },
    { text: "ssl=0", expected: null },
    { text: "ssl=true", expected: true },
    { text: "ssl=1", expected: true },
    { text: "ssl=no-verify", expected: false },
    { text: "sslmode=prefer", expected: true },
    { text: "sslmode=require", expected: true },
    { text: "sslmode=verify-ca", expected: true },
    { text: "sslmode=verify-full", expected: true },
    { text: "sslmode=no-verify", expected: false },
    { text: "sslnegotiation=direct", expected: true },
    { text: "uselibpqcompat=true&sslmode=require", expected: false },
    { text: "uselibpqcompat=true&sslmode=verify-full", expected: true },
  ];
  for (const { text, expected } of parameters) {
    it(`is as for pg in a connection string: ?${text}`, () => {
      const connectionString = `postgres://u@db/app?${text}`;
      for (const target of [connectionString, { connectionString }]) {
        const config = tlsOf(target);
        assert.equal(config && config.verify, expected);
        if (config) assert.equal(config.verifyName, true);
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

describe("whether the server is verified", () => {
  it("is up to the environment where the settings are silent", () => {
    process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
    assert.equal(tlsWith(true).verify, false);
    assert.equal(tlsWith({}).verify, false);
    assert.equal(tlsWith({ rejectUnauthorized: true }).verify, true);
    // tls.connect() takes it for set
    assert.equal(tlsWith({ rejectUnauthorized: undefined }).verify, true);
    process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "1";
    assert.equal(tlsWith(true).verify, true);
  });

  it("leaves out the name where the connection string says so", () => {
    withFiles({ "ca.pem": CERTIFICATE }, (folder) => {
      const file = encodeURIComponent(path.join(folder, "ca.pem"));
      for (const mode of ["verify-ca", "require"]) {
        const connectionString = `postgres://u@db/app?uselibpqcompat=true&sslmode=${mode}&sslrootcert=${file}`;
        for (const target of [
          connectionString,
          { connectionString, ssl: {} },
        ]) {
          const config = tlsOf(target);
          assert.ok(config);
          assert.deepEqual([config.verify, config.verifyName], [true, false]);
          assert.deepEqual(config.ca, [CERTIFICATE]);
        }
      }
    });
  });
});

describe("the name that is verified", () => {
  const cases = [
    { host: "db.example.com", ssl: true },
    { host: "db.example.com", ssl: { servername: "other" } },
    { host: "db.example.com", ssl: { host: "other" } },
    { host: "10.0.0.1", ssl: true },
    { host: "10.0.0.1", ssl: { servername: "db.example.com" } },
    { host: "10.0.0.1", ssl: { servername: "" } },
    { host: "10.0.0.1", ssl: { host: "db.example.com" } },
    { host: "::1", ssl: {} },
    { host: "/run/postgresql", ssl: true },
    { host: "/run/postgresql", ssl: { servername: "other" } },
    { host: "/run/postgresql", ssl: { host: "db.example.com" } },
  ];
  for (const { host, ssl } of cases) {
    it(`is the one of pg: ${host}, ${JSON.stringify(ssl)}`, () => {
      const options = asPgWould({ user: "u", host, ssl });
      // the rule of tls.connect()
      const expected = options.servername || options.host || "localhost";
      assert.equal(tlsWith(ssl, host).servername, expected);
    });
  }

  it("is the one of each host where there are several", () => {
    assert.equal(tlsWith(true, "a,b").servername, null);
  });
});

describe("the trusted authorities", () => {
  it("are the given ones, in every form", () => {
    const both = [CERTIFICATE, OTHER_CERTIFICATE];
    const forms = [
      [CERTIFICATE, [CERTIFICATE]],
      [Buffer.from(CERTIFICATE), [CERTIFICATE]],
      [new Uint8Array(Buffer.from(CERTIFICATE)), [CERTIFICATE]],
      [both.join("# another\n"), both],
      [[Buffer.from(CERTIFICATE), OTHER_CERTIFICATE], both],
      [CERTIFICATE.replaceAll("\n", "\r\n"), [CERTIFICATE]],
      [[], []],
    ];
    for (const [ca, expected] of forms) {
      assert.deepEqual(tlsWith({ ca }).ca, expected);
    }
  });

  it("are those of a file that the connection string names", () => {
    withFiles({ "ca.pem": CERTIFICATE }, (folder) => {
      const file = path.join(folder, "ca.pem");
      const config = tlsOf(
        `postgres://u@db/?sslmode=verify-full&sslrootcert=${file}`,
      );
      assert.deepEqual(config?.ca, [CERTIFICATE]);
    });
  });

  it("are those of Node.js where none is given", () => {
    for (const ssl of [true, {}, { ca: undefined }, { ca: null }, { ca: "" }]) {
      const { ca } = tlsWith(ssl);
      assert.ok(ca && ca.length >= 100);
      assert.ok(ca.includes(String(tls.rootCertificates[0])));
    }
  });

  it("include those of NODE_EXTRA_CA_CERTS, which Node.js reads when it starts", () => {
    withFiles({ "extra.pem": OTHER_CERTIFICATE + CERTIFICATE }, (folder) => {
      const extra = path.join(folder, "extra.pem");
      const defaults = authoritiesOfProcess({});
      const extended = authoritiesOfProcess({ NODE_EXTRA_CA_CERTS: extra });
      assert.ok(defaults.length >= 100);
      assert.deepEqual(
        extended
          .filter((fingerprint) => !defaults.includes(fingerprint))
          .sort(),
        [OTHER_CERTIFICATE, CERTIFICATE].map(fingerprintOf).sort(),
      );
      assert.equal(extended.length, defaults.length + 2);
    });
  });

  it("are the default ones where the file of NODE_EXTRA_CA_CERTS is missing", () => {
    const missing = { NODE_EXTRA_CA_CERTS: "/no/such/file" };
    assert.deepEqual(authoritiesOfProcess(missing), authoritiesOfProcess({}));
  });

  it("are none where nothing is verified", () => {
    assert.equal(
      tlsWith({ rejectUnauthorized: false, ca: CERTIFICATE }).ca,
      null,
    );
  });
});

describe("the client's certificate", () => {
  /** @param {string | null} pem */
  const isOurKey = (pem) => createPrivateKey(String(pem)).equals(KEY);

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
      assert.ok(isOurKey(config.key));
      assert.match(String(config.key), /^-----BEGIN PRIVATE KEY-----/);
    }
  });

  it("is read from a pool, where pg hides the key", () => {
    const ssl = { cert: CERTIFICATE, key: KEY_PEM };
    const pool = new pg.Pool({ user: "u", ssl });
    assert.ok(!Object.keys(ssl).includes("key"));
    assert.ok(isOurKey(tlsOf(pool)?.key ?? null));
  });

  it("is read from the files that a connection string names", () => {
    withFiles({ "c.pem": CERTIFICATE, "k.pem": KEY_PEM }, (folder) => {
      const query = `sslcert=${path.join(folder, "c.pem")}&sslkey=${path.join(folder, "k.pem")}`;
      const config = tlsOf(`postgres://u@db/app?${query}`);
      assert.equal(config?.cert, CERTIFICATE);
      assert.ok(isOurKey(config?.key ?? null));
      assert.equal(config?.verify, true);
    });
  });

  it("is left out where it or its key is missing, as by Node.js", () => {
    for (const ssl of [{ cert: CERTIFICATE }, { key: KEY_PEM }]) {
      const { cert, key } = tlsWith(ssl);
      assert.deepEqual({ cert, key }, { cert: null, key: null });
    }
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
    const broken = CERTIFICATE.replace(/^M.{9}/m, "AAAAAAAAAA");
    const cases = [
      [{ ca: "text" }, "ca"],
      [{ ca: 1 }, "ca"],
      [{ ca: [CERTIFICATE, {}] }, "ca"],
      [{ ca: broken }, "ca"],
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

  it("are refused where the native engine cannot honour them", () => {
    const names = [
      "checkServerIdentity",
      "clientCertEngine",
      "crl",
      "pfx",
      "privateKeyEngine",
      "privateKeyIdentifier",
      "pskCallback",
      "secureContext",
    ];
    for (const name of names) {
      const error = refusal({ [name]: () => undefined });
      assert.equal(error.code, "ERR_UNSUPPORTED_CONFIG");
      assert.ok(error.message.includes(`"ssl.${name}"`), error.message);
      assert.ok(tlsWith({ [name]: undefined }));
    }
    assert.match(
      refusal({ cert: [CERTIFICATE, CERTIFICATE] }).message,
      /more than one "ssl.cert"/,
    );
  });

  it("include a way to verify names that came with a pool", () => {
    const ssl = { checkServerIdentity: () => undefined };
    const connectionString = "postgres://u@db/app";
    const pool = new pg.Pool({ connectionString, ssl });
    assert.throws(() => readConnection(pool), /"ssl.checkServerIdentity"/);
  });

  it("do not include those that change nothing about trust", () => {
    const config = tlsWith({
      ciphers: "ECDHE",
      ALPNProtocols: ["x"],
      allowPartialTrustChain: true,
    });
    assert.equal(config.partialChain, true);
  });
});
