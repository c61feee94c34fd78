"use strict";

// Certificates of every kind that servers have: made for a test, hence never out of date.

const {
  createHash,
  generateKeyPairSync,
  randomBytes,
  sign,
} = require("node:crypto");

const DAY_MS = 24 * 60 * 60 * 1000;

/** Tags of ASN.1 in DER. */
const TAG = Object.freeze({
  BOOLEAN: 0x01,
  INTEGER: 0x02,
  BIT_STRING: 0x03,
  OCTET_STRING: 0x04,
  OID: 0x06,
  UTF8_STRING: 0x0c,
  GENERALIZED_TIME: 0x18,
  SEQUENCE: 0x30,
  SET: 0x31,
  EXPLICIT_0: 0xa0,
  EXPLICIT_3: 0xa3,
  IMPLICIT_KEY_ID: 0x80,
  DNS_NAME: 0x82,
  IP_ADDRESS: 0x87,
});

const OID = Object.freeze({
  COMMON_NAME: "2.5.4.3",
  ECDSA_WITH_SHA256: "1.2.840.10045.4.3.2",
  SUBJECT_KEY_IDENTIFIER: "2.5.29.14",
  SUBJECT_ALT_NAME: "2.5.29.17",
  BASIC_CONSTRAINTS: "2.5.29.19",
  AUTHORITY_KEY_IDENTIFIER: "2.5.29.35",
});

/**
 * @param {number} tag
 * @param {...Buffer} contents
 */
function der(tag, ...contents) {
  const body = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag]), lengthOf(body), body]);
}

/** @param {Buffer} body */
function lengthOf({ length }) {
  if (length < 0x80) return Buffer.from([length]);
  return length < 0x100
    ? Buffer.from([0x81, length])
    : Buffer.from([0x82, length >> 8, length & 0xff]);
}

/** @param {string} oid */
function objectIdentifier(oid) {
  const [first = 0, second = 0, ...rest] = oid.split(".").map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((number) => {
    const digits = [number & 0x7f];
    for (let left = number >> 7; left > 0; left >>= 7) {
      digits.unshift((left & 0x7f) | 0x80);
    }
    return digits;
  });
  return der(TAG.OID, Buffer.from(bytes));
}

/** @param {string} commonName */
function distinguishedName(commonName) {
  const attribute = der(
    TAG.SEQUENCE,
    objectIdentifier(OID.COMMON_NAME),
    der(TAG.UTF8_STRING, Buffer.from(commonName)),
  );
  return der(TAG.SEQUENCE, der(TAG.SET, attribute));
}

/** @param {number} time milliseconds since the epoch */
function generalizedTime(time) {
  const text = new Date(time).toISOString().replace(/[-:T]|\.\d+/g, "");
  return der(TAG.GENERALIZED_TIME, Buffer.from(text));
}

/**
 * @param {string} oid
 * @param {Buffer} value
 * @param {boolean} [critical]
 */
function extension(oid, value, critical = false) {
  return der(
    TAG.SEQUENCE,
    objectIdentifier(oid),
    ...(critical ? [der(TAG.BOOLEAN, Buffer.from([0xff]))] : []),
    der(TAG.OCTET_STRING, value),
  );
}

/** @param {string} name a host name or an IPv4 address */
function generalName(name) {
  return /^[\d.]+$/.test(name)
    ? der(TAG.IP_ADDRESS, Buffer.from(name.split(".").map(Number)))
    : der(TAG.DNS_NAME, Buffer.from(name));
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
    this.pem = `-----BEGIN CERTIFICATE-----\n${certificate
      .toString("base64")
      .replace(/.{64}(?=.)/g, "$&\n")}\n-----END CERTIFICATE-----\n`;
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
      der(
        TAG.SEQUENCE,
        ...(authority ? [der(TAG.BOOLEAN, Buffer.from([0xff]))] : []),
      ),
      true,
    ),
    extension(
      OID.SUBJECT_KEY_IDENTIFIER,
      der(TAG.OCTET_STRING, keyIdentifier(publicKey)),
    ),
    extension(
      OID.AUTHORITY_KEY_IDENTIFIER,
      der(TAG.SEQUENCE, der(TAG.IMPLICIT_KEY_ID, keyIdentifier(issuerKey))),
    ),
  ];
  if (names.length > 0) {
    list.push(
      extension(
        OID.SUBJECT_ALT_NAME,
        der(TAG.SEQUENCE, ...names.map(generalName)),
      ),
    );
  }
  return [der(TAG.EXPLICIT_3, der(TAG.SEQUENCE, ...list))];
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
  const algorithm = der(TAG.SEQUENCE, objectIdentifier(OID.ECDSA_WITH_SHA256));
  const now = Date.now();
  const content = der(
    TAG.SEQUENCE,
    ...(version === 3
      ? [der(TAG.EXPLICIT_0, der(TAG.INTEGER, Buffer.from([2])))]
      : []),
    der(TAG.INTEGER, Buffer.from([1]), randomBytes(8)),
    algorithm,
    issuer?.subject ?? subject,
    der(
      TAG.SEQUENCE,
      generalizedTime(now + validFrom * DAY_MS),
      generalizedTime(now + validTo * DAY_MS),
    ),
    subject,
    publicKey,
    ...extensions(wishes, publicKey, issuer?.publicKey ?? publicKey),
  );
  const signature = sign("sha256", content, issuer?.key ?? pair.privateKey);
  const certificate = der(
    TAG.SEQUENCE,
    content,
    algorithm,
    der(TAG.BIT_STRING, Buffer.from([0]), signature),
  );
  return new Identity(certificate, pair.privateKey, { subject, publicKey });
}

module.exports = { Identity, makeCertificate };
