"use strict";

// A certificate before it is signed: everything in it can still be changed.

const {
  bitString,
  explicit,
  generalizedTime,
  integer,
  pem,
  sequence,
  utcTime,
} = require("../support/der.js");
const { encodeExtension } = require("./extensions.js");
const { distinguishedName } = require("./names.js");
const { getAlgorithm } = require("./signatures.js");

/** @typedef {import("./extensions.js").Extension} Extension */
/** @typedef {import("./keys.js").Key} Key */
/** @typedef {import("./names.js").Attribute} Attribute */

const DAY_MS = 24 * 60 * 60 * 1000;
/** Midnight (UTC), so that a seed gives the same certificates for a whole day. */
const TODAY = Math.floor(Date.now() / DAY_MS) * DAY_MS;

/** The parts of an issuer that its certificates refer to. @typedef {{ subject: Attribute[], key: Key, serial: number }} Issuer */

/**
 * @typedef {object} Draft
 * @property {string} label what it is in the case
 * @property {Attribute[]} subject
 * @property {Issuer} issuer itself where it is self-signed
 * @property {Attribute[]} [issuerName] another one than that of the issuer
 * @property {Key} key
 * @property {Key} [signer] another one than that of the issuer
 * @property {string} [signature] the algorithm, see signatures.js
 * @property {Buffer} [innerAlgorithm] another one than that of the signature
 * @property {number} version 1 or 3
 * @property {number} serial
 * @property {Buffer} notBefore
 * @property {Buffer} notAfter
 * @property {Extension[]} extensions
 * @property {(content: Buffer) => Buffer} [alterContent] before it is signed
 * @property {(signature: Buffer) => Buffer} [alterSignature]
 * @property {(certificate: Buffer) => Buffer} [alterWhole] after it was signed
 */

/** @param {number} days from the start of this day, negative ones are past */
function timeOf(days) {
  return utcTime(TODAY + days * DAY_MS);
}

/** @param {number} days */
function longTimeOf(days) {
  return generalizedTime(TODAY + days * DAY_MS);
}

/**
 * @param {Draft} draft
 * @returns {Buffer}
 */
function encodeDraft(draft) {
  const { issuer, version, alterContent, alterSignature, alterWhole } = draft;
  const signer = draft.signer ?? issuer.key;
  const algorithm = getAlgorithm(signer.type, draft.signature);
  const list = draft.extensions.map((extension) =>
    encodeExtension(extension, draft),
  );
  const content = sequence(
    ...(version === 1 ? [] : [explicit(0, integer(version - 1))]),
    integer(draft.serial),
    draft.innerAlgorithm ?? algorithm.identifier,
    distinguishedName(draft.issuerName ?? issuer.subject),
    sequence(draft.notBefore, draft.notAfter),
    distinguishedName(draft.subject),
    draft.key.spki,
    ...(list.length > 0 ? [explicit(3, sequence(...list))] : []),
  );
  const signed = alterContent?.(content) ?? content;
  const signature = algorithm.sign(signed, signer);
  const whole = sequence(
    signed,
    algorithm.identifier,
    bitString(alterSignature?.(signature) ?? signature),
  );
  return alterWhole?.(whole) ?? whole;
}

/**
 * Replaces the extension of the same kind, or appends it.
 *
 * @param {Draft} draft
 * @param {Extension} extension
 */
function setExtension({ extensions }, extension) {
  const index = extensions.findIndex(({ oid }) => oid === extension.oid);
  if (index === -1) extensions.push(extension);
  else extensions[index] = extension;
}

/**
 * @param {Draft} draft
 * @param {string} unwanted
 */
function dropExtension(draft, unwanted) {
  draft.extensions = draft.extensions.filter(({ oid }) => oid !== unwanted);
}

/** @type {WeakMap<Draft, Buffer>} */
const finished = new WeakMap();

/**
 * Signs the certificate; later changes of the draft have no effect.
 *
 * @param {Draft} draft
 * @returns {Buffer}
 */
function toDer(draft) {
  const known = finished.get(draft);
  if (known) return known;
  const made = encodeDraft(draft);
  finished.set(draft, made);
  return made;
}

/** @param {Draft} draft */
function toPem(draft) {
  return pem("CERTIFICATE", toDer(draft));
}

module.exports = {
  dropExtension,
  longTimeOf,
  setExtension,
  timeOf,
  toDer,
  toPem,
};
