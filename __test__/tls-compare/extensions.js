"use strict";

// The extensions of certificates.

const {
  TAG,
  bitString,
  boolean,
  der,
  explicit,
  extension,
  implicit,
  integer,
  objectIdentifier,
  octetString,
  sequence,
} = require("../support/der.js");

const OID = Object.freeze({
  subjectKeyId: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  issuerAltName: "2.5.29.18",
  basicConstraints: "2.5.29.19",
  nameConstraints: "2.5.29.30",
  crlDistributionPoints: "2.5.29.31",
  certificatePolicies: "2.5.29.32",
  policyMappings: "2.5.29.33",
  authorityKeyId: "2.5.29.35",
  policyConstraints: "2.5.29.36",
  extKeyUsage: "2.5.29.37",
  inhibitAnyPolicy: "2.5.29.54",
  authorityInfoAccess: "1.3.6.1.5.5.7.1.1",
  tlsFeature: "1.3.6.1.5.5.7.1.24",
  netscapeCertType: "2.16.840.1.113730.1.1",
  netscapeComment: "2.16.840.1.113730.1.13",
  ctPoison: "1.3.6.1.4.1.11129.2.4.3",
  unknown: "1.3.6.1.4.1.99999.1",
});

const PURPOSES = Object.freeze({
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
  codeSigning: "1.3.6.1.5.5.7.3.3",
  ocspSigning: "1.3.6.1.5.5.7.3.9",
  timeStamping: "1.3.6.1.5.5.7.3.8",
  any: "2.5.29.37.0",
  netscapeStepUp: "2.16.840.1.113730.4.1",
  microsoftStepUp: "1.3.6.1.4.1.311.10.3.3",
  unknown: "1.3.6.1.4.1.99999.3",
});

/** @typedef {keyof typeof PURPOSES} Purpose */

const KEY_USAGES = /** @type {const} */ ([
  "digitalSignature",
  "nonRepudiation",
  "keyEncipherment",
  "dataEncipherment",
  "keyAgreement",
  "keyCertSign",
  "cRLSign",
  "encipherOnly",
  "decipherOnly",
]);

/** @typedef {typeof KEY_USAGES[number]} KeyUsage */

/**
 * @typedef {object} Extension
 * @property {string} oid
 * @property {Buffer | ((draft: Draft) => Buffer)} value a function where it depends on what twists can change
 * @property {boolean} critical
 */

/** @typedef {import("./draft.js").Draft} Draft */

/**
 * @param {keyof typeof OID} name
 * @param {Extension["value"]} value
 * @param {boolean} [critical]
 * @returns {Extension}
 */
function make(name, value, critical = false) {
  return { oid: OID[name], value, critical };
}

/**
 * @param {Extension} extension
 * @param {Draft} draft whose extension it is
 */
function encodeExtension({ oid, value, critical }, draft) {
  const bytes = Buffer.isBuffer(value) ? value : value(draft);
  return extension(oid, bytes, critical);
}

/** @param {number[]} positions of the bits that are set */
function namedBits(positions) {
  const last = Math.max(-1, ...positions);
  const bytes = Buffer.alloc(Math.floor(last / 8) + 1);
  for (const position of positions) {
    const index = Math.floor(position / 8);
    bytes[index] = (bytes[index] ?? 0) | (0x80 >> (position % 8));
  }
  return bitString(bytes, last < 0 ? 0 : 7 - (last % 8));
}

/**
 * @param {{ ca?: boolean, pathLength?: number | Buffer, critical?: boolean }} constraints no `ca` leaves the flag out
 */
function basicConstraints({ ca, pathLength, critical = true }) {
  const value = sequence(
    ...(ca === undefined ? [] : [boolean(ca)]),
    ...(pathLength === undefined ? [] : [integer(pathLength)]),
  );
  return make("basicConstraints", value, critical);
}

/**
 * @param {readonly KeyUsage[]} usages
 * @param {boolean} [critical]
 */
function keyUsage(usages, critical = true) {
  const positions = usages.map((usage) => KEY_USAGES.indexOf(usage));
  return make("keyUsage", namedBits(positions), critical);
}

/**
 * @param {readonly Purpose[]} purposes
 * @param {boolean} [critical]
 */
function extKeyUsage(purposes, critical = false) {
  const value = sequence(
    ...purposes.map((purpose) => objectIdentifier(PURPOSES[purpose])),
  );
  return make("extKeyUsage", value, critical);
}

/** @param {number[]} positions 0: client, 1: server, 2: e-mail, 5: authority for servers */
function netscapeCertType(positions) {
  return make("netscapeCertType", namedBits(positions));
}

/**
 * @param {Buffer[]} names
 * @param {boolean} [critical]
 */
function subjectAltName(names, critical = false) {
  return make("subjectAltName", sequence(...names), critical);
}

/** @param {(draft: Draft) => Buffer} [identifier] that of its key when absent */
function subjectKeyId(identifier = ({ key }) => key.identifier) {
  return make("subjectKeyId", (draft) => octetString(identifier(draft)));
}

/**
 * @typedef {object} AuthorityKeyParts
 * @property {Buffer} [identifier]
 * @property {Buffer} [issuer] of the authority, a GeneralName
 * @property {number} [serial]
 */

/** @param {(draft: Draft) => AuthorityKeyParts} [parts] the identifier of the key of the issuer when absent */
function authorityKeyId(
  parts = ({ issuer }) => ({ identifier: issuer.key.identifier }),
) {
  return make("authorityKeyId", (draft) => {
    const { identifier, issuer, serial } = parts(draft);
    return sequence(
      ...(identifier ? [implicit(0, identifier)] : []),
      ...(issuer ? [explicit(1, issuer)] : []),
      ...(serial === undefined
        ? []
        : [implicit(2, integer(serial).subarray(2))]),
    );
  });
}

/**
 * @param {{ permitted?: Buffer[], excluded?: Buffer[], critical?: boolean }} names
 */
function nameConstraints({ permitted = [], excluded = [], critical = true }) {
  const subtrees = (/** @type {Buffer[]} */ bases) =>
    bases.map((base) => sequence(base));
  const value = sequence(
    ...(permitted.length > 0 ? [explicit(0, ...subtrees(permitted))] : []),
    ...(excluded.length > 0 ? [explicit(1, ...subtrees(excluded))] : []),
  );
  return make("nameConstraints", value, critical);
}

/**
 * @param {string[]} oids
 * @param {boolean} [critical]
 */
function certificatePolicies(oids, critical = false) {
  const value = sequence(...oids.map((oid) => sequence(objectIdentifier(oid))));
  return make("certificatePolicies", value, critical);
}

/** @param {number} skipped certificates before policies are required */
function policyConstraints(skipped) {
  return make(
    "policyConstraints",
    sequence(implicit(0, Buffer.from([skipped]))),
    true,
  );
}

/**
 * @param {boolean} critical
 * @param {Buffer} [value]
 */
function unknown(critical, value = der(TAG.NULL)) {
  return make("unknown", value, critical);
}

module.exports = {
  KEY_USAGES,
  OID,
  PURPOSES,
  authorityKeyId,
  basicConstraints,
  certificatePolicies,
  encodeExtension,
  extKeyUsage,
  keyUsage,
  make,
  nameConstraints,
  netscapeCertType,
  policyConstraints,
  subjectAltName,
  subjectKeyId,
  unknown,
};
