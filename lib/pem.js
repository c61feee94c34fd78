"use strict";

const { X509Certificate, createPrivateKey } = require("node:crypto");
const { PostgresAdapterError, describeType } = require("./errors.js");

// The client's certificate and key, checked where the error can still name the setting, and brought into the one form
// that the native engine reads.

/** A block begins a line: one that is commented out is none. */
const CERTIFICATES =
  /^-----BEGIN (X509 |TRUSTED )?CERTIFICATE-----[^-]+-----END \1CERTIFICATE-----/gm;

/**
 * @param {unknown} pem
 * @param {string} name the property of `ssl`
 * @returns {string[]} one PEM text for each certificate
 */
function readCertificates(pem, name) {
  const blocks = pemText(pem, name).match(CERTIFICATES);
  if (!blocks) throw unusable(name, "it holds no certificate in PEM form");
  try {
    return blocks.map((block) => new X509Certificate(block).toString());
  } catch (cause) {
    throw unusable(name, "a certificate in it is malformed", cause);
  }
}

/**
 * @param {unknown} pem
 * @param {string | undefined} passphrase
 * @returns {Buffer} PKCS #8 (DER), not encrypted
 */
function readKey(pem, passphrase) {
  const key = pemText(pem, "key");
  try {
    const parsed = createPrivateKey({ key, format: "pem", passphrase });
    return parsed.export({ type: "pkcs8", format: "der" });
  } catch (cause) {
    throw unusable(
      "key",
      "it is no private key in PEM form, or needs another passphrase",
      cause,
    );
  }
}

/**
 * @param {unknown} pem
 * @param {string} name
 * @returns {string}
 */
function pemText(pem, name) {
  if (typeof pem === "string") return pem;
  if (ArrayBuffer.isView(pem)) {
    return Buffer.from(pem.buffer, pem.byteOffset, pem.byteLength).toString();
  }
  throw unusable(
    name,
    `it must be a string or a Buffer, got ${describeType(pem)}`,
  );
}

/**
 * @param {string} name
 * @param {string} reason
 * @param {unknown} [cause]
 */
function unusable(name, reason, cause) {
  return new PostgresAdapterError(
    "ERR_OPTIONS",
    `the setting "ssl.${name}" is unusable: ${reason}`,
    cause === undefined ? undefined : { cause },
  );
}

module.exports = { readCertificates, readKey };
