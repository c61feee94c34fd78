// The buttons that try the claims.

import { byId, create, setText, syncChildren } from "./dom.js";
import { act } from "./live.js";

/** @typedef {import('../director.js').State} State */

/**
 * A button that cannot do its work now keeps the focus: `disabled` would take it away.
 *
 * @param {HTMLElement} button
 * @param {boolean} usable
 */
function setUsable(button, usable) {
  button.setAttribute("aria-disabled", String(!usable));
}

/**
 * @param {HTMLElement} control
 * @param {() => string} action what to do, asked when it is pressed
 */
function onPress(control, action) {
  control.addEventListener("click", async () => {
    if (control.getAttribute("aria-disabled") === "true") return;
    const trouble = byId("trouble");
    setUsable(control, false);
    try {
      const state = await act(action());
      setUsable(control, true);
      show(state);
      trouble.hidden = true;
    } catch (error) {
      setUsable(control, true);
      setText(trouble, error instanceof Error ? error.message : String(error));
      trouble.hidden = false;
    }
  });
}

const databaseSwitch = byId("database-switch");
const visitors = /** @type {HTMLInputElement} */ (byId("visitors"));

/** @type {State | undefined} */
let latest;

/** What shows a state on all of the page. */
let show = showControls;

/**
 * @param {() => string} serverName the server of this tab
 * @param {(state: State) => void} onState what follows from a press, without waiting for the next state that comes
 */
export function startControls(serverName, onState) {
  show = onState;
  onPress(byId("burst"), () => {
    const servers = latest?.servers.map(({ name }) => name) ?? [];
    return `servers/${servers.indexOf(serverName()) + 1}/burst`;
  });
  onPress(
    databaseSwitch,
    () => `database/${latest?.database.runs ? "stop" : "start"}`,
  );
  onPress(visitors, () => `visitors/${visitors.checked ? "start" : "stop"}`);
}

/** @param {State} state */
export function showControls(state) {
  latest = state;
  const { database, servers } = state;
  /** @type {HTMLElement} */ (databaseSwitch.parentElement).hidden =
    !database.isOurs;
  setText(
    databaseSwitch,
    database.runs ? "Stop PostgreSQL" : "Start PostgreSQL",
  );
  if (visitors.getAttribute("aria-disabled") !== "true")
    visitors.checked = state.visitors;
  const numbered = servers.map((server, index) => ({
    ...server,
    number: index + 1,
  }));
  syncChildren(byId("kill-buttons"), numbered, {
    key: ({ name }) => name,
    make: ({ name, number }) => {
      const button = create("button", "", `Kill ${name}`);
      onPress(button, () => `servers/${number}/kill`);
      return button;
    },
    update: (button, { phase }) => setUsable(button, phase === "running"),
  });
}
