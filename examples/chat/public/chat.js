// The page: connects, sends what the visitor says, shows what comes.

import { io } from "socket.io-client";
import { startExperiments } from "./experiments.js";
import { View, byId } from "./view.js";

const NAME_STARTS = [
  "Brisk",
  "Calm",
  "Clever",
  "Kind",
  "Merry",
  "Quick",
  "Quiet",
  "Sunny",
  "Swift",
  "Wise",
];
const NAME_ENDS = [
  "Badger",
  "Crane",
  "Finch",
  "Fox",
  "Heron",
  "Lynx",
  "Otter",
  "Owl",
  "Robin",
  "Wren",
];

/** @param {string[]} list */
const pick = (list) => list[Math.floor(Math.random() * list.length)] ?? "";

// Kept for each tab, so that two tabs are two people.
const me = {
  name:
    sessionStorage.getItem("name") ?? `${pick(NAME_STARTS)} ${pick(NAME_ENDS)}`,
  room: sessionStorage.getItem("room") ?? "lobby",
  server: "",
};
const remember = () => {
  sessionStorage.setItem("name", me.name);
  sessionStorage.setItem("room", me.room);
};
remember();

const view = new View({ onRoom: changeRoom });
// The server of this tab is in its address. The proxy reads it from each connection.
const server = new URLSearchParams(location.search).get("server") ?? "1";
const socket = io({
  query: { server },
  auth: (answer) => answer({ name: me.name, room: me.room }),
  reconnectionDelay: 300,
  reconnectionDelayMax: 2000,
});

socket.on("disconnect", () =>
  view.showConnection(
    "bad",
    `${me.server} is gone: looking for another server`,
  ),
);
socket.on("connect_error", () =>
  view.showConnection("bad", "no connection: trying again"),
);

socket.on("welcome", ({ server: name, database }) => {
  if (me.server !== "" && me.server !== name)
    view.addEvent(`${me.server} is gone. You are on ${name} now.`);
  else if (me.server !== "") view.addEvent(`Connected to ${name} again.`);
  me.server = name;
  view.showConnection("good", "connected to", name);
  view.showDatabase(database);
  view.showRoom(me.room);
});

socket.on("database", (state) => {
  view.showDatabase(state);
  view.addEvent(
    state.up
      ? "PostgreSQL is back: in a few seconds the servers hear each other again."
      : `PostgreSQL is gone: only the visitors of ${me.server} hear each other.`,
  );
});

socket.on("presence", ({ people, complete }) =>
  view.showPeople(people, complete, socket.id ?? ""),
);

socket.on("message", (message, confirm) => {
  view.addMessage(message, message.sender === socket.id);
  if (typeof confirm === "function") confirm();
});

/** @param {string} wanted */
function changeRoom(wanted) {
  socket.emit("room", wanted, (/** @type {string} */ room) => {
    if (room === me.room) return;
    me.room = room;
    remember();
    view.clearMessages();
    view.showRoom(room);
  });
}

const nameInput = /** @type {HTMLInputElement} */ (byId("name"));
nameInput.value = me.name;
nameInput.addEventListener("change", () => {
  socket.emit("rename", nameInput.value, (/** @type {string} */ name) => {
    me.name = name;
    nameInput.value = name;
    remember();
  });
});

const textInput = /** @type {HTMLInputElement} */ (byId("text"));
byId("compose").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = textInput.value.trim();
  if (text === "") return;
  socket.emit("message", text, view.showReceipt.bind(view));
  textInput.value = "";
  textInput.focus();
});

const roomInput = /** @type {HTMLInputElement} */ (byId("room-name"));
byId("new-room").addEventListener("submit", (event) => {
  event.preventDefault();
  if (roomInput.value.trim() !== "") changeRoom(roomInput.value);
  roomInput.value = "";
});

void startExperiments();
