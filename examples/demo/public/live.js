// The view of the whole cluster, which comes from the process that started the servers.

/** @typedef {import('../director.js').State} State */
/** @typedef {import('../journal.js').Entry} Entry */

/**
 * @param {object} listeners
 * @param {(state: State) => void} listeners.onState several times a second
 * @param {(entries: Entry[]) => void} listeners.onJournal what happened until now
 * @param {(entry: Entry) => void} listeners.onEntry what happens from now on
 * @param {() => void} listeners.onLost the demo has ended, or this server was started without it
 */
export function watchCluster({ onState, onJournal, onEntry, onLost }) {
  const source = new EventSource("/demo/live");
  const on = (
    /** @type {string} */ name,
    /** @type {(data: any) => void} */ listener,
  ) =>
    source.addEventListener(name, (event) => listener(JSON.parse(event.data)));
  on("state", onState);
  on("journal", onJournal);
  on("entry", onEntry);
  source.addEventListener("error", onLost);
}

/**
 * @param {string} action such as "database/stop"
 * @returns {Promise<State>}
 */
export async function act(action) {
  const response = await fetch(`/demo/${action}`, { method: "POST" });
  const body = await response.json();
  if (!response.ok) throw new Error(body.error);
  return body;
}
