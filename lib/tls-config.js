"use strict";

const fs = require("node:fs");
const net = require("node:net");
const tls = require("node:tls");
const debug = require("debug")("socket.io-postgres-adapter");
const { describeType, refusal, unsupportedSetting } = require("./errors.js");
const { readCertificates, readKey } = require("./pem.js");

/** @typedef {import('./pg-client.js').Client} Client */

/**
 * TLS settings, in the form that the native engine takes.
 *
 * @typedef {object} TlsConfig
 * @property {string[] | null} ca the trusted certificates (PEM); null when the server is not verified
 * @property {string | null} cert the client's certificate and its chain (PEM)
 * @property {string | null} key its key (PEM, not encrypted)
 * @property {boolean} verify whether the server must prove who it is
 * @property {boolean} verifyName whether its certificate must be for the name of the host
 * @property {boolean} partialChain whether a trusted certificate need not be self-signed
 * @property {string | null} servername the name to verify; null: the one of the host, where there are several
 * @property {("TLSv1.2" | "TLSv1.3")[]} versions those that may be negotiated
 * @property {true} required a server without TLS is refused, as by `pg`
 */

/** Options of `tls.connect()` that decide who is trusted or how to log in, and that the engine cannot apply. */
const UNSUPPORTED = new Set([
  "checkServerIdentity",
  "clientCertEngine",
  "crl",
  "pfx",
  "privateKeyEngine",
  "privateKeyIdentifier",
  "pskCallback",
  "secureContext",
]);

const SUPPORTED = new Set([
  "ALPNProtocols",
  "allowPartialTrustChain",
  "ca",
  "cert",
  "host",
  "key",
  "maxVersion",
  "minVersion",
  "passphrase",
  "rejectUnauthorized",
  "servername",
]);

const VERSIONS = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"];

/**
 * What `tls.connect()` would do with the `ssl` setting of a client.
 *
 * @param {Client} client
 * @param {string | Record<string, any>} settings what the client was made of
 * @param {{ host: string }[]} hosts
 * @returns {TlsConfig | null}
 */
function readTls(client, settings, hosts) {
  const { ssl } = client.connectionParameters;
  if (!ssl) return null;
  if (client.native) throw unsupportedSetting('the setting "ssl" of pg-native');
  if (ssl !== true && typeof ssl !== "object") {
    throw refusal(
      TypeError,
      `the setting "ssl" must be a boolean or an object, got ${describeType(ssl)}`,
    );
  }
  // The key is hidden by pg, hence not among the properties that are copied.
  const options =
    ssl === true
      ? {}
      : { ...ssl, key: /** @type {{ key?: unknown }} */ (ssl).key };
  return convert(options, isOfParser(ssl, settings), hosts);
}

/**
 * @param {Record<string, any>} options those of `tls.connect()`
 * @param {boolean} parsed whether they come out of a connection string
 * @param {{ host: string }[]} hosts
 * @returns {TlsConfig}
 */
function convert(options, parsed, hosts) {
  // For `sslmode=verify-ca` the parser sets a checkServerIdentity() that accepts every name.
  const verifyName = !(parsed && options["checkServerIdentity"]);
  refuseUnsupported(
    parsed ? { ...options, checkServerIdentity: null } : options,
  );
  const verify = isVerified(options);
  return {
    ca: verify ? readAuthorities(options["ca"]) : null,
    ...readClientCertificate(options),
    verify,
    verifyName,
    partialChain: Boolean(options["allowPartialTrustChain"]),
    servername: readServername(options, hosts),
    versions: readVersions(options),
    required: true,
  };
}

/**
 * Whether `pg` made the object while parsing a connection string.
 *
 * @param {unknown} ssl
 * @param {string | Record<string, any>} settings
 */
function isOfParser(ssl, settings) {
  if (typeof settings === "string") return true;
  return Boolean(settings["connectionString"]) && settings["ssl"] !== ssl;
}

