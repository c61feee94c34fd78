"use strict";

// Certificates among which to look for a way to an authority takes for ever: the keys of either of two names are all
// certified by all keys of the other.

const { generateKeyPairSync, sign } = require("node:crypto");

const { Identity } = require("./certificates.js");

const DAY_MS = 24 * 60 * 60 * 1000;

const SEQUENCE = 0x30;
const BIT_STRING = 0x03;
const UTC_TIME = 0x17;
const ED25519 = Buffer.from("300506032b6570", "hex");
const SERIAL_NUMBER = Buffer.from("020101", "hex");

/**
 * @param {number} tag
 * @param {...Buffer} contents
 */
function der(tag, ...contents) {
  const body = Buffer.concat(contents);
  const length = body.length < 0x80 ? [body.length] : [0x81, body.length];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

/** @param {number} days from now */
function utcTime(days) {
  const text = new Date(Date.now() + days * DAY_MS)
    .toISOString()
    .replace(/^..|[-:T]|\.\d+/g, "");
  return der(UTC_TIME, Buffer.from(text));
}

/** @param {string} letter @returns {Buffer} the distinguished name CN=letter */
function nameOf(letter) {
  const head = Buffer.from("300c310a300806035504030c01", "hex");
  return Buffer.concat([head, Buffer.from(letter)]);
}

/**
 * A name and the keys to it.
 * @typedef {{ name: Buffer } & import("node:crypto").KeyPairKeyObjectResult} Party
 */

/** @param {string} letter @returns {Party} */
function makeParty(letter) {
  return { name: nameOf(letter), ...generateKeyPairSync("ed25519") };
}

/**
 * A certificate of version 1, as small as can be.
 * @param {Party} subject
 * @param {Party} issuer
 * @returns {Identity}
 */
function certify(subject, issuer) {
  const publicKey = subject.publicKey.export({ type: "spki", format: "der" });
  const content = der(
    SEQUENCE,
    SERIAL_NUMBER,
    ED25519,
    issuer.name,
    der(SEQUENCE, utcTime(-1), utcTime(1)),
    subject.name,
    publicKey,
  );
  const signature = sign(null, content, issuer.privateKey);
  const certificate = der(
    SEQUENCE,
    content,
    ED25519,
    der(BIT_STRING, Buffer.from([0]), signature),
  );
  return new Identity(certificate, subject.privateKey, {
    subject: subject.name,
    publicKey,
  });
}

/**
 * @param {number} keyCount of each name
 * @returns {{ own: Identity, others: Identity[], stranger: Identity }} the certificate of a server and those that it
 *   sends along, and an authority of one of the names that none of them leads to
 */
function buildMaze(keyCount) {
  const keysOf = (/** @type {string} */ letter) =>
    Array.from({ length: keyCount }, () => makeParty(letter));
  const [left, right] = [keysOf("a"), keysOf("b")];
  const others = left.flatMap((one) =>
    right.flatMap((other) => [certify(one, other), certify(other, one)]),
  );
  const stranger = makeParty("a");
  return {
    own: certify(makeParty("c"), left[0] ?? stranger),
    others,
    stranger: certify(stranger, stranger),
  };
}

module.exports = { buildMaze };
