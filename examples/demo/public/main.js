// The page: joins the cluster as a visitor, and shows all of it.

import { io } from "socket.io-client";
import { countBursts, showBurst } from "./burst.js";
import { startChat } from "./chat.js";
import { showCluster } from "./cluster.js";
import { showControls, startControls } from "./controls.js";
import { showFigures } from "./figures.js";
import { watchCluster } from "./live.js";
import { me } from "./me.js";
import { addEntry, showEntries } from "./timeline.js";

// The server of this tab is in its address. The front reads it from each connection.
const server = new URLSearchParams(location.search).get("server") ?? "1";
const socket = io({
  query: { server },
  auth: (answer) => answer({ name: me.name, room: me.room, counts: true }),
  reconnectionDelay: 300,
  reconnectionDelayMax: 2000,
});

/** @param {import('../director.js').State} state */
function showState(state) {
  // Without the demo around it a server serves the chat alone.
  document.body.dataset.view = "live";
  showFigures(state.figures);
  showCluster(state, socket.id);
  showControls(state);
  showBurst(state.burst);
}

startChat(socket);
countBursts(socket);
startControls(() => me.server, showState);
watchCluster({
  onState: showState,
  onJournal: showEntries,
  onEntry: addEntry,
  onLost: () => {
    if (document.body.dataset.view === "live")
      document.body.dataset.view = "lost";
  },
});
