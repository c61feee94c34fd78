"use strict";

// Certificates of every kind that servers have: made for a test, hence never out of date.

const {
  createHash,
  generateKeyPairSync,
  randomBytes,
  sign,
} = require("node:crypto");

const {
  TAG,
  bitString,
  boolean,
  der,
  explicit,
  extension,
  generalizedTime,
  implicit,
  integer,
  objectIdentifier,
  octetString,
  pem,
  sequence,
} = require("./der.js");

const DAY_MS = 24 * 60 * 60 * 1000;

const OID = Object.freeze({
  COMMON_NAME: "2.5.4.3",
  ECDSA_WITH_SHA256: "1.2.840.10045.4.3.2",
  SUBJECT_KEY_IDENTIFIER: "2.5.29.14",
  SUBJECT_ALT_NAME: "2.5.29.17",
  BASIC_CONSTRAINTS: "2.5.29.19",
  AUTHORITY_KEY_IDENTIFIER: "2.5.29.35",
});

/** @param {string} commonName */
function distinguishedName(commonName) {
  const attribute = sequence(
    objectIdentifier(OID.COMMON_NAME),
    der(TAG.UTF8_STRING, Buffer.from(commonName)),
  );
  return sequence(der(TAG.SET, attribute));
}

/** @param {string} name a host name or an IPv4 address */
function generalName(name) {
  return /^[\d.]+$/.test(name)
    ? implicit(7, Buffer.from(name.split(".").map(Number)))
    : implicit(2, Buffer.from(name));
}

/** @param {Buffer} publicKey */
function keyIdentifier(publicKey) {
  return createHash("sha1").update(publicKey).digest();
}

/** A certificate and its key. */
class Identity {
  /**
   * @param {Buffer} certificate
   * @param {import("node:crypto").KeyObject} key
   * @param {{ subject: Buffer, publicKey: Buffer }} details
   */
  constructor(certificate, key, { subject, publicKey }) {
    this.key = key;
    this.subject = subject;
    this.publicKey = publicKey;
    this.pem = pem("CERTIFICATE", certificate);
    this.keyPem = /** @type {string} */ (
      key.export({ type: "pkcs8", format: "pem" })
    );
  }

  /** @param {string} passphrase */
  encryptedKeyPem(passphrase) {
    return /** @type {string} */ (
      this.key.export({
        type: "pkcs8",
        format: "pem",
        cipher: "aes-256-cbc",
        passphrase,
      })
    );
  }
}

/**
 * @typedef {object} Wishes
 * @property {string} [commonName]
 * @property {string[]} [names] host names and addresses that it is for
 * @property {Identity} [issuer] itself when absent
 * @property {boolean} [authority] whether it may issue others
 * @property {1 | 3} [version] the first one has no extensions
 * @property {number} [validFrom] days from now, negative ones are past
 * @property {number} [validTo]
 * @property {"P-256" | "P-521"} [curve] of its key
 */

/**
 * @param {Wishes} wishes
 * @param {Buffer} publicKey
 * @param {Buffer} issuerKey
 */
function extensions(
  { names = [], authority = false, version = 3 },
  publicKey,
  issuerKey,
) {
  if (version === 1) return [];
  const list = [
    extension(
      OID.BASIC_CONSTRAINTS,
      sequence(...(authority ? [boolean(true)] : [])),
      true,
    ),
    extension(
      OID.SUBJECT_KEY_IDENTIFIER,
      octetString(keyIdentifier(publicKey)),
    ),
    extension(
      OID.AUTHORITY_KEY_IDENTIFIER,
      sequence(implicit(0, keyIdentifier(issuerKey))),
    ),
  ];
  if (names.length > 0) {
    list.push(
      extension(OID.SUBJECT_ALT_NAME, sequence(...names.map(generalName))),
    );
  }
  return [explicit(3, sequence(...list))];
}

/**
 * @param {Wishes} wishes
 * @returns {Identity}
 */
function makeCertificate(wishes) {
  const {
    commonName = "test",
    issuer,
    version = 3,
    validFrom = -1,
    validTo = 1,
    curve = "P-256",
  } = wishes;
  const pair = generateKeyPairSync("ec", { namedCurve: curve });
  const publicKey = pair.publicKey.export({ type: "spki", format: "der" });
  const subject = distinguishedName(commonName);
  const algorithm = sequence(objectIdentifier(OID.ECDSA_WITH_SHA256));
  const now = Date.now();
  const content = sequence(
    ...(version === 3 ? [explicit(0, integer(2))] : []),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    issuer?.subject ?? subject,
    sequence(
      generalizedTime(now + validFrom * DAY_MS),
      generalizedTime(now + validTo * DAY_MS),
    ),
    subject,
    publicKey,
    ...extensions(wishes, publicKey, issuer?.publicKey ?? publicKey),
  );
  const signature = sign("sha256", content, issuer?.key ?? pair.privateKey);
  const certificate = sequence(content, algorithm, bitString(signature));
  return new Identity(certificate, pair.privateKey, { subject, publicKey });
}

module.exports = { Identity, makeCertificate };
