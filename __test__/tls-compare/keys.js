"use strict";

// A pool of deterministic keys. A seed must give the same certificates in every run, and RSA keys are too slow to be made
// for each certificate.

const {
  checkPrimeSync,
  createECDH,
  createHash,
  createPrivateKey,
  createPublicKey,
} = require("node:crypto");

const {
  TAG,
  bitString,
  der,
  explicit,
  integer,
  objectIdentifier,
  octetString,
  readElement,
  sequence,
} = require("../support/der.js");

/**
 * @typedef {"P-256" | "P-384" | "P-521" | "secp256k1" | "ed25519" | "ed448" | "rsa-1024" | "rsa-2048" | "rsa-3072" |
 *   "pss-2048"} KeyType
 */

/**
 * @typedef {object} Key
 * @property {KeyType} type
 * @property {import("node:crypto").KeyObject} secret
 * @property {Buffer} spki the public key (SubjectPublicKeyInfo)
 * @property {Buffer} identifier
 * @property {string} pem the private key
 */

/** @typedef {{ ecdh: string, oid: string, size: number }} Curve size: of a number, in bytes */

/** @type {Record<string, Curve>} */
const CURVES = {
  "P-256": { ecdh: "prime256v1", oid: "1.2.840.10045.3.1.7", size: 32 },
  "P-384": { ecdh: "secp384r1", oid: "1.3.132.0.34", size: 48 },
  "P-521": { ecdh: "secp521r1", oid: "1.3.132.0.35", size: 66 },
  secp256k1: { ecdh: "secp256k1", oid: "1.3.132.0.10", size: 32 },
};

const OID = Object.freeze({
  EC: "1.2.840.10045.2.1",
  RSA: "1.2.840.113549.1.1.1",
  RSA_PSS: "1.2.840.113549.1.1.10",
  ED25519: "1.3.101.112",
  ED448: "1.3.101.113",
});

/** Rounds of the primality test. A few are enough for numbers that are the same in every run. */
const PRIME_CHECKS = 4;

/** The public exponent of all RSA keys. */
const EXPONENT = 65_537n;

/**
 * @param {string} seed
 * @param {number} length
 */
function stretch(seed, length) {
  return createHash("shake256", { outputLength: length }).update(seed).digest();
}

/** @param {Buffer} bytes */
function toNumber(bytes) {
  return BigInt(`0x${bytes.toString("hex")}`);
}

/**
 * A private key. Its first byte is 0, so that it is below the order of the curve.
 *
 * @param {string} seed
 * @param {Curve} curve
 */
function scalar(seed, { size }) {
  const bytes = stretch(seed, size);
  bytes[0] = 0;
  // never 0 as a whole
  bytes[1] = (bytes[1] ?? 0) | 1;
  return bytes;
}

/**
 * @param {Curve} curve
 * @param {Buffer} number
 */
function pointOf({ ecdh }, number) {
  const exchange = createECDH(ecdh);
  exchange.setPrivateKey(number);
  return exchange.getPublicKey();
}

/**
 * @param {Curve} curve
 * @param {Buffer} number
 * @param {Buffer} point OpenSSL does not compare it with the number
 */
function ecKey({ oid }, number, point) {
  return pkcs8(
    [objectIdentifier(OID.EC), objectIdentifier(oid)],
    sequence(integer(1), octetString(number), explicit(1, bitString(point))),
  );
}

/**
 * @param {Buffer[]} algorithm
 * @param {Buffer} content
 */
function pkcs8(algorithm, content) {
  return sequence(integer(0), sequence(...algorithm), octetString(content));
}

/**
 * @param {string} seed
 * @param {number} bits
 */
function prime(seed, bits) {
  const bytes = stretch(seed, bits / 8);
  bytes[0] = (bytes[0] ?? 0) | 0xc0;
  let candidate = toNumber(bytes) | 1n;
  while (
    candidate % EXPONENT === 1n ||
    !checkPrimeSync(candidate, { checks: PRIME_CHECKS })
  ) {
    candidate += 2n;
  }
  return candidate;
}