/** @param {Record<string, unknown>} options */
function refuseUnsupported(options) {
  for (const [name, value] of Object.entries(options)) {
    if (!value || SUPPORTED.has(name)) continue;
    if (UNSUPPORTED.has(name))
      throw unsupportedSetting(`the setting "ssl.${name}"`);
    debug('the setting "ssl.%s" has no effect on the native engine', name);
  }
}

/**
 * The rule of `tls.connect()`: an option that is there decides, even if undefined; else the environment.
 *
 * @param {Record<string, unknown>} options
 */
function isVerified(options) {
  return "rejectUnauthorized" in options
    ? options["rejectUnauthorized"] !== false
    : process.env["NODE_TLS_REJECT_UNAUTHORIZED"] !== "0";
}

/**
 * The name that `pg` verifies: the one of the host, whatever `ssl.servername` says; that is for addresses only.
 *
 * @param {Record<string, any>} options
 * @param {{ host: string }[]} hosts
 * @returns {string | null}
 */
function readServername(options, hosts) {
  const [first, second] = hosts;
  if (!first || second) return null;
  const isSocket = first.host.startsWith("/");
  if (!isSocket && net.isIP(first.host) === 0) return first.host;
  const named = isSocket
    ? options["host"]
    : options["servername"] || options["host"];
  return named || (isSocket ? "localhost" : first.host);
}

/**
 * @param {Record<string, any>} options
 * @returns {("TLSv1.2" | "TLSv1.3")[]}
 */
function readVersions(options) {
  const lowest = versionIndex(options["minVersion"] ?? tls.DEFAULT_MIN_VERSION);
  const highest = versionIndex(
    options["maxVersion"] ?? tls.DEFAULT_MAX_VERSION,
  );
  const versions = /** @type {const} */ (["TLSv1.2", "TLSv1.3"]).filter(
    (version) =>
      versionIndex(version) >= lowest && versionIndex(version) <= highest,
  );
  if (versions.length > 0) return versions;
  throw unsupportedSetting(
    'a range of "ssl.minVersion" and "ssl.maxVersion" without TLSv1.2 and TLSv1.3',
  );
}

/** @param {unknown} version */
function versionIndex(version) {
  const index = VERSIONS.indexOf(/** @type {string} */ (version));
  if (index !== -1) return index;
  throw refusal(
    TypeError,
    `"ssl.minVersion" and "ssl.maxVersion" must be one of ${VERSIONS.join(", ")}`,
  );
}

/**
 * @param {unknown} ca
 * @returns {string[]}
 */
function readAuthorities(ca) {
  if (!ca) return defaultAuthorities();
  return [ca].flat().flatMap((entry) => readCertificates(entry, "ca"));
}

/** @returns {string[]} what Node.js trusts when it is told nothing */
function defaultAuthorities() {
  const { getCACertificates } = /** @type {any} */ (tls);
  if (getCACertificates) return getCACertificates("default");
  return [...tls.rootCertificates, ...extraAuthorities()];
}

/** @returns {string[]} */
function extraAuthorities() {
  const file = process.env["NODE_EXTRA_CA_CERTS"];
  if (!file) return [];
  try {
    return readCertificates(fs.readFileSync(file), "ca");
  } catch (error) {
    // Node.js warned of it when it started, and goes on without.
    debug("NODE_EXTRA_CA_CERTS ignored: %s", error);
    return [];
  }
}

/**
 * @param {Record<string, any>} options
 * @returns {{ cert: string | null, key: string | null }}
 */
function readClientCertificate(options) {
  const cert = single(options["cert"], "cert");
  const key = single(options["key"], "key");
  if (!cert || !key) {
    if (cert || key) {
      debug('"ssl.cert" and "ssl.key" have no effect without each other');
    }
    return { cert: null, key: null };
  }
  return {
    cert: readCertificates(cert, "cert").join(""),
    key: readKey(key.pem ?? key, key.passphrase ?? options["passphrase"]),
  };
}

/**
 * @param {unknown} value
 * @param {string} name
 * @returns {any} the value, or the only element if it is an array
 */
function single(value, name) {
  if (!Array.isArray(value)) return value;
  if (value.length > 1) throw unsupportedSetting(`more than one "ssl.${name}"`);
  return value[0];
}

module.exports = { readTls };
