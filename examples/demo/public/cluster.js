// The picture of the cluster: servers side by side, PostgreSQL below them.

import { byId, setText } from "./dom.js";
import { ServerCard } from "./server-card.js";

/** @typedef {import('../director.js').State} State */

/** @type {Map<string, ServerCard>} */
const cards = new Map();

/**
 * @param {string} name
 * @param {number} number
 */
function cardOf(name, number) {
  const known = cards.get(name);
  if (known !== undefined) return known;
  const card = new ServerCard(name, number);
  cards.set(name, card);
  byId("map").insertBefore(card.element, byId("database"));
  return card;
}

/**
 * @param {State} state
 * @param {string | undefined} ownId of the socket of this tab
 */
export function showCluster({ servers, database }, ownId) {
  servers.forEach((server, index) =>
    cardOf(server.name, index + 1).show(server, ownId),
  );
  byId("database").dataset.tone = database.runs ? "good" : "bad";
  setText(
    byId("database-state"),
    database.runs
      ? "running: carries every message to every server that listens"
      : "stopped: the servers keep what is for the others",
  );
}

/**
 * Shows the way that a message of this tab took.
 *
 * @param {string} from the server of this tab
 */
export function traceMessage(from) {
  for (const [name, { lane }] of cards) {
    if (name === from) lane.traceOut();
    else lane.traceIn();
  }
}
