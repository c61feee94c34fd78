"use strict";

const crypto = require("node:crypto");
const tls = require("node:tls");
const debug = require("debug")("socket.io-postgres-adapter");
const {
  PostgresAdapterError,
  describeType,
  refusal,
  unsupportedSetting,
} = require("./errors.js");
const { readCertificates, readKey } = require("./pem.js");

/** @typedef {import('./pg-client.js').Client} Client */

/**
 * What the native engine needs to know for a TLS session. Whom to trust is not part of it: that is what `pg` is asked
 * for at each connection, see tls-verdict.js.
 *
 * @typedef {object} TlsConfig
 * @property {string | null} cert the client's certificate and its chain (PEM)
 * @property {string | null} servername the name to announce to a server whose host is an address
 * @property {string[]} applicationProtocols those to announce (ALPN), where TLS is asked for first
 * @property {("TLSv1.2" | "TLSv1.3")[]} versions those that may be negotiated
 */

/**
 * Options of `tls.connect()` that shape the session, or the login, in a way that the engine's TLS library has no
 * setting for, or hide from us what they ask for. Without them the session would be less strict than it was meant to be.
 */
const UNSUPPORTED = new Set([
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
]);

const VERSIONS = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"];

/**
 * What the `ssl` setting of a client asks of a TLS session.
 *
 * @param {Client} client
 * @returns {TlsConfig | null}
 */
function readTls(client) {
  const options = tlsOptions(client);
  if (options === null) return null;
  refuseUnsupported(options);
  refuseProcessSettings();
  const { cert, key } = clientCertificate(options);
  if (cert && key) readKeyOf(options, key).fill(0);
  const config = {
    cert: cert && key ? readCertificates(cert, "cert").join("") : null,
    servername: options["servername"] || null,
    applicationProtocols: readApplicationProtocols(options["ALPNProtocols"]),
    versions: readVersions(options),
  };
  refuseUnusable(options);
  return config;
}

/**
 * The key of the client's certificate. To be wiped after use.
 *
 * @param {Client} client
 * @returns {Buffer | null} PKCS #8 (DER)
 */
function readClientKey(client) {
  const options = tlsOptions(client);
  if (options === null) return null;
  const { cert, key } = clientCertificate(options);
  return cert && key ? readKeyOf(options, key) : null;
}

/**
 * @param {Record<string, any>} options
 * @param {any} key
 */
function readKeyOf(options, key) {
  return readKey(key.pem ?? key, key.passphrase ?? options["passphrase"]);
}

/**
 * @param {Client} client
 * @returns {Record<string, any> | null} the options of `tls.connect()`; null without TLS
 */
function tlsOptions(client) {
  const { ssl } = client.connectionParameters;
  if (!ssl) return null;
  if (client.native) throw unsupportedSetting('the setting "ssl" of pg-native');
  if (ssl === true) return {};
  if (typeof ssl !== "object") {
    throw refusal(
      TypeError,
      `the setting "ssl" must be a boolean or an object, got ${describeType(ssl)}`,
    );
  }
  // The key is hidden by pg, hence not among the properties that are copied.
  return { ...ssl, key: /** @type {{ key?: unknown }} */ (ssl).key };
}

/** @param {Record<string, unknown>} options */
function refuseUnsupported(options) {
  for (const [name, value] of Object.entries(options)) {
    if (!value || !UNSUPPORTED.has(name)) continue;
    if (name === "ecdhCurve" && value === "auto") continue;
    throw unsupportedSetting(`the setting "ssl.${name}"`);
  }
}

/**
 * What Node.js would refuse at each connect it refuses at once.
 *
 * @param {Record<string, any>} options
 */
function refuseUnusable(options) {
  try {
    tls.createSecureContext(options);
  } catch (/** @type {any} */ cause) {
    // it ends with the value that was received, which can be secret
    const reason = String(cause?.message).replace(/\.? Received .*/s, "");
    throw new PostgresAdapterError(
      "ERR_OPTIONS",
      `the setting "ssl" is unusable: ${reason} (${cause?.code})`,
      { cause },
    );
  }
}

/** What restricts all TLS of the process, and would not restrict that of the engine. */
function refuseProcessSettings() {
  const { versions } = process;
  // other runtimes have the names without the meaning
  if (versions["bun"] || versions["deno"]) return;
  const { defaultCoreCipherList } = crypto.constants;
  if (tls.DEFAULT_CIPHERS !== defaultCoreCipherList) {
    throw unsupportedSetting(
      'another list of ciphers than that of Node.js ("--tls-cipher-list" or tls.DEFAULT_CIPHERS)',
    );
  }
  if (tls.DEFAULT_ECDH_CURVE !== "auto") {
    throw unsupportedSetting(
      "another tls.DEFAULT_ECDH_CURVE than that of Node.js",
    );
  }
  if (crypto.getFips() === 1) {
    throw unsupportedSetting("the FIPS mode of Node.js");
  }
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
 * @param {unknown} protocols
 * @returns {string[]}
 */
function readApplicationProtocols(protocols) {
  if (!protocols) return [];
  if (
    Array.isArray(protocols) &&
    protocols.every((name) => typeof name === "string" && name !== "")
  ) {
    return protocols;
  }
  throw unsupportedSetting(
    'a setting "ssl.ALPNProtocols" that is no array of strings',
  );
}

/**
 * @param {Record<string, any>} options
 * @returns {{ cert: any, key: any }}
 */
function clientCertificate(options) {
  const cert = single(options["cert"], "cert");
  const key = single(options["key"], "key");
  if (Boolean(cert) !== Boolean(key)) {
    debug('"ssl.cert" and "ssl.key" have no effect without each other');
  }
  return { cert, key };
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

module.exports = { readClientKey, readTls };
