"use strict";

// Keys and signatures of every kind.

const { forgeKey, getKey } = require("../keys.js");
const { algorithmNames, getAlgorithm } = require("../signatures.js");
const { pickRole } = require("./extensions.js");

/** @typedef {import("../keys.js").KeyType} KeyType */
/** @typedef {import("../plan.js").Plan} Plan */
/** @typedef {import("./topology.js").Twists} Twists */

/** Weights; large RSA keys are rare because they are slow to make. @type {Record<KeyType, number>} */
const KEY_TYPES = {
  "P-256": 4,
  "P-384": 4,
  "P-521": 4,
  secp256k1: 4,
  ed25519: 4,
  ed448: 4,
  "rsa-1024": 4,
  "rsa-2048": 4,
  "rsa-3072": 1,
  "pss-2048": 3,
};

/** Key types for which `forgeKey()` works. */
const FORGEABLE = /** @type {const} */ (["P-256", "P-384", "rsa-2048"]);

/** @type {Twists} */
const algorithms = {
  "a key": (plan) => {
    const draft = pickRole(plan);
    draft.key = plan.newKey(plan.random.weighted(KEY_TYPES));
    plan.note(draft.key.type);
  },
  "all keys": (plan) => {
    const type = plan.random.weighted(KEY_TYPES);
    for (const draft of plan.chain) draft.key = plan.newKey(type);
    plan.note(type);
  },
  "a signature": (plan) => {
    const draft = pickRole(plan);
    if (plan.random.next() < 0.6) {
      const signer = plan.chain.find(({ key }) => key === draft.issuer.key);
      if (signer) signer.key = plan.newKey(plan.random.weighted(KEY_TYPES));
    }
    const { type } = draft.issuer.key;
    draft.signature = plan.random.pick(algorithmNames(type));
    plan.note(`${type} with ${draft.signature}`);
  },
  "bytes of a signature": (plan) => {
    const draft = pickRole(plan);
    const place = plan.random.next();
    draft.alterSignature = (signature) => {
      const altered = Buffer.from(signature);
      const index = Math.floor(place * altered.length);
      altered[index] = (altered[index] ?? 0) ^ 1;
      return altered;
    };
  },
  "no signature": (plan) => {
    pickRole(plan).alterSignature = () => Buffer.alloc(0);
  },
  "a signature of zeros": (plan) => {
    pickRole(plan).alterSignature = (signature) =>
      Buffer.alloc(signature.length);
  },
  "another algorithm inside": (plan) => {
    const draft = pickRole(plan);
    /** @type {KeyType[]} */
    const types = [draft.issuer.key.type, "P-256", "rsa-2048"];
    const type = plan.random.pick(types);
    const name = plan.random.pick(algorithmNames(type));
    plan.note(`${type} with ${name}`);
    draft.innerAlgorithm = getAlgorithm(type, name).identifier;
  },
  "a database that does not hold the key": (plan) => {
    const type = plan.random.pick(FORGEABLE);
    plan.leaf.key = plan.newKey(type);
    plan.showing.key = forgeKey(plan.leaf.key).pem;
    const version = plan.random.pick(/** @type {const} */ ([2, 3]));
    plan.showing.maxVersion = `TLSv1.${version}`;
    plan.note(`${type}, TLS 1.${version}`);
    if (plan.random.next() < 0.4) {
      plan.note("rejectUnauthorized: false");
      const { makeSsl } = plan.connection;
      plan.connection.makeSsl = (ca) => ({
        ...makeSsl(ca),
        rejectUnauthorized: false,
      });
    }
  },
  "the same key everywhere": (plan) => {
    const key = getKey("P-256", 0);
    for (const draft of plan.chain) draft.key = key;
  },
};

module.exports = { FORGEABLE, KEY_TYPES, algorithms };
