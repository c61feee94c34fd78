// Shows the rooms and what is said.

import { byId, create, setText, syncChildren } from "./dom.js";
import { formatMs } from "./format.js";

/** @typedef {import('../presence.js').Person} Person */
/** @typedef {import('../chat.js').Message} Message */
/** @typedef {import('../chat.js').Receipt} Receipt */

const STANDING_ROOM = "lobby";
const MAX_MESSAGES = 200;

/** @param {number} at milliseconds since 1970 */
function createTime(at) {
  const time = /** @type {HTMLTimeElement} */ (
    create(
      "time",
      "",
      new Date(at).toLocaleTimeString("en-GB", {
        hour: "2-digit",
        minute: "2-digit",
      }),
    )
  );
  time.dateTime = new Date(at).toISOString();
  return time;
}

/**
 * @param {Message} message
 * @param {boolean} own
 */
function createMessage({ id, kind, from, server, text, at }, own) {
  const sender = create("strong", "", from);
  const badge = create("span", "badge", server);
  if (kind === "note") {
    const words = [sender, ` ${text} `, badge, " ", createTime(at)];
    return create("li", "note", ...words);
  }
  const item = create(
    "li",
    own ? "message own" : "message",
    create("p", "head", sender, badge, createTime(at)),
    create("p", "words", text),
  );
  item.dataset.id = id;
  return item;
}

/** @param {Receipt} receipt */
function describeReceipt({ waits, shown, everyone, took }) {
  if (waits) return "waits for PostgreSQL to reach the other servers";
  const clients = shown === 1 ? "1 client" : `${shown} clients`;
  const rest = everyone ? "" : "; not every server answered";
  return `shown by ${clients} within ${formatMs(took)}${rest}`;
}

export class ChatView {
  /** @param {{ onRoom: (room: string) => void }} actions */
  constructor({ onRoom }) {
    this.onRoom = onRoom;
    /** @type {Person[]} */
    this.people = [];
    this.room = STANDING_ROOM;
    this.messages = byId("messages");
  }

  /**
   * @param {'good' | 'bad' | 'wait'} tone
   * @param {string} text
   */
  showConnection(tone, text) {
    const element = byId("connection");
    element.dataset.tone = tone;
    setText(element, text);
    byId("send").setAttribute("aria-disabled", String(tone !== "good"));
  }

  /** @param {string} room */
  showRoom(room) {
    this.room = room;
    setText(byId("room-title"), `#${room}`);
    this.showRooms();
  }

  showRooms() {
    const counts = new Map([
      [STANDING_ROOM, 0],
      [this.room, 0],
    ]);
    for (const { room } of this.people)
      counts.set(room, (counts.get(room) ?? 0) + 1);
    syncChildren(byId("rooms"), [...counts], {
      key: ([room]) => room,
      make: ([room]) => {
        const button = create(
          "button",
          "",
          `#${room} `,
          create("span", "count", ""),
        );
        button.addEventListener("click", () => this.onRoom(room));
        return create("li", "", button);
      },
      update: (item, [room, count]) => {
        const button = /** @type {HTMLElement} */ (item.firstElementChild);
        const number = /** @type {HTMLElement} */ (button.firstElementChild);
        setText(number, String(count));
        const people = count === 1 ? "1 visitor" : `${count} visitors`;
        button.setAttribute("aria-label", `#${room}, ${people}`);
        if (room === this.room) button.setAttribute("aria-current", "true");
        else button.removeAttribute("aria-current");
      },
    });
  }

  /**
   * @param {Person[]} people
   * @param {boolean} complete whether the other servers answered
   */
  showPeople(people, complete) {
    this.people = people;
    byId("incomplete").hidden = complete;
    this.showRooms();
  }

  /**
   * @param {Message} message
   * @param {boolean} own
   */
  addMessage(message, own) {
    this.add(createMessage(message, own));
  }

  /** @param {Receipt} receipt for an own message */
  showReceipt(receipt) {
    const head = this.messages.querySelector(
      `[data-id="${CSS.escape(receipt.id)}"] .head`,
    );
    const element = create("span", "receipt", describeReceipt(receipt));
    element.dataset.waits = String(receipt.waits);
    head?.querySelector(".receipt")?.remove();
    head?.append(element);
  }

  /** @param {string} text for messages whose receipt will not come any more */
  giveUpReceipts(text) {
    const waiting = this.messages.querySelectorAll(".receipt[data-waits=true]");
    for (const receipt of waiting) setText(receipt, text);
  }

  /** @param {string} text something that happened to this tab */
  addEvent(text) {
    this.add(create("li", "event", text));
  }

  /** @param {HTMLElement} item */
  add(item) {
    const list = this.messages;
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    list.append(item);
    while (list.childElementCount > MAX_MESSAGES)
      list.firstElementChild?.remove();
    if (atEnd) list.scrollTop = list.scrollHeight;
  }

  clearMessages() {
    this.messages.replaceChildren();
  }
}
