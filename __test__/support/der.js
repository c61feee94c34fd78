"use strict";

// The distinguished encoding rules of ASN.1, as far as certificates need them.

/** Tags of ASN.1 in DER. */
const TAG = Object.freeze({
  BOOLEAN: 0x01,
  INTEGER: 0x02,
  BIT_STRING: 0x03,
  OCTET_STRING: 0x04,
  NULL: 0x05,
  OID: 0x06,
  ENUMERATED: 0x0a,
  UTF8_STRING: 0x0c,
  PRINTABLE_STRING: 0x13,
  T61_STRING: 0x14,
  IA5_STRING: 0x16,
  UTC_TIME: 0x17,
  GENERALIZED_TIME: 0x18,
  UNIVERSAL_STRING: 0x1c,
  BMP_STRING: 0x1e,
  SEQUENCE: 0x30,
  SET: 0x31,
});

/** Bits of context-specific tags. */
const CONTEXT = 0x80;
const CONSTRUCTED = 0x20;

/**
 * @param {number} tag
 * @param {...Buffer} contents
 */
function der(tag, ...contents) {
  const body = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag]), lengthOf(body), body]);
}

/** @param {Buffer} body */
function lengthOf({ length }) {
  if (length < 0x80) return Buffer.from([length]);
  const digits = [];
  for (let left = length; left > 0; left = Math.floor(left / 0x100)) {
    digits.unshift(left % 0x100);
  }
  return Buffer.from([0x80 | digits.length, ...digits]);
}

/** @param {...Buffer} contents */
function sequence(...contents) {
  return der(TAG.SEQUENCE, ...contents);
}

/**
 * @param {number} number
 * @param {...Buffer} contents
 */
function explicit(number, ...contents) {
  return der(CONTEXT | CONSTRUCTED | number, ...contents);
}

/**
 * @param {number} number
 * @param {Buffer} content
 */
function implicit(number, content) {
  return der(CONTEXT | number, content);
}

/** @param {boolean} value */
function boolean(value) {
  return der(TAG.BOOLEAN, Buffer.from([value ? 0xff : 0]));
}

/** @param {number | bigint | Buffer} value not negative */
function integer(value) {
  let bytes = value;
  if (!Buffer.isBuffer(bytes)) {
    const digits = bytes.toString(16);
    bytes = Buffer.from(digits.length % 2 ? `0${digits}` : digits, "hex");
  }
  const sign = (bytes[0] ?? 0) & 0x80 ? [Buffer.from([0])] : [];
  return der(TAG.INTEGER, ...sign, bytes);
}

/** @param {Buffer} bytes */
function octetString(bytes) {
  return der(TAG.OCTET_STRING, bytes);
}

/**
 * @param {Buffer} bytes
 * @param {number} [unused] how many of the last bits are none
 */
function bitString(bytes, unused = 0) {
  return der(TAG.BIT_STRING, Buffer.from([unused]), bytes);
}

/** @param {string} oid */
function objectIdentifier(oid) {
  const [first = 0, second = 0, ...rest] = oid.split(".").map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((number) => {
    const digits = [number & 0x7f];
    for (let left = number >> 7; left > 0; left >>= 7) {
      digits.unshift((left & 0x7f) | 0x80);
    }
    return digits;
  });
  return der(TAG.OID, Buffer.from(bytes));
}

/** @param {number} time milliseconds since the epoch */
function generalizedTime(time) {
  const text = new Date(time).toISOString().replace(/[-:T]|\.\d+/g, "");
  return der(TAG.GENERALIZED_TIME, Buffer.from(text));
}

/** @param {number} time milliseconds since the epoch, before 2050 */
function utcTime(time) {
  const text = new Date(time).toISOString().replace(/[-:T]|\.\d+/g, "");
  return der(TAG.UTC_TIME, Buffer.from(text.slice(2)));
}

/**
 * An extension of a certificate.
 *
 * @param {string} oid
 * @param {Buffer} value
 * @param {boolean} [critical]
 */
function extension(oid, value, critical = false) {
  return sequence(
    objectIdentifier(oid),
    ...(critical ? [boolean(true)] : []),
    octetString(value),
  );
}

/**
 * @param {string} label
 * @param {Buffer} bytes
 */
function pem(label, bytes) {
  const lines = bytes.toString("base64").replace(/.{64}(?=.)/g, "$&\n");
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}

/**
 * @param {Buffer} bytes that begin with an element
 * @returns {{ tag: number, content: Buffer, rest: Buffer }} rest: what follows it
 */
function readElement(bytes) {
  const [tag = 0, first = 0] = bytes;
  const digits = first & 0x80 ? first & 0x7f : 0;
  const length = digits === 0 ? first : bytes.readUIntBE(2, digits);
  const start = 2 + digits;
  return {
    tag,
    content: bytes.subarray(start, start + length),
    rest: bytes.subarray(start + length),
  };
}

module.exports = {
  CONTEXT,
  CONSTRUCTED,
  TAG,
  bitString,
  boolean,
  der,
  explicit,
  extension,
  generalizedTime,
  implicit,
  integer,
  objectIdentifier,
  octetString,
  pem,
  readElement,
  sequence,
  utcTime,
};
