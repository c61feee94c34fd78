"use strict";

// The signature algorithms of certificates: their identifiers, and signing with them.

const { constants, sign } = require("node:crypto");

const {
  TAG,
  der,
  explicit,
  integer,
  objectIdentifier,
  sequence,
} = require("../support/der.js");

/** @typedef {import("./keys.js").Key} Key */
/** @typedef {import("./keys.js").KeyType} KeyType */

/**
 * @typedef {object} Algorithm
 * @property {Buffer} identifier
 * @property {(content: Buffer, key: Key) => Buffer} sign
 */

/** @type {Record<string, string>} */
const DIGESTS = {
  md5: "1.2.840.113549.2.5",
  sha1: "1.3.14.3.2.26",
  sha224: "2.16.840.1.101.3.4.2.4",
  sha256: "2.16.840.1.101.3.4.2.1",
  sha384: "2.16.840.1.101.3.4.2.2",
  sha512: "2.16.840.1.101.3.4.2.3",
};

/** @type {Record<string, string>} */
const ECDSA = {
  sha1: "1.2.840.10045.4.1",
  sha224: "1.2.840.10045.4.3.1",
  sha256: "1.2.840.10045.4.3.2",
  sha384: "1.2.840.10045.4.3.3",
  sha512: "1.2.840.10045.4.3.4",
};

/** @type {Record<string, string>} */
const RSA = {
  md5: "1.2.840.113549.1.1.4",
  sha1: "1.2.840.113549.1.1.5",
  sha224: "1.2.840.113549.1.1.14",
  sha256: "1.2.840.113549.1.1.11",
  sha384: "1.2.840.113549.1.1.12",
  sha512: "1.2.840.113549.1.1.13",
};

const RSA_PSS = "1.2.840.113549.1.1.10";
const MASK_GENERATION = "1.2.840.113549.1.1.8";

/** @type {Record<string, string>} */
const EDWARDS = { ed25519: "1.3.101.112", ed448: "1.3.101.113" };

/** The salt lengths that TLS prescribes. @type {Record<string, number>} */
const SALT_LENGTHS = { sha1: 20, sha256: 32, sha384: 48, sha512: 64 };

const NULL = der(TAG.NULL);

/**
 * @param {string} oid
 * @param {string} digest
 * @param {Buffer[]} parameters
 * @returns {Algorithm}
 */
function plain(oid, digest, parameters) {
  return {
    identifier: sequence(objectIdentifier(oid), ...parameters),
    sign: (content, { secret }) => sign(digest, content, secret),
  };
}

/**
 * @param {string} digest
 * @returns {Algorithm}
 */
function pss(digest) {
  const saltLength = SALT_LENGTHS[digest] ?? 0;
  const hash = sequence(objectIdentifier(DIGESTS[digest] ?? ""), NULL);
  const parameters = sequence(
    explicit(0, hash),
    explicit(1, sequence(objectIdentifier(MASK_GENERATION), hash)),
    explicit(2, integer(saltLength)),
  );
  return {
    identifier: sequence(objectIdentifier(RSA_PSS), parameters),
    sign: (content, { secret }) =>
      sign(digest, content, {
        key: secret,
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength,
      }),
  };
}

/**
 * @param {KeyType} type
 * @returns {string[]} the names of the algorithms that a key of this type can have
 */
function algorithmNames(type) {
  if (type in EDWARDS) return [type];
  const salted = Object.keys(SALT_LENGTHS).map((digest) => `pss-${digest}`);
  if (type.startsWith("pss")) return salted;
  return type.startsWith("rsa")
    ? [...Object.keys(RSA), ...salted]
    : Object.keys(ECDSA);
}

/**
 * @param {KeyType} type of the key that signs
 * @param {string} [name] one of `algorithmNames()`
 * @returns {Algorithm}
 */
function getAlgorithm(type, name) {
  const oid = EDWARDS[type];
  if (oid) {
    return {
      identifier: sequence(objectIdentifier(oid)),
      sign: (content, { secret }) => sign(null, content, secret),
    };
  }
  if (type.startsWith("pss")) return pss((name ?? "pss-sha256").slice(4));
  if (name?.startsWith("pss-")) return pss(name.slice(4));
  const digest = name ?? "sha256";
  return type.startsWith("rsa")
    ? plain(RSA[digest] ?? "", digest, [NULL])
    : plain(ECDSA[digest] ?? "", digest, []);
}

module.exports = { algorithmNames, getAlgorithm };
