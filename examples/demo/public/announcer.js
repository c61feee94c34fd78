// Reads chat messages to those who listen to the page: not each one at once, and not those of simulated visitors.

import { byId } from "./dom.js";

const PAUSE_MS = 2_000;

/** @type {string[]} */
let waiting = [];
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

function speak() {
  timer = undefined;
  if (waiting.length === 0) return;
  byId("announcer").textContent =
    waiting.length > 2 ? `${waiting.length} new messages` : waiting.join(". ");
  waiting = [];
  timer = setTimeout(speak, PAUSE_MS);
}

/** @param {string} text */
export function announce(text) {
  waiting.push(text);
  if (timer === undefined) speak();
}
