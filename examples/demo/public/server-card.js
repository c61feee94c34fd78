// One server: who is connected to it, how it is, and what travels between it and PostgreSQL.

import { create, setText, syncChildren } from "./dom.js";
import { formatAge, formatMessages, formatShare } from "./format.js";
import { Lane } from "./lane.js";

/** @typedef {import('../director.js').ServerState} ServerState */
/** @typedef {import('../overview.js').ServerFigures} ServerFigures */
/** @typedef {import('../presence.js').Person} Person */
/** @typedef {'good' | 'bad' | 'wait'} Tone */

const MAX_PEOPLE = 4;

const CONNECTED = "connected";

/** @type {Record<ServerState['phase'], { tone: Tone, text: string }>} */
const PHASES = {
  starting: { tone: "wait", text: "starting" },
  running: { tone: "good", text: "running" },
  down: { tone: "bad", text: "down" },
};

/**
 * @param {ServerFigures['connections']} connections
 * @returns {string}
 */
function describeLink({ listener, publisher }) {
  const listens = listener.state === "connected";
  const publishes = publisher.state === "connected";
  if (listens && publishes) return CONNECTED;
  if (listens) return "listens only";
  if (publishes) return "sends only";
  const age = Math.min(listener.duration, publisher.duration);
  return `no link, ${formatAge(age)}`;
}

/**
 * @param {ServerFigures} figures
 * @returns {string} which other servers it can hear
 */
function describePeers({ connections, peers }) {
  if (peers === 0 || connections.listener.state !== "connected")
    return "no other";
  return peers === 1 ? "1 other" : `${peers} others`;
}

/** A name and a value that changes. */
class Fact {
  /** @param {string} name */
  constructor(name) {
    this.value = create("dd", "", "");
    this.element = create("div", "", create("dt", "", name), this.value);
  }

  /**
   * @param {string} text
   * @param {Tone | ''} tone
   */
  show(text, tone = "") {
    setText(this.value, text);
    this.value.dataset.tone = tone;
  }
}

export class ServerCard {
  /**
   * @param {string} name
   * @param {number} number
   */
  constructor(name, number) {
    this.people = create("ul", "people");
    this.people.setAttribute("aria-label", `Visitors of ${name}`);
    this.more = create("p", "hint more", "");
    this.count = create("p", "hint", "");
    this.link = /** @type {HTMLAnchorElement} */ (
      create("a", "join", "Open a tab")
    );
    this.link.href = `/?server=${number}`;
    this.link.target = "_blank";
    // Without this the new tab would inherit the name of this one.
    this.link.rel = "noopener";
    this.link.setAttribute("aria-label", `Open a tab on ${name}`);
    this.phase = create("p", "state", "");
    this.database = new Fact("Database");
    this.peers = new Fact("Sees");
    this.loop = new Fact("Event loop");
    this.waiting = new Fact("Waiting");
    this.lane = new Lane();
    const title = create("h3", "", name);
    title.id = `title-${name}`;
    this.facts = [this.database, this.peers, this.loop, this.waiting];
    this.element = create(
      "article",
      "server",
      create(
        "div",
        "visitors",
        create("div", "visitors-head", this.count, this.link),
        this.people,
        this.more,
      ),
      create(
        "div",
        "card",
        create("div", "card-head", title, this.phase),
        create("dl", "facts", ...this.facts.map(({ element }) => element)),
      ),
      this.lane.element,
    );
    this.element.setAttribute("aria-labelledby", title.id);
  }

  /**
   * @param {ServerState} state
   * @param {string | undefined} ownId of the socket of this tab
   */
  show({ phase, figures }, ownId) {
    const { tone, text } = PHASES[phase];
    this.element.dataset.phase = phase;
    this.phase.dataset.tone = tone;
    setText(this.phase, text);
    this.link.hidden = phase !== "running";
    this.showPeople(figures?.people ?? [], ownId);
    this.showFacts(figures);
    this.lane.show(figures);
  }

  /** @param {ServerFigures | null} figures */
  showFacts(figures) {
    if (figures === null) {
      for (const fact of this.facts) fact.show("–");
      return;
    }
    const { connections, loop, waiting } = figures;
    const link = describeLink(connections);
    this.database.show(link, link === CONNECTED ? "" : "bad");
    this.peers.show(describePeers(figures));
    this.loop.show(formatShare(loop.utilization));
    if (waiting === 0) this.waiting.show("nothing");
    else this.waiting.show(formatMessages(waiting), "wait");
  }

  /**
   * @param {Person[]} people
   * @param {string | undefined} ownId
   */
  showPeople(people, ownId) {
    const rank = (/** @type {Person} */ { id, simulated }) =>
      id === ownId ? 0 : simulated ? 2 : 1;
    const sorted = [...people].sort(
      (a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name),
    );
    syncChildren(this.people, sorted.slice(0, MAX_PEOPLE), {
      key: ({ id }) => id,
      make: () =>
        create(
          "li",
          "",
          create("span", "who", ""),
          create("span", "where", ""),
        ),
      update: (element, { id, name, room }) => {
        element.dataset.own = String(id === ownId);
        const [who, where] = element.children;
        if (who) setText(who, id === ownId ? `You (${name})` : name);
        if (where) setText(where, `#${room}`);
      },
    });
    const hidden = people.length - MAX_PEOPLE;
    setText(this.more, hidden > 0 ? `and ${hidden} more` : "");
    setText(
      this.count,
      people.length === 1 ? "1 visitor" : `${people.length} visitors`,
    );
  }
}
