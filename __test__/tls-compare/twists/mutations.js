"use strict";

// Certificates in which bytes are changed, missing or added.

const { Random } = require("../../soak/random.js");
const { pickRole } = require("./extensions.js");

/** @typedef {import("../draft.js").Draft} Draft */
/** @typedef {import("../plan.js").Plan} Plan */
/** @typedef {import("./topology.js").Twists} Twists */

/**
 * @param {Buffer} bytes
 * @param {Random} random
 * @returns {Buffer}
 */
function mutate(bytes, random) {
  const place = random.integer(0, Math.max(0, bytes.length - 1));
  const head = bytes.subarray(0, place);
  const tail = bytes.subarray(place);
  const byte = Buffer.from([random.integer(0, 255)]);
  switch (random.pick(["flip", "flip", "set", "insert", "delete", "repeat"])) {
    case "flip": {
      const altered = Buffer.from(bytes);
      altered[place] = (altered[place] ?? 0) ^ (1 << random.integer(0, 7));
      return altered;
    }
    case "set":
      return Buffer.concat([head, byte, tail.subarray(1)]);
    case "insert":
      return Buffer.concat([head, byte, tail]);
    case "delete":
      return Buffer.concat([head, tail.subarray(random.integer(1, 4))]);
    default:
      return Buffer.concat([head, tail.subarray(0, 4), tail]);
  }
}

/**
 * The mutation is the same each time, however many random numbers are drawn in between.
 *
 * @param {Plan} plan
 * @returns {(bytes: Buffer) => Buffer}
 */
function makeMutation(plan) {
  const seed = plan.random.integer(0, 2 ** 31);
  const count = plan.random.pick([1, 1, 1, 2, 4]);
  return (bytes) => {
    const random = new Random(seed);
    let altered = bytes;
    for (let left = count; left > 0; left -= 1) {
      altered = mutate(altered, random);
    }
    return altered;
  };
}

/** @type {Twists} */
const mutations = {
  "after it was signed": (plan) => {
    const draft = pickRole(plan);
    // Ed25519 signatures are deterministic, so the mutation hits the same byte in every run
    const signer = plan.chain.find(({ key }) => key === draft.issuer.key);
    if (signer) signer.key = plan.newKey("ed25519");
    draft.alterWhole = makeMutation(plan);
  },
  "before it was signed": (plan) => {
    pickRole(plan).alterContent = makeMutation(plan);
  },
  "in an extension": (plan) => {
    const draft = pickRole(plan);
    if (draft.extensions.length === 0) return;
    const index = plan.random.integer(0, draft.extensions.length - 1);
    const changed = draft.extensions[index];
    if (!changed) return;
    const { oid, value } = changed;
    const mutation = makeMutation(plan);
    plan.note(oid);
    draft.extensions[index] = {
      ...changed,
      value: (owner) => mutation(Buffer.isBuffer(value) ? value : value(owner)),
    };
  },
  "in the period of validity": (plan) => {
    const draft = pickRole(plan);
    draft.notAfter = makeMutation(plan)(draft.notAfter);
  },
  "in the public key": (plan) => {
    const draft = pickRole(plan);
    const { key } = draft;
    draft.key = { ...key, spki: makeMutation(plan)(key.spki) };
  },
  "in the signature": (plan) => {
    pickRole(plan).alterSignature = makeMutation(plan);
  },
};

module.exports = { mutations };
