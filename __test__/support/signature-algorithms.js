"use strict";

// Certificates whose signatures are of every kind that there is, and a key that is not the one of its certificate.

const { constants, generateKeyPairSync, sign } = require("node:crypto");

const { Identity, makeCertificate } = require("./certificates.js");

/** @typedef {import("node:crypto").KeyObject} KeyObject */
/** @typedef {import("./certificates.js").Wishes} Wishes */
/** @typedef {"ec" | "rsa" | "ed25519" | "ed448"} KeyKind */

/**
 * @typedef {object} Algorithm
 * @property {KeyKind} key
 * @property {string} identifier an AlgorithmIdentifier: DER, in hexadecimal
 * @property {string | null} digest
 * @property {boolean} [isPss]
 */

const EXPLICIT_0 = 0xa0;
const SEQUENCE = 0x30;
const BIT_STRING = 0x03;
/** The size of an uncompressed point on P-256. */
const POINT = 65;
const MODULUS_BITS = 2048;

/** @param {string} digit the last one of the object identifier */
const ecdsa = (digit) => `300a06082a8648ce3d0403${digit}`;
/** @param {string} digits the last ones of the object identifier */
const rsa = (digits) => `300d06092a864886f70d0101${digits}0500`;
/** @param {string} digit of the digest @param {string} saltLength */
const rsaPss = (digit, saltLength) =>
  "304106092a864886f70d01010a3034" +
  `a00f300d060960864801650304020${digit}0500` +
  `a11c301a06092a864886f70d010108300d060960864801650304020${digit}0500` +
  `a2030201${saltLength}`;

/** @type {Readonly<Record<string, Algorithm>>} */
const ALGORITHMS = Object.freeze({
  "ECDSA with SHA-224": {
    key: "ec",
    identifier: ecdsa("01"),
    digest: "sha224",
  },
  "ECDSA with SHA-256": {
    key: "ec",
    identifier: ecdsa("02"),
    digest: "sha256",
  },
  "ECDSA with SHA-384": {
    key: "ec",
    identifier: ecdsa("03"),
    digest: "sha384",
  },
  "ECDSA with SHA-512": {
    key: "ec",
    identifier: ecdsa("04"),
    digest: "sha512",
  },
  "RSA with SHA-1": { key: "rsa", identifier: rsa("05"), digest: "sha1" },
  "RSA with SHA-224": { key: "rsa", identifier: rsa("0e"), digest: "sha224" },
  "RSA with SHA-256": { key: "rsa", identifier: rsa("0b"), digest: "sha256" },
  "RSA with SHA-384": { key: "rsa", identifier: rsa("0c"), digest: "sha384" },
  "RSA with SHA-512": { key: "rsa", identifier: rsa("0d"), digest: "sha512" },
  "RSA-PSS with SHA-256": {
    key: "rsa",
    identifier: rsaPss("1", "20"),
    digest: "sha256",
    isPss: true,
  },
  "RSA-PSS with SHA-512": {
    key: "rsa",
    identifier: rsaPss("3", "40"),
    digest: "sha512",
    isPss: true,
  },
  Ed25519: { key: "ed25519", identifier: "300506032b6570", digest: null },
  Ed448: { key: "ed448", identifier: "300506032b6571", digest: null },
});

/**
 * @param {number} tag
 * @param {...Buffer} contents
 */
function der(tag, ...contents) {
  const body = Buffer.concat(contents);
  if (body.length < 0x80) {
    return Buffer.concat([Buffer.from([tag, body.length]), body]);
  }
  const length = Buffer.from([0x82, body.length >> 8, body.length & 0xff]);
  return Buffer.concat([Buffer.from([tag]), length, body]);
}

/**
 * @param {Buffer} bytes
 * @param {number} at
 * @returns {{ start: number, end: number }} where the content of a DER value lies
 */
function contentAt(bytes, at) {
  const first = bytes[at + 1] ?? 0;
  const size = first < 0x80 ? 0 : first & 0x7f;
  const length = size === 0 ? first : bytes.readUIntBE(at + 2, size);
  const start = at + 2 + size;
  return { start, end: start + length };
}

/** @param {Buffer} bytes of one DER value @returns {Buffer[]} the values in it, whole */
function elements(bytes) {
  const list = [];
  const { start, end } = contentAt(bytes, 0);
  for (let at = start; at < end; at = contentAt(bytes, at).end) {
    list.push(bytes.subarray(at, contentAt(bytes, at).end));
  }
  return list;
}

/** @param {string} pem @returns {Buffer} */
function fromPem(pem) {
  return Buffer.from(pem.replace(/-----.*-----/g, ""), "base64");
}

/** @param {KeyKind} kind @returns {{ publicKey: KeyObject, privateKey: KeyObject }} */
function makeKeys(kind) {
  if (kind === "ec") return generateKeyPairSync("ec", { namedCurve: "P-256" });
  if (kind === "rsa") {
    return generateKeyPairSync("rsa", { modulusLength: MODULUS_BITS });
  }
  return kind === "ed448"
    ? generateKeyPairSync("ed448")
    : generateKeyPairSync("ed25519");
}

/**
 * @param {Buffer} content
 * @param {KeyObject} key
 * @param {Algorithm} algorithm
 */
function signWith(content, key, { digest, isPss }) {
  const padding = isPss
    ? {
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
      }
    : {};
  return sign(digest, content, { key, ...padding });
}

/**
 * Signs a certificate again: by another algorithm, and with the key that belongs to it where it is self-signed.
 * @param {string} name of the algorithm
 * @param {Wishes} wishes an issuer must have a key of its kind
 * @returns {Identity}
 */
function makeCertificateSignedWith(name, wishes) {
  const algorithm = /** @type {Algorithm} */ (ALGORITHMS[name]);
  const base = makeCertificate(wishes);
  const identifier = Buffer.from(algorithm.identifier, "hex");
  const [content = Buffer.alloc(0)] = elements(fromPem(base.pem));
  const parts = elements(content);
  // a certificate of version 1 does not say its version
  const at = parts[0]?.[0] === EXPLICIT_0 ? 2 : 1;
  const keys = makeKeys(algorithm.key);
  parts[at] = identifier;
  parts[at + 4] = keys.publicKey.export({ type: "spki", format: "der" });
  const signed = der(SEQUENCE, ...parts);
  const signature = signWith(
    signed,
    wishes.issuer?.key ?? keys.privateKey,
    algorithm,
  );
  const certificate = der(
    SEQUENCE,
    signed,
    identifier,
    der(BIT_STRING, Buffer.from([0]), signature),
  );
  // its extensions name the key that it was made with
  const { subject, publicKey } = base;
  return new Identity(certificate, keys.privateKey, { subject, publicKey });
}

/**
 * A key that says to be the one of a certificate, and is not: its public half, which is all that TLS libraries compare,
 * is copied. Its signatures are those of somebody else.
 * @param {Identity} identity with a key on P-256
 * @returns {string} PEM
 */
function forgeKey(identity) {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const forged = privateKey.export({ type: "sec1", format: "der" });
  const point = identity.publicKey.subarray(-POINT);
  point.copy(forged, forged.length - POINT);
  const text = forged.toString("base64").replace(/.{64}(?=.)/g, "$&\n");
  return `-----BEGIN EC PRIVATE KEY-----\n${text}\n-----END EC PRIVATE KEY-----\n`;
}

module.exports = { ALGORITHMS, forgeKey, makeCertificateSignedWith };
