"use strict";

// An impostor that forwards some connections to the genuine database and answers the others itself. A client that
// verifies a certificate on one connection must not trust a different one on the next.

const { timeOf, toPem } = require("../draft.js");
const { FORGEABLE } = require("./algorithms.js");
const { forgeKey } = require("../keys.js");

/** @typedef {import("../plan.js").Plan} Plan */
/** @typedef {import("./topology.js").Twists} Twists */

/** Sequences of connections: true for those that are forwarded to the genuine database. */
const PATTERNS = [
  [true, false],
  [false, true],
  [true, false, true, false, true, false],
  [false, true, false, true, false, true],
  [true, true, false],
  [false, false, true],
];

/**
 * Keeps the present state of the plan as the genuine database; later changes are those of the impostor.
 *
 * @param {Plan} plan
 */
function keepGenuine(plan) {
  plan.genuine = plan.toShowing();
  plan.isGenuine = plan.random.pick(PATTERNS);
  plan.note(
    plan.isGenuine.map((is) => (is ? "genuine" : "impostor")).join(", "),
  );
}

/**
 * @param {Plan} plan
 * @param {import("../draft.js").Draft} leaf
 * @param {import("../draft.js").Draft[]} [others]
 */
function impersonate(plan, leaf, others = plan.intermediates) {
  plan.sent = [leaf, ...others];
  plan.showing.key = leaf.key.pem;
}

/** @type {Twists} */
const impostors = {
  "the certificate without its key": (plan) => {
    const type = plan.random.pick(FORGEABLE);
    plan.leaf.key = plan.newKey(type);
    keepGenuine(plan);
    plan.showing.key = forgeKey(plan.leaf.key).pem;
    const version = plan.random.pick(/** @type {const} */ ([2, 3]));
    plan.showing.maxVersion = `TLSv1.${version}`;
    plan.note(`${type}, TLS 1.${version}`);
  },
  "a self-signed certificate": (plan) => {
    keepGenuine(plan);
    const copy = plan.copy(plan.leaf, { key: plan.newKey() });
    copy.issuer = copy;
    impersonate(plan, copy, []);
  },
  "the same certificate with another key": (plan) => {
    keepGenuine(plan);
    const { serial, label } = plan.leaf;
    const key = plan.newKey(plan.leaf.key.type);
    const signer = plan.newKey();
    const copy = plan.copy(plan.leaf, { serial, label, key, signer });
    impersonate(plan, copy);
  },
  "the certificate in another chain": (plan) => {
    keepGenuine(plan);
    const { chain: real } = plan.toShowing();
    const own = plan.copy(plan.leaf, { key: plan.newKey() });
    own.issuer = own;
    plan.showing.chain = toPem(own) + real;
    plan.showing.key = own.key.pem;
  },
  "a certificate for another name": (plan) => {
    keepGenuine(plan);
    const copy = plan.copy(plan.leaf, { key: plan.newKey() });
    copy.extensions.pop();
    impersonate(plan, copy);
  },
  "an expired certificate": (plan) => {
    keepGenuine(plan);
    const copy = plan.copy(plan.leaf, { notAfter: timeOf(-1) });
    impersonate(plan, copy);
  },
  "a certificate of a stranger": (plan) => {
    keepGenuine(plan);
    const stranger = plan.makeAuthority("stranger");
    const copy = plan.copy(plan.leaf, {
      issuer: stranger,
      key: plan.newKey(),
    });
    impersonate(plan, copy, [stranger]);
  },
  "another good certificate": (plan) => {
    keepGenuine(plan);
    impersonate(plan, plan.copy(plan.leaf, { key: plan.newKey() }));
  },
  "no TLS": (plan) => {
    keepGenuine(plan);
    plan.showing.answer = "refuse";
  },
};

module.exports = { impostors };
