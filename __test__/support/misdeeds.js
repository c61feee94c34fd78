"use strict";

// Everything that a database can do wrong at the beginning of a connection, one thing at a time.

const { agreeToTls } = require("./hostile-server.js");
const {
  AUTHENTICATION,
  authentication,
  clientFirstMessage,
  errorResponse,
  protocolMessage,
  saslMechanisms,
  SSL_REQUEST,
} = require("./protocol-messages.js");

/** @typedef {import("./conversation.js").Conversation} Conversation */
/** @typedef {import("./hostile-server.js").Behaviour} Behaviour */

const GARBAGE = Buffer.from(
  "\u0000\u00ffgarbage \u0080\u0001 of no meaning whatsoever".repeat(8),
  "latin1",
);
const ACCEPTANCE = authentication(AUTHENTICATION.OK);
const READY = protocolMessage("Z", "I");

/** @param {Buffer | string} bytes what is said to a client that asks for TLS @returns {Behaviour} */
function answersRequest(bytes) {
  return async (client) => {
    await client.read(SSL_REQUEST.length);
    await client.write(bytes);
  };
}

/** @param {...(Buffer | string)} parts what is said to a client that has introduced itself @returns {Behaviour} */
function answersStartup(...parts) {
  return async (client) => {
    await client.readStartup();
    for (const part of parts) await client.write(part);
  };
}

/**
 * @param {(nonce: string) => string} serverFirst said in answer to the nonce of the client
 * @param {...Buffer} then said after the proof of the client
 * @returns {Behaviour}
 */
function answersProof(serverFirst, ...then) {
  return async (client) => {
    await client.readStartup();
    await client.write(saslMechanisms("SCRAM-SHA-256"));
    const first = clientFirstMessage(await client.readMessage());
    const text = serverFirst(/r=(.*)$/.exec(first)?.[1] ?? "");
    await client.write(authentication(AUTHENTICATION.SASL_CONTINUE, text));
    await client.readMessage();
    for (const part of then) await client.write(part);
  };
}

/** @param {...Buffer} parts said to the first statement @returns {Behaviour} */
function answersStatement(...parts) {
  return async (client) => {
    await answersStartup(ACCEPTANCE, READY)(client);
    await client.readMessage();
    for (const part of parts) await client.write(part);
  };
}

/** @param {Behaviour} before @returns {Behaviour} */
function thenEnds(before) {
  return async (client) => {
    await before(client);
    client.end();
  };
}

/** @param {Behaviour} before @returns {Behaviour} */
function thenBreaks(before) {
  return async (client) => {
    await before(client);
    client.reset();
  };
}

const nothing = async () => {};
const WORTHY = "c2FsdA==";

/** Done to a client that asks for TLS, before there is any. @type {Record<string, Behaviour>} */
const BEFORE_TLS = {
  "ends the connection at once": thenEnds(nothing),
  "breaks the connection at once": thenBreaks(nothing),
  "ends the connection when it is asked for TLS": thenEnds(answersRequest("")),
  "breaks the connection when it is asked for TLS": thenBreaks(
    answersRequest(""),
  ),
  "has no TLS": answersRequest("N"),
  "answers the request for TLS with garbage": answersRequest(GARBAGE),
  "answers the request for TLS with an unknown letter": answersRequest("X"),
  "answers the request for TLS with an error": thenEnds(
    answersRequest(errorResponse()),
  ),
  "answers the request for TLS with half an error": thenEnds(
    answersRequest(errorResponse().subarray(0, 9)),
  ),
  "says more in the clear after it agreed to TLS": answersRequest(
    Buffer.concat([Buffer.from("S"), ACCEPTANCE, READY]),
  ),
  "agrees to TLS and ends the connection": thenEnds(answersRequest("S")),
  "agrees to TLS and breaks the connection": thenBreaks(agreeToTls),
  "answers the TLS handshake with garbage": async (client) => {
    await agreeToTls(client);
    await client.readSome();
    await client.write(GARBAGE);
  },
  "answers the TLS handshake with an error in the clear": async (client) => {
    await agreeToTls(client);
    await client.readSome();
    await client.write(errorResponse());
  },
  "ends the connection in the middle of the TLS handshake": async (client) => {
    await agreeToTls(client);
    await client.readSome();
    client.end();
  },
};

