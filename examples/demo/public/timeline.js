// What happened, latest first.

import { byId, create } from "./dom.js";

/** @typedef {import('../journal.js').Entry} Entry */

const MAX_ENTRIES = 60;
const MARKS = { good: "✓", bad: "!", note: "•" };

/** @param {Entry} entry */
function createEntry({ id, at, kind, text }) {
  const time = /** @type {HTMLTimeElement} */ (
    create("time", "", new Date(at).toLocaleTimeString("en-GB"))
  );
  time.dateTime = new Date(at).toISOString();
  const mark = create("span", "mark", MARKS[kind]);
  mark.setAttribute("aria-hidden", "true");
  const item = create("li", "", mark, create("p", "", text), time);
  item.dataset.kind = kind;
  item.dataset.id = String(id);
  return item;
}

/** @param {Entry} entry which may be told after later ones */
export function addEntry(entry) {
  const list = byId("entries");
  const earlier = [...list.querySelectorAll("li")].find(
    ({ dataset }) => Number(dataset.id) < entry.id,
  );
  list.insertBefore(createEntry(entry), earlier ?? null);
  while (list.childElementCount > MAX_ENTRIES) list.lastElementChild?.remove();
}

/** @param {Entry[]} entries from the first on */
export function showEntries(entries) {
  byId("entries").replaceChildren();
  for (const entry of entries) addEntry(entry);
}
