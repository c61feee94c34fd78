"use strict";

// Protocol versions, cipher suites, groups and signatures of the handshake, on both sides.

const { addOptions } = require("./options.js");
const { KEY_TYPES } = require("./algorithms.js");

/** @typedef {import("../plan.js").Plan} Plan */
/** @typedef {import("./topology.js").Twists} Twists */

const VERSIONS = /** @type {const} */ (["TLSv1.2", "TLSv1.3"]);

const CIPHERS = [
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-RSA-CHACHA20-POLY1305",
  "ECDHE-ECDSA-AES128-SHA256",
  "ECDHE-ECDSA-AES256-SHA",
  "ECDHE-RSA-AES256-SHA384",
  "ECDHE-ECDSA-AES128-CCM",
  "AES128-GCM-SHA256",
  "AES256-SHA",
  "DHE-RSA-AES128-GCM-SHA256",
];

const TLS_1_3_CIPHERS = [
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
  "TLS_AES_128_CCM_SHA256",
];

const GROUPS = [
  "X25519",
  "P-256",
  "P-384",
  "P-521",
  "X448",
  "secp256k1",
  "brainpoolP256r1",
  "P-521:P-256",
  "ffdhe2048",
];

const SIGNATURES = [
  "ecdsa_secp256r1_sha256",
  "ecdsa_secp384r1_sha384",
  "ecdsa_secp521r1_sha512",
  "ECDSA+SHA384",
  "ECDSA+SHA1",
  "rsa_pss_rsae_sha256",
  "rsa_pss_rsae_sha512",
  "RSA+SHA256",
  "RSA+SHA512",
  "RSA+SHA1",
  "ed25519",
];

/** @type {Twists} */
const handshakes = {
  "versions of the database": (plan) => {
    const version = plan.random.pick(VERSIONS);
    plan.note(version);
    plan.showing.minVersion = version;
    plan.showing.maxVersion = version;
  },
  "versions of both": (plan) => {
    const { random, showing } = plan;
    const version = random.pick(VERSIONS);
    showing.minVersion = version;
    showing.maxVersion = version;
    const own = random.pick([
      { minVersion: "TLSv1.2" },
      { minVersion: "TLSv1.3" },
      { maxVersion: "TLSv1.2" },
      { maxVersion: "TLSv1.3" },
      { minVersion: "TLSv1.2", maxVersion: "TLSv1.2" },
      { minVersion: "TLSv1", maxVersion: "TLSv1.3" },
    ]);
    plan.note(`database ${version}, client ${JSON.stringify(own)}`);
    addOptions(plan, own);
  },
  "a cipher": (plan) => {
    const { random, showing } = plan;
    showing.ciphers = random.pick(CIPHERS);
    showing.maxVersion = "TLSv1.2";
    if (!showing.ciphers.includes("ECDSA")) {
      plan.leaf.key = plan.newKey("rsa-2048");
    } else
      plan.leaf.key = plan.newKey(random.pick(["P-256", "P-384", "P-521"]));
    plan.note(`${showing.ciphers}, ${plan.leaf.key.type}`);
  },
  "a cipher of TLS 1.3": (plan) => {
    plan.showing.ciphers = plan.random.pick(TLS_1_3_CIPHERS);
    plan.showing.minVersion = "TLSv1.3";
    plan.note(plan.showing.ciphers);
  },
  "a group": (plan) => {
    const { random, showing } = plan;
    showing.groups = random.pick(GROUPS);
    showing.maxVersion = random.pick(VERSIONS);
    plan.note(`${showing.groups}, ${showing.maxVersion}`);
  },
  "a signature of the handshake": (plan) => {
    const { random, showing } = plan;
    showing.signatures = random.pick(SIGNATURES);
    showing.maxVersion = random.pick(VERSIONS);
    if (/rsa/i.test(showing.signatures))
      plan.leaf.key = plan.newKey("rsa-2048");
    else if (/ed25519/.test(showing.signatures)) {
      plan.leaf.key = plan.newKey("ed25519");
    } else if (/384|521/.test(showing.signatures)) {
      plan.leaf.key = plan.newKey(random.pick(["P-384", "P-521"]));
    } else plan.leaf.key = plan.newKey("P-256");
    plan.note(
      `${showing.signatures}, ${plan.leaf.key.type}, ${showing.maxVersion}`,
    );
  },
  "a key of the database": (plan) => {
    const { random, showing } = plan;
    plan.leaf.key = plan.newKey(random.weighted(KEY_TYPES));
    showing.maxVersion = random.pick(VERSIONS);
    plan.note(`${plan.leaf.key.type}, ${showing.maxVersion}`);
  },
  "protocols of the application": (plan) => {
    const { random, showing } = plan;
    const own = random.pick([
      ["postgresql"],
      ["http/1.1"],
      ["a", "postgresql"],
    ]);
    showing.protocols = random.pick([["postgresql"], ["h2"]]);
    plan.note(`database ${showing.protocols}, client ${own}`);
    addOptions(plan, { ALPNProtocols: own });
  },
};

module.exports = { handshakes };
