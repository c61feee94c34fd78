// Shows things. Everything that somebody typed goes in as text, never as markup.

/** @typedef {{ id: string, name: string, room: string, server: string }} Person */
/** @typedef {{ id: string, kind: 'chat' | 'note', sender: string, from: string, server: string, room: string, text: string, at: number }} Message */

const STANDING_ROOMS = ["lobby", "postgres", "rust"];
const MAX_MESSAGES = 200;

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`The page has no #${id}`);
  return element;
}

/**
 * @param {string} tag
 * @param {string} className
 * @param {...(string | Node)} content
 * @returns {HTMLElement}
 */
export function create(tag, className, ...content) {
  const element = document.createElement(tag);
  element.className = className;
  element.append(...content);
  return element;
}

/**
 * @param {string} server such as "server-2"
 * @returns {HTMLElement} its name in its colour
 */
function badge(server) {
  const element = create("span", "badge", server);
  element.dataset.server = server;
  return element;
}

/**
 * @param {Person[]} people
 * @returns {Map<string, Person[]>} by server, sorted
 */
function groupByServer(people) {
  /** @type {Map<string, Person[]>} */
  const groups = new Map();
  const sorted = [...people].sort(
    (a, b) => a.server.localeCompare(b.server) || a.name.localeCompare(b.name),
  );
  for (const person of sorted)
    groups.set(person.server, [...(groups.get(person.server) ?? []), person]);
  return groups;
}

export class View {
  /** @param {{ onRoom: (room: string) => void }} actions */
  constructor({ onRoom }) {
    this.onRoom = onRoom;
    /** @type {Person[]} */
    this.people = [];
    this.room = "lobby";
    this.messages = byId("messages");
    this.showTabLinks();
  }

  /**
   * @param {'good' | 'bad' | 'wait'} state
   * @param {string} text
   * @param {string} [server]
   */
  showConnection(state, text, server) {
    const element = byId("connection");
    element.dataset.state = state;
    element.replaceChildren(text, ...(server ? [" ", badge(server)] : []));
    const send = /** @type {HTMLButtonElement} */ (
      document.querySelector("#compose button")
    );
    send.disabled = state !== "good";
  }

  /** @param {{ up: boolean }} state */
  showDatabase({ up }) {
    const element = byId("database");
    element.dataset.state = up ? "good" : "bad";
    element.textContent = up
      ? "PostgreSQL: connected"
      : "PostgreSQL: no connection";
  }

  showTabLinks() {
    const links = [1, 2, 3].map((number) => {
      const link = /** @type {HTMLAnchorElement} */ (
        create("a", "", badge(`server-${number}`))
      );
      link.href = `/?server=${number}`;
      link.target = "_blank";
      // Without this the new tab would inherit the name of this one.
      link.rel = "noopener";
      return link;
    });
    byId("tabs").append(...links.flatMap((link) => [" ", link]));
  }

  /** @param {string} room */
  showRoom(room) {
    this.room = room;
    byId("room-title").textContent = `#${room}`;
    this.showRooms();
  }

  showRooms() {
    const counts = new Map(STANDING_ROOMS.map((room) => [room, 0]));
    counts.set(this.room, 0);
    for (const { room } of this.people)
      counts.set(room, (counts.get(room) ?? 0) + 1);
    const focused = document.activeElement?.getAttribute("data-room");
    const items = [...counts].map(([room, count]) => {
      const people = create("span", "count", String(count));
      people.title = count === 1 ? "1 person" : `${count} people`;
      const button = create("button", "", `#${room}`, people);
      button.dataset.room = room;
      if (room === this.room) button.setAttribute("aria-current", "true");
      button.addEventListener("click", () => this.onRoom(room));
      return create("li", "", button);
    });
    byId("rooms").replaceChildren(...items);
    // The buttons are new ones: whoever was on one with the keyboard stays there.
    const sameButton = items
      .map((item) => item.firstElementChild)
      .find((button) => button?.getAttribute("data-room") === focused);
    if (sameButton instanceof HTMLElement) sameButton.focus();
  }

  /**
   * @param {Person[]} people
   * @param {boolean} complete
   * @param {string} ownId
   */
  showPeople(people, complete, ownId) {
    this.people = people;
    const groups = [...groupByServer(people)].map(([server, members]) => {
      const items = members.map((person) => {
        const item = create(
          "li",
          "",
          create("span", "who", person.name),
          create("span", "where", `#${person.room}`),
        );
        if (person.id === ownId) item.append(create("span", "you", "you"));
        return item;
      });
      return create("div", "group", badge(server), create("ul", "", ...items));
    });
    byId("people").replaceChildren(...groups);
    byId("incomplete").hidden = complete;
    this.showRooms();
  }

  /**
   * @param {Message} message
   * @param {boolean} own
   */
  addMessage(message, own) {
    const time = /** @type {HTMLTimeElement} */ (
      create(
        "time",
        "",
        new Date(message.at).toLocaleTimeString([], {
          hour: "2-digit",
          minute: "2-digit",
        }),
      )
    );
    time.dateTime = new Date(message.at).toISOString();
    if (message.kind === "note") {
      this.add(
        create(
          "li",
          "note",
          create("strong", "", message.from),
          ` ${message.text} `,
          badge(message.server),
          time,
        ),
      );
      return;
    }
    const head = create(
      "p",
      "head",
      create("strong", "", message.from),
      badge(message.server),
      time,
    );
    const item = create(
      "li",
      own ? "message own" : "message",
      head,
      create("p", "words", message.text),
    );
    item.dataset.id = message.id;
    this.add(item);
  }

  /**
   * @param {{ id: string, shown: number, everyone: boolean }} receipt how many tabs have shown an own message
   */
  showReceipt({ id, shown, everyone }) {
    const tabs = shown === 1 ? "in 1 tab" : `in ${shown} tabs`;
    const text = everyone
      ? `shown ${tabs}`
      : `shown ${tabs}; other servers did not answer`;
    const head = this.messages.querySelector(
      `[data-id="${CSS.escape(id)}"] .head`,
    );
    head?.append(create("span", "receipt", text));
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
