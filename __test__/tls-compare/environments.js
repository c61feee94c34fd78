"use strict";

// Variables, flags and defaults that decide which authorities a program trusts. Node.js reads most of them at startup, so
// each environment has processes of its own.

const fs = require("node:fs");
const path = require("node:path");

const pg = require("pg");

const { toPem } = require("./draft.js");
const { getKey } = require("./keys.js");
const { Plan } = require("./plan.js");

/** @typedef {import("./draft.js").Draft} Draft */

/**
 * @typedef {object} Environment
 * @property {NodeJS.ProcessEnv} [variables]
 * @property {string[]} [flags] of Node.js
 * @property {() => void} [prepare] runs before the first connection
 */

/** Variables that must not be inherited. */
const RELEVANT = /^(PG|NODE_TLS_|NODE_EXTRA_CA_CERTS$|NODE_OPTIONS$|SSL_CERT_)/;

/** @type {Draft | undefined} */
let root;

/** @returns {Draft} the authority that is trusted in some environments */
function environmentRoot() {
  if (!root) {
    root = new Plan("environment").makeAuthority("environment root");
    // no other certificate has this key
    root.key = getKey("P-384", 99);
  }
  return root;
}

/**
 * @param {string} folder
 * @returns {Record<string, Environment>} by name; the one named "" is the ordinary one
 */
function environments(folder) {
  const file = path.join(folder, "environment-root.pem");
  const none = path.join(folder, "none");
  return {
    "": {},
    NODE_EXTRA_CA_CERTS: { variables: { NODE_EXTRA_CA_CERTS: file } },
    "NODE_EXTRA_CA_CERTS-missing-file": {
      variables: { NODE_EXTRA_CA_CERTS: none },
    },
    "NODE_EXTRA_CA_CERTS-set-at-run-time": {
      prepare: () => void (process.env["NODE_EXTRA_CA_CERTS"] = file),
    },
    "NODE_EXTRA_CA_CERTS-deleted-at-run-time": {
      variables: { NODE_EXTRA_CA_CERTS: file },
      prepare: () => void delete process.env["NODE_EXTRA_CA_CERTS"],
    },
    "NODE_TLS_REJECT_UNAUTHORIZED=0": {
      variables: { NODE_TLS_REJECT_UNAUTHORIZED: "0" },
    },
    "NODE_TLS_REJECT_UNAUTHORIZED=false": {
      variables: { NODE_TLS_REJECT_UNAUTHORIZED: "false" },
    },
    "NODE_TLS_REJECT_UNAUTHORIZED-set-at-run-time": {
      prepare: () => void (process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0"),
    },
    "use-openssl-ca": {
      flags: ["--use-openssl-ca"],
      variables: { SSL_CERT_FILE: file, SSL_CERT_DIR: none },
    },
    SSL_CERT_FILE: {
      variables: { SSL_CERT_FILE: file, SSL_CERT_DIR: none },
    },
    "use-bundled-ca": {
      flags: ["--use-bundled-ca"],
      variables: { SSL_CERT_FILE: file, SSL_CERT_DIR: none },
    },
    "tls-min-v1.3": {
      flags: ["--tls-min-v1.3"],
      variables: { NODE_EXTRA_CA_CERTS: file },
    },
    "tls-max-v1.2": {
      flags: ["--tls-max-v1.2"],
      variables: { NODE_EXTRA_CA_CERTS: file },
    },
    "tls-cipher-list": {
      flags: ["--tls-cipher-list=ECDHE-ECDSA-AES128-GCM-SHA256"],
      variables: { NODE_EXTRA_CA_CERTS: file },
    },
    "PGSSLMODE=require": {
      variables: { PGSSLMODE: "require", NODE_EXTRA_CA_CERTS: file },
    },
    "PGSSLMODE=no-verify": { variables: { PGSSLMODE: "no-verify" } },
    "PGSSLMODE=disable": { variables: { PGSSLMODE: "disable" } },
    "PGSSLNEGOTIATION=direct": {
      variables: { PGSSLNEGOTIATION: "direct", PGSSLMODE: "require" },
    },
    "pg.defaults.ssl=true": {
      variables: { NODE_EXTRA_CA_CERTS: file },
      prepare: () => void (pg.defaults.ssl = true),
    },
    "pg.defaults.ssl=no-verify": {
      prepare: () =>
        void (pg.defaults.ssl = /** @type {any} */ ({
          rejectUnauthorized: false,
        })),
    },
    "pg.defaults.ssl=ca": {
      prepare: () =>
        void (pg.defaults.ssl = /** @type {any} */ ({
          ca: toPem(environmentRoot()),
        })),
    },
  };
}

/** @param {string} folder for the files that the environments name */
function writeEnvironmentFiles(folder) {
  fs.writeFileSync(
    path.join(folder, "environment-root.pem"),
    toPem(environmentRoot()),
  );
}

/**
 * @param {Environment} environment
 * @param {string} folder
 * @returns {NodeJS.ProcessEnv} of a process in it
 */
function variablesOf({ variables }, folder) {
  const own = Object.entries(process.env).filter(
    ([name]) => !RELEVANT.test(name),
  );
  return {
    ...Object.fromEntries(own),
    NODE_NO_WARNINGS: "1",
    PGPASSFILE: path.join(folder, "none"),
    ...variables,
  };
}

module.exports = {
  environmentRoot,
  environments,
  variablesOf,
  writeEnvironmentFiles,
};