/**
 * @param {bigint} value
 * @param {bigint} modulus
 */
function inverse(value, modulus) {
  let [a, b] = [value % modulus, modulus];
  let [x, y] = [1n, 0n];
  while (a > 1n) {
    const quotient = b / a;
    [a, b] = [b % a, a];
    [x, y] = [y - quotient * x, x];
  }
  return ((x % modulus) + modulus) % modulus;
}

/**
 * @param {string} seed
 * @param {number} bits
 * @param {bigint} [modulus] that of another key
 * @returns {Buffer} RSAPrivateKey of RFC 8017
 */
function rsaKey(seed, bits, modulus) {
  const p = prime(`${seed} p`, bits / 2);
  const q = prime(`${seed} q`, bits / 2);
  const d = inverse(EXPONENT, (p - 1n) * (q - 1n));
  const numbers = [
    modulus ?? p * q,
    EXPONENT,
    d,
    p,
    q,
    d % (p - 1n),
    d % (q - 1n),
    inverse(q, p),
  ];
  return sequence(integer(0), ...numbers.map(integer));
}

/**
 * @param {KeyType} type
 * @param {string} seed
 * @returns {Buffer} PKCS #8
 */
function encodeKey(type, seed) {
  const curve = CURVES[type];
  if (curve) {
    const number = scalar(seed, curve);
    return ecKey(curve, number, pointOf(curve, number));
  }
  switch (type) {
    case "ed25519":
      return pkcs8(
        [objectIdentifier(OID.ED25519)],
        octetString(stretch(seed, 32)),
      );
    case "ed448":
      return pkcs8(
        [objectIdentifier(OID.ED448)],
        octetString(stretch(seed, 57)),
      );
    case "pss-2048":
      return pkcs8([objectIdentifier(OID.RSA_PSS)], rsaKey(seed, 2048));
    default:
      return pkcs8(
        [objectIdentifier(OID.RSA), der(TAG.NULL)],
        rsaKey(seed, Number(type.slice("rsa-".length))),
      );
  }
}

/** @param {Buffer} spki */
function keyIdentifier(spki) {
  const { content } = readElement(readElement(readElement(spki).content).rest);
  return createHash("sha1").update(content.subarray(1)).digest();
}

/**
 * @param {KeyType} type
 * @param {Buffer} encoded PKCS #8
 * @returns {Key}
 */
function toKey(type, encoded) {
  const secret = createPrivateKey({
    key: encoded,
    format: "der",
    type: "pkcs8",
  });
  const spki = createPublicKey(secret).export({ type: "spki", format: "der" });
  const pem = secret.export({ type: "pkcs8", format: "pem" }).toString();
  return { type, secret, spki, identifier: keyIdentifier(spki), pem };
}

/** @type {Map<string, Key>} */
const pool = new Map();

/**
 * @param {KeyType} type
 * @param {number} [index] tells the keys of a type apart
 * @returns {Key}
 */
function getKey(type, index = 0) {
  const name = `${type} ${index}`;
  const known = pool.get(name);
  if (known) return known;
  const key = toKey(type, encodeKey(type, name));
  pool.set(name, key);
  return key;
}

/**
 * The key of an impostor that has copied a certificate. OpenSSL loads it with that certificate, because its public half
 * is right, but its signatures are wrong.
 *
 * @param {Key} key EC or RSA
 * @returns {Key}
 */
function forgeKey({ type, spki, secret }) {
  const curve = CURVES[type];
  if (curve) {
    const point = spki.subarray(-(1 + 2 * curve.size));
    return toKey(type, ecKey(curve, scalar("forged", curve), point));
  }
  const { n = "" } = secret.export({ format: "jwk" });
  const modulus = toNumber(Buffer.from(n, "base64url"));
  const bits = Number(type.slice("rsa-".length));
  const forged = rsaKey("forged", bits, modulus);
  return toKey(type, pkcs8([objectIdentifier(OID.RSA), der(TAG.NULL)], forged));
}

module.exports = { forgeKey, getKey };
