"use strict";

// The messages of PostgreSQL's protocol, as far as tests have to write or read them.

/** The first message of a client that wants TLS. */
const SSL_REQUEST = Buffer.from("0000000804d2162f", "hex");

/** The codes of AuthenticationXxx messages. */
const AUTHENTICATION = Object.freeze({
  OK: 0,
  SASL: 10,
  SASL_CONTINUE: 11,
  SASL_FINAL: 12,
});

/**
 * A protocol message, taken apart.
 * @typedef {{ type: string, body: Buffer, raw: Buffer }} ProtocolMessage
 */

/**
 * @param {string} type
 * @param {Buffer | string} [body]
 * @param {number} [length] which it declares, if it lies
 * @returns {Buffer}
 */
function protocolMessage(type, body = "", length) {
  const content = Buffer.from(body);
  const head = Buffer.alloc(5);
  head.write(type, 0, "latin1");
  head.writeInt32BE(length ?? content.length + 4, 1);
  return Buffer.concat([head, content]);
}

/**
 * @param {number} code
 * @param {Buffer | string} [rest]
 */
function authentication(code, rest = "") {
  const number = Buffer.alloc(4);
  number.writeInt32BE(code);
  return protocolMessage("R", Buffer.concat([number, Buffer.from(rest)]));
}

/** @param {...string} mechanisms */
function saslMechanisms(...mechanisms) {
  const names = mechanisms.map((name) => `${name}\0`).join("");
  return authentication(AUTHENTICATION.SASL, `${names}\0`);
}

/** @param {ProtocolMessage} message @returns {number | undefined} the code, if it is about authentication */
function authenticationCode({ type, body }) {
  return type === "R" && body.length >= 4 ? body.readInt32BE() : undefined;
}

/** @param {ProtocolMessage} message a SASLInitialResponse @returns {string} the client-first-message in it */
function clientFirstMessage({ body }) {
  return body.subarray(body.indexOf(0) + 5).toString("latin1");
}

/**
 * The fields of an ErrorResponse or a NoticeResponse.
 * @param {string} severity
 * @param {string} code SQLSTATE
 * @param {string} text
 */
function fields(severity, code, text) {
  return `S${severity}\0V${severity}\0C${code}\0M${text}\0\0`;
}

/** @param {string} [code] SQLSTATE @param {string} [text] */
function errorResponse(code = "57P03", text = "not today") {
  return protocolMessage("E", fields("FATAL", code, text));
}

/** @param {string} text */
function noticeResponse(text) {
  return protocolMessage("N", fields("NOTICE", "00000", text));
}

/** @param {string} name @param {string} value */
function parameterStatus(name, value) {
  return protocolMessage("S", `${name}\0${value}\0`);
}

module.exports = {
  AUTHENTICATION,
  authentication,
  authenticationCode,
  clientFirstMessage,
  errorResponse,
  noticeResponse,
  parameterStatus,
  protocolMessage,
  saslMechanisms,
  SSL_REQUEST,
};