/** Done to a client that has what it wants of TLS. @type {Record<string, Behaviour>} */
const DURING_LOGIN = {
  "ends the connection before anything is said": thenEnds(nothing),
  "ends the connection after the startup message": thenEnds(answersStartup()),
  "breaks the connection after the startup message":
    thenBreaks(answersStartup()),
  "ends the connection after the login": thenEnds(answersStartup(ACCEPTANCE)),
  "says that it is starting": thenEnds(answersStartup(errorResponse())),
  "answers with garbage": answersStartup(GARBAGE),
  "sends a message of negative length": answersStartup(
    protocolMessage("R", "", -1),
  ),
  "sends a message of the most negative length": answersStartup(
    protocolMessage("R", "", -(2 ** 31)),
  ),
  "sends a message of length 0": answersStartup(protocolMessage("R", "", 0)),
  "sends a message of length 3": answersStartup(protocolMessage("N", "", 3)),
  "sends a message of the greatest length": answersStartup(
    protocolMessage("N", "", 2 ** 31 - 1),
    GARBAGE,
  ),
  "sends a message of unknown type": answersStartup(protocolMessage("~", "?")),
  "sends a message of type 0": answersStartup(protocolMessage("\0", "?")),
  "demands an unknown way to log in": answersStartup(authentication(99)),
  "demands Kerberos": answersStartup(authentication(2)),
  "demands GSSAPI": answersStartup(authentication(7)),
  "demands a login without saying which": answersStartup(protocolMessage("R")),
  "demands MD5 without a salt": answersStartup(authentication(5)),
  "demands SASL without a mechanism": answersStartup(saslMechanisms()),
  "demands SASL by unknown mechanisms": answersStartup(
    saslMechanisms("GS2-KRB5", "PLAIN"),
  ),
  "demands SASL without an end": answersStartup(
    authentication(AUTHENTICATION.SASL, "SCRAM-SHA-256"),
  ),
  "continues SASL that nobody began": answersStartup(
    authentication(AUTHENTICATION.SASL_CONTINUE, "r=a,s=c2FsdA==,i=4096"),
  ),
  "finishes SASL that nobody began": answersStartup(
    authentication(AUTHENTICATION.SASL_FINAL, "v=c2FsdA=="),
  ),
  "continues SASL with garbage": answersProof(() => GARBAGE.toString("latin1")),
  "continues SASL with nothing": answersProof(() => ""),
  "continues SASL with a nonce of its own": answersProof(
    () => `r=another,s=${WORTHY},i=4096`,
  ),
  "continues SASL with a salt that is none": answersProof(
    (nonce) => `r=${nonce}x,s=!,i=4096`,
  ),
  "continues SASL with no iterations": answersProof(
    (nonce) => `r=${nonce}x,s=${WORTHY},i=0`,
  ),
  "continues SASL with negative iterations": answersProof(
    (nonce) => `r=${nonce}x,s=${WORTHY},i=-1`,
  ),
  "continues SASL with more iterations than a number has": answersProof(
    (nonce) => `r=${nonce}x,s=${WORTHY},i=99999999999999999999`,
  ),
  "finishes SASL with a wrong signature": answersProof(
    (nonce) => `r=${nonce}x,s=${WORTHY},i=4096`,
    authentication(AUTHENTICATION.SASL_FINAL, `v=${WORTHY}`),
    ACCEPTANCE,
    READY,
  ),
  "finishes SASL with an error": answersProof(
    (nonce) => `r=${nonce}x,s=${WORTHY},i=4096`,
    authentication(AUTHENTICATION.SASL_FINAL, "e=other-error"),
  ),
  "finishes SASL without a signature": answersProof(
    (nonce) => `r=${nonce}x,s=${WORTHY},i=4096`,
    ACCEPTANCE,
    READY,
  ),
  "sends an error without fields": answersStartup(protocolMessage("E", "\0")),
  "sends an error without an end": answersStartup(
    protocolMessage("E", "SFATAL"),
  ),
  "sends an error that is no text": answersStartup(
    protocolMessage("E", Buffer.from("53fffe0043ff004dc328000000", "hex")),
  ),
  "sends a notice without an end": answersStartup(protocolMessage("N", "M")),
  "sends a parameter without an end": answersStartup(
    ACCEPTANCE,
    protocolMessage("S", "name"),
  ),
  "sends a key that is too short": answersStartup(
    ACCEPTANCE,
    protocolMessage("K", "\0\0"),
  ),
  "says that it is ready without a state": answersStartup(
    ACCEPTANCE,
    protocolMessage("Z"),
  ),
  "says that it is ready before the login": answersStartup(READY),
  "sends a row before the login": answersStartup(
    protocolMessage("D", "\0\u0001\0\0\0\u0001x"),
  ),
  "sends a negotiation of the protocol that is garbage": answersStartup(
    protocolMessage("v", GARBAGE),
  ),
};

/** Done to a client that is in. @type {Record<string, Behaviour>} */
const AFTER_LOGIN = {
  "ends the connection after the first statement": thenEnds(answersStatement()),
  "answers the first statement with garbage": answersStatement(GARBAGE),
  "answers the first statement with an unknown message": answersStatement(
    protocolMessage("~", "?"),
  ),
  "answers the first statement with a message of negative length":
    answersStatement(protocolMessage("T", "", -1)),
  "answers the first statement with a row that nobody described":
    answersStatement(protocolMessage("D", "\0\u0001\0\0\0\u0001x")),
  "answers the first statement with a row of negative width": answersStatement(
    protocolMessage("1"),
    protocolMessage("2"),
    protocolMessage("T", Buffer.from("ffff", "hex")),
    protocolMessage("D", Buffer.from("ffffffffffff", "hex")),
  ),
  "answers the first statement with a file": answersStatement(
    protocolMessage("G", Buffer.from("000000", "hex")),
  ),
  "sends a notification that is no text": answersStatement(
    protocolMessage("A", Buffer.from("00000001ff00fffe00", "hex")),
  ),
};

module.exports = { AFTER_LOGIN, BEFORE_TLS, DURING_LOGIN };
