"use strict";

// Compares the verdicts of `pg` and of the native engine on one case.

const { makeCase } = require("./cases.js");
const { knownRefusal } = require("./known-refusals.js");
const { askBoth } = require("./verdict.js");

/** @typedef {import("./verdict.js").Opinion} Opinion */

/**
 * - accepted, refused: by both
 * - wronglyAccepted: by the engine, and not by `pg`
 * - knownRefusal, unexplained: refused by the engine, and not by `pg`
 * - skipped: OpenSSL can make or load no such certificates
 * - late: one of them gave no verdict in time
 * - crashed: the case ended its process
 *
 * @typedef {"accepted" | "refused" | "wronglyAccepted" | "knownRefusal" | "unexplained" | "skipped" | "late" |
 *   "crashed"} Kind
 */

/**
 * @typedef {object} Outcome
 * @property {string} name of the case
 * @property {Kind} kind
 * @property {string} description
 * @property {string} [reason] of a known refusal or a skipped case
 * @property {Opinion} [pg]
 * @property {Opinion} [engine]
 * @property {boolean} [hasReason] true when the error of the engine gives the reason of `pg`; undefined where it
 *   need not
 */

/** Error codes of the system, the handshake and the protocol, which say nothing about a certificate. */
const OTHER_CODES = /^(E[A-Z]+$|ERR_SSL_|ERR_OSSL_|ERR_INVALID_|[0-9A-Z]{5}$)/;

/**
 * @param {Opinion} pg
 * @param {Opinion} engine
 * @returns {boolean | undefined} undefined where no reason is required
 */
function repeatsReason({ code, message }, engine) {
  const isOwnCheck = message?.includes("refused by the application");
  const isJudgement = code !== undefined && !OTHER_CODES.test(code);
  if (!isOwnCheck && !isJudgement) return undefined;
  const told = engine.message ?? "";
  return (
    (code !== undefined && told.includes(code)) ||
    (Boolean(message) && told.includes(message ?? ""))
  );
}

/**
 * Tells if the engine may refuse for a reason of its own, before `pg` is asked.
 *
 * @param {import("./cases.js").Case} comparison
 * @param {Opinion} engine
 */
function isReasonFree(comparison, { message = "" }) {
  return (
    knownRefusal(comparison) !== undefined ||
    message.includes("received fatal alert")
  );
}

/** @param {any} err thrown while a certificate was made or loaded */
function isOfOpenssl({ code, message }) {
  return /^ERR_(OSSL|CRYPTO)_/.test(code) || message.startsWith("error:");
}

/**
 * @param {import("./tls-front.js").TlsFront} front
 * @param {string} name
 * @param {string} folder
 * @param {import("./verdict.js").Client} [client] in the place of the engine
 * @returns {Promise<Outcome>}
 */
async function compare(front, name, folder, client) {
  let comparison;
  try {
    comparison = makeCase(name);
    front.beginTurn(comparison.showings);
  } catch (/** @type {any} */ err) {
    if (!isOfOpenssl(err)) throw err;
    const description = comparison?.description ?? "";
    return { name, kind: "skipped", description, reason: err.message };
  }
  const { description } = comparison;
  const { pg, engine } = await askBoth(front, comparison, folder, client);
  const common = { name, description, pg, engine };
  if (engine.startup !== null && engine.startup !== pg.startup) {
    return { ...common, kind: "wronglyAccepted" };
  }
  if (pg.isLate || engine.isLate) return { ...common, kind: "late" };
  if (engine.startup !== null) return { ...common, kind: "accepted" };
  if (pg.startup !== null) {
    const reason = knownRefusal(comparison);
    return reason
      ? { ...common, kind: "knownRefusal", reason }
      : { ...common, kind: "unexplained" };
  }
  const hasReason = isReasonFree(comparison, engine)
    ? undefined
    : repeatsReason(pg, engine);
  return {
    ...common,
    kind: "refused",
    ...(hasReason === undefined ? {} : { hasReason }),
  };
}

module.exports = { compare };
