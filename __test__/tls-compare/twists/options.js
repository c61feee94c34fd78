"use strict";

// Settings of the client other than the trusted certificates.

const { timeOf } = require("../draft.js");
const { makeCrl } = require("../crl.js");
const { getKey } = require("../keys.js");
const { toPem } = require("../draft.js");

/** @typedef {import("../plan.js").Plan} Plan */
/** @typedef {import("./topology.js").Twists} Twists */

/**
 * @param {Plan} plan
 * @param {Record<string, unknown>} options
 */
function addOptions({ connection }, options) {
  const { makeSsl } = connection;
  connection.makeSsl = (ca) => ({ ...makeSsl(ca), ...options });
}

/**
 * Adds a flaw, or none, so that the setting under test makes a difference.
 *
 * @param {Plan} plan
 */
function spoil(plan) {
  const { random, leaf } = plan;
  const kinds = ["nothing", "authority", "names", "dates"];
  const kind = random.pick(kinds);
  if (kind === "authority") plan.trusted = [plan.makeAuthority("stranger")];
  if (kind === "dates") leaf.notAfter = timeOf(-1);
  if (kind === "names") leaf.extensions.pop();
  plan.note(`wrong: ${kind}`);
}

/** Values of the setting, made from the trusted certificates. @type {Record<string, (ca: string) => unknown>} */
const SSL = {
  true: () => true,
  '"true"': () => "true",
  '"no-verify"': () => "no-verify",
  "{}": () => ({}),
  false: () => false,
  null: () => null,
  0: () => 0,
  '""': () => "",
  "{ ca } without a prototype": (ca) =>
    Object.assign(Object.create(null), { ca }),
  "{ ca } inherited": (ca) => Object.create({ ca }),
  "{ ca } in a getter": (ca) => ({
    get ca() {
      return ca;
    },
  }),
  "[]": () => [],
};

const REJECT_UNAUTHORIZED = [
  false,
  undefined,
  0,
  null,
  "no",
  "",
  "false",
  true,
];

/** @type {Record<string, Record<string, unknown>>} */
const ODD_OPTIONS = {
  "{ require: true }": { require: true },
  "{ sslmode: 'disable' }": { sslmode: "disable" },
  "{ rejectUnauthorised: false }": { rejectUnauthorised: false },
  "{ verify: false }": { verify: false },
  "{ agent: false }": { agent: false },
  "{ requestCert: false }": { requestCert: false },
  "{ allowPartialTrustChain: 'no' }": { allowPartialTrustChain: "no" },
  "{ allowPartialTrustChain: false }": { allowPartialTrustChain: false },
  "{ isServer: false }": { isServer: false },
  "{ port: 1 }": { port: 1 },
};

/** @type {Record<string, Record<string, unknown>>} */
const LIMITS = {
  "security level 0": { ciphers: "DEFAULT@SECLEVEL=0" },
  "security level 2": { ciphers: "DEFAULT@SECLEVEL=2" },
  "security level 3": { ciphers: "DEFAULT@SECLEVEL=3" },
  "one cipher": { ciphers: "ECDHE-ECDSA-AES256-GCM-SHA384" },
  "one cipher of TLS 1.3": { ciphers: "TLS_AES_256_GCM_SHA384" },
  "no such cipher": { ciphers: "NONE-SUCH" },
  "one group": { ecdhCurve: "P-384" },
  "one signature": { sigalgs: "ecdsa_secp256r1_sha256" },
  "signatures with SHA-512": { sigalgs: "RSA-PSS+SHA512:ECDSA+SHA512" },
  "a protocol of the application": { ALPNProtocols: ["postgresql"] },
  "another protocol of the application": { ALPNProtocols: ["http/1.1"] },
};

