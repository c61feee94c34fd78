"use strict";

// Whom to trust is decided by what `pg` would decide: it is asked to make a TLS connection with the same settings, and
// no login. Authorities, names, dates, `checkServerIdentity`, environment variables and whatever Node.js learns next are
// then the business of Node.js, and its errors are those that a user of `pg` knows. The native engine accepts the very
// certificate that was accepted here, from a server that proves to have its key.

const { createHash } = require("node:crypto");
const { setTimeout, clearTimeout } = require("node:timers");
const { describeType } = require("./errors.js");

/** @typedef {import('./pg-client.js').Client} Client */
/** @typedef {import('node:tls').TLSSocket} TLSSocket */
/** @typedef {import('node:tls').DetailedPeerCertificate} DetailedPeerCertificate */

/**
 * Where to connect to.
 *
 * @typedef {object} Question
 * @property {string} host a name, an address, or the folder of a Unix domain socket
 * @property {number} port
 * @property {string | null} address the one that the engine is connected to; null for a Unix domain socket
 * @property {number} timeoutMs how long the engine waits at most
 */

/**
 * What `pg` accepted: one certificate or, where the settings say that it need not prove anything, any.
 *
 * @typedef {{ any: true } | { any: false, fingerprint: string, notAfterMs: number }} Verdict
 */

/**
 * @param {Client} client of its own, not connected
 * @param {Question} question
 * @returns {Promise<Verdict>}
 * @throws {Error} that of `pg`, when it refuses the server
 */
async function judge(client, question) {
  const { connection } = client;
  const { timeoutMs } = question;
  // It also ends a connection that the server does not let go of.
  const timer = setTimeout(() => {
    connection.stream.destroy(
      new Error(`pg got no answer within ${timeoutMs} ms`),
    );
  }, timeoutMs);
  timer.unref();
  try {
    return verdictOn(await secure(connection, question));
  } finally {
    connection.stream.once("close", () => clearTimeout(timer));
    connection.stream.destroySoon();
  }
}

/**
 * Takes the steps of a client of `pg`, up to the point where it would log in.
 *
 * @param {any} connection
 * @param {Question} question
 * @returns {Promise<TLSSocket>}
 */
function secure(connection, question) {
  return new Promise((resolve, reject) => {
    containThrows(connection, reject);
    // it stays: there can be more than one error
    connection.on("error", reject);
    connection.once("end", () =>
      reject(new Error("the connection was closed during the TLS handshake")),
    );
    connection.once("connect", () => {
      if (connection.sslNegotiation !== "direct") connection.requestSsl();
    });
    connection.once("sslconnect", () => {
      const { stream } = connection;
      // Whatever the server says is not for the parser of pg, which throws and takes in what it likes.
      stream.removeAllListeners("data").resume();
      stream.unref();
      stream.once("secureConnect", () => resolve(stream));
    });
    open(connection, question);
    connection.stream.unref();
  });
}

/**
 * @param {any} connection
 * @param {Question} question
 */
function open(connection, { host, port, address }) {
  if (address === null) {
    connection.connect(`${host}/.s.PGSQL.${port}`);
    return;
  }
  const { stream } = connection;
  // A name can have several addresses, with a server of its own behind each: the one in question is meant.
  stream.connect = () => {
    delete stream.connect;
    return stream.connect({ host: address, port });
  };
  connection.connect(port, host);
}

/**
 * Node.js calls `checkServerIdentity()` where a throw would end the process. Here it is a refusal, also where the
 * settings accept any certificate.
 *
 * @param {any} connection
 * @param {(reason: Error) => void} refuse
 */
function containThrows(connection, refuse) {
  const { ssl } = connection;
  const check = ssl?.checkServerIdentity;
  if (typeof check !== "function") return;
  /** @param {any[]} args */
  const contained = (...args) => {
    try {
      return check.apply(ssl, args);
    } catch (thrown) {
      const reason =
        thrown instanceof Error
          ? thrown
          : new Error(`checkServerIdentity() threw ${describeType(thrown)}`);
      refuse(reason);
      return reason;
    }
  };
  // The key is hidden by pg, hence not among the properties that are copied.
  connection.ssl = { ...ssl, key: ssl.key, checkServerIdentity: contained };
}

/**
 * @param {TLSSocket} stream
 * @returns {Verdict}
 */
function verdictOn(stream) {
  // Without proof, and still not refused: so no certificate would be.
  if (stream.authorized === false) return { any: true };
  const certificate = stream.getPeerCertificate(true);
  if (!certificate?.raw) {
    throw new Error("pg connected without seeing a certificate of the server");
  }
  return {
    any: false,
    fingerprint: createHash("sha256").update(certificate.raw).digest("hex"),
    notAfterMs: endOf(certificate),
  };
}

/**
 * When the verdict ends at the latest. Node.js tells which certificates can have vouched for this one, not which did: an
 * expired one did not.
 *
 * @param {DetailedPeerCertificate} certificate
 * @returns {number} milliseconds since the epoch
 */
function endOf(certificate) {
  const seen = new Set();
  let earliest = Number.MAX_SAFE_INTEGER;
  for (
    let each = certificate;
    each && !seen.has(each);
    each = each.issuerCertificate
  ) {
    seen.add(each);
    const end = Date.parse(each.valid_to);
    if (end > Date.now()) earliest = Math.min(earliest, end);
  }
  return earliest;
}

/**
 * @param {any} error
 * @returns {string} what it says, and the code by which it can be looked up
 */
function describeRefusal(error) {
  const { message, code } = Object(error);
  const text = typeof message === "string" ? message : describeType(error);
  return typeof code === "string" && !text.includes(code)
    ? `${text} (${code})`
    : text;
}

module.exports = { describeRefusal, judge };
