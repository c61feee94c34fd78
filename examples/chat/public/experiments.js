// The buttons that break things. They exist when the demo started the servers, which then answers under /demo/.

import { byId, create } from "./view.js";

/** @typedef {{ database?: boolean, servers: { name: string, up: boolean }[] }} Status */

const POLL_MS = 1500;

/**
 * @param {string} path
 * @param {'GET' | 'POST'} [method]
 * @returns {Promise<Status>}
 */
async function ask(path, method = "GET") {
  const response = await fetch(path, { method });
  const body = await response.json();
  if (!response.ok) throw new Error(body.error);
  return body;
}

/** @param {Status} status */
function describeButtons({ database, servers }) {
  const buttons = servers.map(({ name, up }, index) => ({
    label: up ? `Kill ${name}` : `${name} comes back soon`,
    path: `/demo/servers/${index + 1}/kill`,
    enabled: up,
  }));
  if (database !== undefined) {
    buttons.unshift({
      label: database ? "Stop PostgreSQL" : "Start PostgreSQL",
      path: `/demo/database/${database ? "stop" : "start"}`,
      enabled: true,
    });
  }
  return buttons;
}

let shown = "";

/** @param {Status} status */
function show(status) {
  const wanted = describeButtons(status);
  if (JSON.stringify(wanted) === shown) return;
  shown = JSON.stringify(wanted);
  const focused = [...byId("buttons").children].indexOf(
    /** @type {Element} */ (document.activeElement),
  );
  const buttons = wanted.map(({ label, path, enabled }) => {
    const button = /** @type {HTMLButtonElement} */ (
      create("button", "", label)
    );
    button.disabled = !enabled;
    button.addEventListener("click", () => void act(path, button));
    return button;
  });
  byId("buttons").replaceChildren(...buttons);
  buttons[focused]?.focus();
}

/**
 * @param {string} path
 * @param {HTMLButtonElement} button
 */
async function act(path, button) {
  button.disabled = true;
  const trouble = byId("trouble");
  try {
    show(await ask(path, "POST"));
    trouble.hidden = true;
  } catch (error) {
    trouble.textContent =
      error instanceof Error ? error.message : String(error);
    trouble.hidden = false;
    button.disabled = false;
  }
}

/** Shows the buttons and keeps them up to date; without a demo around the servers there are none. */
export async function startExperiments() {
  try {
    show(await ask("/demo/status"));
  } catch {
    return;
  }
  byId("experiments").hidden = false;
  setInterval(() => {
    // The demo has ended: the connection state says so.
    ask("/demo/status").then(show, () => {});
  }, POLL_MS);
}
