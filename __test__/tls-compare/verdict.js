"use strict";

// The reaction of a client to a database: it sends its startup message, or it refuses with an error.

const { within } = require("../support/wait.js");
const { verdictOfEngine, verdictOfPg } = require("../support/verdicts.js");

/** @typedef {import("./cases.js").Case} Case */
/** @typedef {import("./tls-front.js").Showing} Showing */

/** The time limit for one verdict, in milliseconds; only a client that hangs reaches it. */
const MAX_WAIT_MS = 15_000;

/**
 * @typedef {object} Opinion
 * @property {"secured" | "clear" | null} startup how it sent its startup message; null: it did not trust the database
 * @property {string} [code] of the error
 * @property {string} [message]
 * @property {boolean} [isLate] true when there was no verdict in time
 */

/**
 * @param {import("./tls-front.js").TlsFront} front
 * @param {Showing} showing the one under test
 * @param {Showing[]} showings
 * @param {() => Promise<import("../support/verdicts.js").Verdict>} ask
 * @returns {Promise<Opinion>}
 */
async function observe(front, showing, showings, ask) {
  front.beginTurn(showings);
  /** @type {any} */
  let reason;
  let isLate = false;
  try {
    ({ reason } = await within(ask(), "a verdict", { timeout: MAX_WAIT_MS }));
  } catch (err) {
    reason = err;
    isLate = true;
  }
  const contacts = await front.endTurn();
  // a client may trust the genuine database to which an impostor forwards it
  const trusting = contacts.find(
    (contact) => contact.startup !== null && contact.showing === showing,
  );
  return {
    startup: trusting?.startup ?? null,
    code: reason?.code,
    message: messageOf(reason),
    isLate,
  };
}

/** @param {any} reason */
function messageOf(reason) {
  if (!reason) return "";
  const cause = reason.cause?.message;
  return [reason.message, cause].filter(Boolean).join(": ") || String(reason);
}

/** @typedef {(settings: any) => Promise<import("../support/verdicts.js").Verdict>} Client */

/**
 * @param {import("./tls-front.js").TlsFront} front
 * @param {Case} comparison
 * @param {string} folder
 * @param {Client} [engine]
 * @returns {Promise<{ pg: Opinion, engine: Opinion }>}
 */
async function askBoth(front, comparison, folder, engine = verdictOfEngine) {
  const { showing, showings, toSettings } = comparison;
  const settings = () => toSettings(front.port, folder);
  const pg = await observe(front, showing, [showing], () =>
    verdictOfPg(settings()),
  );
  return {
    pg,
    engine: await observe(front, showing, showings, () => engine(settings())),
  };
}

module.exports = { askBoth };