/** @type {Twists} */
const values = {
  "the setting ssl": (plan) => {
    const { random, connection } = plan;
    const kind = random.pick(Object.keys(SSL));
    plan.note(kind);
    connection.servername = "";
    connection.makeSsl = /** @type {(ca: string) => any} */ (SSL[kind]);
    if (random.next() < 0.3) spoil(plan);
  },
  "no setting ssl": (plan) => {
    plan.connection.hasSsl = false;
  },
  rejectUnauthorized: (plan) => {
    const value = plan.random.pick(REJECT_UNAUTHORIZED);
    plan.note(JSON.stringify(value) ?? "undefined");
    addOptions(plan, { rejectUnauthorized: value });
    spoil(plan);
  },
  "rejectUnauthorized alone": (plan) => {
    const value = plan.random.pick(REJECT_UNAUTHORIZED);
    plan.note(JSON.stringify(value) ?? "undefined");
    plan.connection.makeSsl = () => ({ rejectUnauthorized: value });
  },
  "rejectUnauthorized of a prototype": (plan) => {
    const { makeSsl } = plan.connection;
    plan.connection.makeSsl = (ca) =>
      Object.assign(Object.create({ rejectUnauthorized: false }), makeSsl(ca));
    spoil(plan);
  },
  "an option that there is not": (plan) => {
    const kind = plan.random.pick(Object.keys(ODD_OPTIONS));
    plan.note(kind);
    addOptions(plan, ODD_OPTIONS[kind] ?? {});
    spoil(plan);
  },
  "a limit of the client": (plan) => {
    const kind = plan.random.pick(Object.keys(LIMITS));
    plan.note(kind);
    addOptions(plan, LIMITS[kind] ?? {});
    plan.limitsHandshake = !kind.includes("protocol");
    if (plan.random.next() < 0.5) {
      plan.leaf.key = plan.newKey(plan.random.pick(["rsa-1024", "rsa-2048"]));
    }
    plan.showing.maxVersion = plan.random.pick(["TLSv1.2", "TLSv1.3"]);
  },
  "the host of the trusted name": (plan) => {
    addOptions(plan, { host: "db.example.test" });
  },
};

/** @type {Twists} */
const checks = {
  "a check of the identity that accepts": (plan) => {
    const returned = plan.random.pick([undefined, null, 0, "", false]);
    addOptions(plan, { checkServerIdentity: () => returned });
    spoil(plan);
  },
  "a check of the identity that refuses": (plan) => {
    const hasCode = plan.random.next() < 0.5;
    addOptions(plan, {
      checkServerIdentity: () =>
        Object.assign(
          new Error("refused by the application"),
          hasCode ? { code: "ERR_OWN_CHECK" } : {},
        ),
    });
    spoil(plan);
  },
  "a check of the identity by the name": (plan) => {
    addOptions(plan, {
      checkServerIdentity: (
        /** @type {string} */ name,
        /** @type {import("node:tls").PeerCertificate} */ { subject },
      ) =>
        name.includes("o") && subject.CN === "leaf"
          ? undefined
          : new Error(`refused by the application: ${name}`),
    });
    spoil(plan);
  },
  "a check of the identity that is never asked": (plan) => {
    addOptions(plan, {
      rejectUnauthorized: false,
      checkServerIdentity: () => new Error("refused by the application"),
    });
    spoil(plan);
  },
};

/** @type {Twists} */
const revocation = {
  "a list of revoked ones": (plan) => {
    const { random, chain, leaf } = plan;
    if (random.next() < 0.5) plan.pickIntermediate();
    const issuers = plan.chain.slice(1);
    const revoked = random.pick(["nobody", "leaf", "any", "stranger"]);
    /** @type {Record<string, number[]>} */
    const serials = {
      nobody: [],
      leaf: [leaf.serial],
      any: [random.pick(chain).serial],
      stranger: [1],
    };
    const flaw = random.pick(["none", "none", "expired", "forged", "missing"]);
    plan.note(`revoked: ${revoked}, flaw: ${flaw}`);
    const { makeSsl } = plan.connection;
    const signer = flaw === "forged" ? getKey("P-256", 9) : undefined;
    const nextUpdate = flaw === "expired" ? timeOf(-1) : undefined;
    plan.connection.makeSsl = (ca) => {
      const lists = issuers.map((issuer) =>
        makeCrl(issuer, {
          revoked: serials[revoked] ?? [],
          ...(nextUpdate ? { nextUpdate } : {}),
          ...(signer ? { signer } : {}),
        }),
      );
      return { ...makeSsl(ca), crl: flaw === "missing" ? lists[0] : lists };
    };
  },
  "a list of revoked ones that is none": (plan) =>
    addOptions(plan, { crl: plan.random.pick(["hello", toPem(plan.root)]) }),
};

/** @type {Twists} */
const clientCertificates = {
  "a certificate of the client": (plan) => {
    const key = getKey("P-256", 8);
    const own = plan.copy(plan.leaf, { key });
    const kind = plan.random.pick(["right", "key of another", "key only"]);
    plan.note(kind);
    plan.showing.asksForCertificate = plan.random.next() < 0.7;
    const { makeSsl } = plan.connection;
    plan.connection.makeSsl = (ca) => ({
      ...makeSsl(ca),
      ...(kind === "key only" ? {} : { cert: toPem(own) }),
      key: kind === "key of another" ? getKey("P-256", 7).pem : key.pem,
    });
  },
  "the database asks for a certificate": (plan) => {
    plan.showing.asksForCertificate = true;
  },
};

module.exports = {
  addOptions,
  options: { ...values, ...checks, ...revocation, ...clientCertificates },
  spoil,
};
