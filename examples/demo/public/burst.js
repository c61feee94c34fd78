// How a burst goes: what the counting client of each server, and this page itself, have received of it.

import { byId, create, setText, syncChildren } from "./dom.js";
import { formatCount, formatMs } from "./format.js";
import { Tally } from "./tally.mjs";

/** @typedef {import('../bursts.js').Burst} Burst */
/** @typedef {{ name: string, received: number, misplaced: number, took?: number, gone?: boolean }} Row */

/** @type {{ id: number, tally: Tally }} */
const own = { id: 0, tally: new Tally() };

/** @param {import('socket.io-client').Socket} socket of this page */
export function countBursts(socket) {
  socket.on("burst", (id, number) => {
    if (id !== own.id) Object.assign(own, { id, tally: new Tally() });
    own.tally.add(number);
  });
}

/**
 * @param {Row} row
 * @param {number} size
 */
function describeOrder({ received, misplaced, took, gone }, size) {
  if (misplaced > 0) return `✕ ${formatCount(misplaced)} out of order`;
  if (gone) return "server killed";
  if (received < size) return received === 0 ? "waiting" : "in order so far";
  return took === undefined ? "✓ in order" : `✓ in order, ${formatMs(took)}`;
}

function makeRow() {
  const progress = create("progress", "");
  progress.setAttribute("aria-hidden", "true");
  const name = create("th", "", "");
  name.setAttribute("scope", "row");
  return create(
    "tr",
    "",
    name,
    create("td", "bar", progress),
    create("td", "count", ""),
    create("td", "order", ""),
  );
}

/** @param {Burst | undefined} burst */
export function showBurst(burst) {
  const table = /** @type {HTMLTableElement} */ (byId("burst-result"));
  byId("burst-panel").hidden = burst === undefined;
  if (burst === undefined) return;
  const { id, from, size, ended, longestPause, counts } = burst;
  /** @type {Row[]} */
  const rows = Object.entries(counts).map(([name, count]) => ({
    name,
    ...count,
  }));
  if (own.id === id) rows.push({ name: "this page", ...own.tally });
  const caption = /** @type {Element} */ (table.querySelector("caption"));
  const pause = ended
    ? ` Longest pause of an event loop: ${formatMs(longestPause)}.`
    : "";
  setText(caption, `${formatCount(size)} messages of ${from}.${pause}`);
  syncChildren(/** @type {Element} */ (table.tBodies[0]), rows, {
    key: ({ name }) => name,
    make: makeRow,
    update: (element, row) => {
      const [name, bar, count, order] = element.children;
      const progress = /** @type {HTMLProgressElement} */ (bar?.firstChild);
      progress.max = size;
      progress.value = row.received;
      if (name) setText(name, row.name);
      if (count) setText(count, formatCount(row.received));
      if (order) setText(order, describeOrder(row, size));
    },
  });
}
