// The chat: sends what the visitor says, shows what comes.

import { announce } from "./announcer.js";
import { ChatView } from "./chat-view.js";
import { traceMessage } from "./cluster.js";
import { byId } from "./dom.js";
import { me, remember } from "./me.js";

/** @param {import('socket.io-client').Socket} socket */
export function startChat(socket) {
  const changeRoom = (/** @type {string} */ wanted) =>
    socket.emit("room", wanted, (/** @type {string} */ room) => {
      if (room === me.room) return;
      me.room = room;
      remember();
      view.clearMessages();
      view.showRoom(room);
    });
  const view = new ChatView({ onRoom: changeRoom });

  socket.on("disconnect", () => {
    view.showConnection("bad", `${me.server} is gone: looking for another one`);
    view.giveUpReceipts(`no receipt: ${me.server} is gone`);
  });
  socket.on("connect_error", () =>
    view.showConnection("bad", "no connection: trying again"),
  );
  socket.on("welcome", ({ server }) => {
    if (me.server !== "" && me.server !== server)
      view.addEvent(`${me.server} is gone. You are on ${server} now.`);
    else if (me.server !== "") view.addEvent(`Connected to ${server} again.`);
    me.server = server;
    view.showConnection("good", `you are on ${server}`);
    view.showRoom(me.room);
  });
  socket.on("database", ({ up }) =>
    view.addEvent(
      up
        ? `${me.server} reaches the other servers again.`
        : `${me.server} lost PostgreSQL: what you say to visitors of other servers waits.`,
    ),
  );
  socket.on("presence", ({ people, complete }) =>
    view.showPeople(people, complete),
  );
  socket.on("message", (message, confirm) => {
    const own = message.sender === socket.id;
    view.addMessage(message, own);
    if (!own && !message.simulated)
      announce(`${message.from}: ${message.text}`);
    if (typeof confirm === "function") confirm();
  });

  socket.on("receipt", (receipt) => view.showReceipt(receipt));

  startForms(socket, changeRoom);
}

/**
 * @param {import('socket.io-client').Socket} socket
 * @param {(room: string) => void} changeRoom
 */
function startForms(socket, changeRoom) {
  const nameInput = /** @type {HTMLInputElement} */ (byId("name"));
  nameInput.value = me.name;
  nameInput.addEventListener("change", () =>
    socket.emit("rename", nameInput.value, (/** @type {string} */ name) => {
      me.name = name;
      nameInput.value = name;
      remember();
    }),
  );

  const textInput = /** @type {HTMLInputElement} */ (byId("text"));
  byId("compose").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = textInput.value.trim();
    if (text === "" || !socket.connected) return;
    const withReceipt = true;
    socket.emit("message", text, withReceipt);
    traceMessage(me.server);
    textInput.value = "";
    textInput.focus();
  });

  const roomInput = /** @type {HTMLInputElement} */ (byId("room-name"));
  byId("new-room").addEventListener("submit", (event) => {
    event.preventDefault();
    if (roomInput.value.trim() !== "") changeRoom(roomInput.value);
    roomInput.value = "";
  });
}
