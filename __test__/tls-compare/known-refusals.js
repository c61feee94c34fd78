"use strict";

// The legitimate reasons why the native engine refuses some databases that `pg` accepts. Any other refusal is a bug.

const { readName } = require("./cases.js");

/** @typedef {import("./cases.js").Case} Case */
/** @typedef {import("./keys.js").KeyType} KeyType */

/** Key types for which the native TLS library cannot verify a signature. @type {ReadonlySet<KeyType>} */
const UNKNOWN_KEYS = new Set(["ed448", "secp256k1", "rsa-1024"]);

/** Key types that it supports with TLS 1.3 only. @type {ReadonlySet<KeyType>} */
const NEW_KEYS = new Set(["P-521", "pss-2048"]);

/** The longest chain of certificates that the native TLS library reads, in bytes. */
const MAX_CHAIN_SIZE = 64 * 1024;

/** The longest chain that the engine accepts, in certificates. */
const MAX_CHAIN_COUNT = 100;

/** Cipher suites that the native TLS library supports. */
const KNOWN_CIPHERS =
  /^(ECDHE-(ECDSA|RSA)-(AES\d+-GCM|CHACHA20)|TLS_)(?!.*CCM)/;
/** Key exchange groups that the native TLS library supports. */
const KNOWN_GROUPS = /X25519|P-256|P-384/;
/** Handshake signatures of TLS 1.2 that the native TLS library lacks. */
const UNKNOWN_SIGNATURES = /SHA1$|secp521r1/;

/** @param {Case} comparison */
const keyType = ({ plan }) => (plan.sent[0] ?? plan.leaf).key.type;

/** @param {Case} comparison */
const isOldVersion = ({ showing }) => showing.maxVersion === "TLSv1.2";

/** @type {{ reason: string, applies: (comparison: Case) => boolean }[]} */
const KNOWN_REFUSALS = [
  {
    reason: "the native TLS library does not support the type of its key",
    applies: (comparison) => UNKNOWN_KEYS.has(keyType(comparison)),
  },
  {
    reason: "the native TLS library supports its key with TLS 1.3 only",
    applies: (comparison) =>
      isOldVersion(comparison) && NEW_KEYS.has(keyType(comparison)),
  },
  {
    reason: "its chain of certificates is longer than 64 KiB",
    applies: ({ plan }) => plan.chainSize > MAX_CHAIN_SIZE,
  },
  {
    reason: "its chain has more than 100 certificates",
    applies: ({ plan }) => plan.sent.length > MAX_CHAIN_COUNT,
  },
  {
    reason: "it offers only cipher suites with CBC, CCM or no forward secrecy",
    applies: ({ showing: { ciphers } }) =>
      ciphers !== undefined && !KNOWN_CIPHERS.test(ciphers),
  },
  {
    reason:
      "it offers only key exchange groups that the native TLS library lacks",
    applies: ({ showing: { groups } }) =>
      groups !== undefined && !KNOWN_GROUPS.test(groups),
  },
  {
    reason: "it signs the handshake of TLS 1.2 only with SHA-1 or as on P-521",
    applies: (comparison) =>
      isOldVersion(comparison) &&
      UNKNOWN_SIGNATURES.test(comparison.showing.signatures ?? ""),
  },
  {
    reason: "an impostor forwards some connections to the genuine database",
    applies: ({ plan }) => plan.genuine !== null,
  },
  {
    reason:
      "the settings restrict the handshake in a way that the engine has no setting for",
    applies: ({ name, plan }) =>
      plan.limitsHandshake || readName(name).environment === "tls-cipher-list",
  },
];

/**
 * @param {Case} comparison which the engine refuses
 * @returns {string | undefined} why it may do so even if `pg` does not
 */
function knownRefusal(comparison) {
  return KNOWN_REFUSALS.find(({ applies }) => applies(comparison))?.reason;
}

module.exports = { knownRefusal };
