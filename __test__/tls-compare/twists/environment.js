"use strict";

// Databases certified by the authority that some environments trust, see environments.js.

const { environmentRoot } = require("../environments.js");
const { spoil } = require("./options.js");

/** @typedef {import("../plan.js").Plan} Plan */
/** @typedef {import("./topology.js").Twists} Twists */

/** @type {Record<string, (ca: string) => any>} */
const SSL = {
  true: () => true,
  "{}": () => ({}),
  "{ ca }": (ca) => ({ ca }),
  "{ ca: undefined }": () => ({ ca: undefined }),
  "{ ca: [] }": () => ({ ca: [] }),
  "{ rejectUnauthorized: undefined }": () => ({
    rejectUnauthorized: undefined,
  }),
  "{ rejectUnauthorized: true }": () => ({ rejectUnauthorized: true }),
  "{ rejectUnauthorized: false }": () => ({ rejectUnauthorized: false }),
  "{ allowPartialTrustChain: true }": () => ({ allowPartialTrustChain: true }),
  "{ minVersion: TLSv1.2 }": () => ({ minVersion: "TLSv1.2" }),
};

/** @param {Plan} plan */
function useEnvironmentRoot({ root }) {
  const { subject, key, serial } = environmentRoot();
  Object.assign(root, { subject, key, serial });
}

/** @param {Plan} plan */
function pickSsl({ random, connection }) {
  const kind = random.pick(Object.keys(SSL));
  connection.makeSsl = /** @type {(ca: string) => any} */ (SSL[kind]);
  return kind;
}

/** @type {Twists} */
const environment = {
  "the authority of the environment": (plan) => {
    useEnvironmentRoot(plan);
    plan.note(pickSsl(plan));
  },
  "the authority of the environment, and a flaw": (plan) => {
    useEnvironmentRoot(plan);
    plan.note(pickSsl(plan));
    spoil(plan);
  },
  "the authority of the environment, ca: another one": (plan) => {
    useEnvironmentRoot(plan);
    plan.trusted = [plan.makeAuthority("stranger")];
  },
  "the authority of the environment, no setting ssl": (plan) => {
    useEnvironmentRoot(plan);
    plan.connection.hasSsl = false;
    if (plan.random.next() < 0.4) spoil(plan);
  },
  "the authority of the environment, of its name only": (plan) => {
    plan.root.subject = environmentRoot().subject;
    plan.note(pickSsl(plan));
  },
  "the authority of the environment sent along": (plan) => {
    useEnvironmentRoot(plan);
    plan.sent.push(plan.root);
    plan.note(pickSsl(plan));
  },
};

module.exports = { environment };
