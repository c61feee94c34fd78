"use strict";

// Names in certificates: distinguished names of subjects and issuers, and general names of hosts.

const {
  TAG,
  der,
  explicit,
  implicit,
  objectIdentifier,
  sequence,
} = require("../support/der.js");

const ATTRIBUTES = Object.freeze({
  commonName: "2.5.4.3",
  country: "2.5.4.6",
  locality: "2.5.4.7",
  organisation: "2.5.4.10",
  unit: "2.5.4.11",
  serialNumber: "2.5.4.5",
  email: "1.2.840.113549.1.9.1",
  domainComponent: "0.9.2342.19200300.100.1.25",
});

/**
 * @typedef {object} Attribute
 * @property {keyof typeof ATTRIBUTES} type
 * @property {string} value
 * @property {number} [tag] of its string; UTF8String when absent
 */

/**
 * @param {string} text
 * @param {number} tag
 */
function encodeText(text, tag) {
  switch (tag) {
    case TAG.BMP_STRING:
      return Buffer.from(text, "utf16le").swap16();
    case TAG.UNIVERSAL_STRING:
      return Buffer.concat(
        Array.from(text, (character) => {
          const bytes = Buffer.alloc(4);
          bytes.writeUInt32BE(character.codePointAt(0) ?? 0);
          return bytes;
        }),
      );
    case TAG.UTF8_STRING:
      return Buffer.from(text);
    default:
      return Buffer.from(text, "latin1");
  }
}

/**
 * @param {Attribute[]} attributes
 * @returns {Buffer} a Name, with a set of its own for each of them
 */
function distinguishedName(attributes) {
  return sequence(
    ...attributes.map(({ type, value, tag = TAG.UTF8_STRING }) =>
      der(
        TAG.SET,
        sequence(
          objectIdentifier(ATTRIBUTES[type]),
          der(tag, encodeText(value, tag)),
        ),
      ),
    ),
  );
}

/** @param {string} name */
function dns(name) {
  return implicit(2, Buffer.from(name, "latin1"));
}

/** @param {string} address */
function email(address) {
  return implicit(1, Buffer.from(address));
}

/** @param {string} address */
function uri(address) {
  return implicit(6, Buffer.from(address));
}

/** @param {string} address IPv4, or IPv6 as bytes in hexadecimal; further bytes for what is none */
function ip(address) {
  const bytes = address.includes(".")
    ? Buffer.from(address.split(/[./]/).map(Number))
    : Buffer.from(address, "hex");
  return implicit(7, bytes);
}

/** @param {Buffer} name */
function directory(name) {
  return explicit(4, name);
}

/** @param {string} text */
function otherName(text) {
  return explicit(
    0,
    objectIdentifier("1.3.6.1.4.1.311.20.2.3"),
    explicit(0, der(TAG.UTF8_STRING, Buffer.from(text))),
  );
}

/** @param {string} oid */
function registeredId(oid) {
  return implicit(8, objectIdentifier(oid).subarray(2));
}

module.exports = {
  directory,
  distinguishedName,
  dns,
  email,
  ip,
  otherName,
  registeredId,
  uri,
};
