// The way between a server and PostgreSQL, with dots for the messages on it. There are fewer dots than messages, and
// they are slower: a few milliseconds would not be seen.

import { create, setText } from "./dom.js";
import { formatCount, formatMs } from "./format.js";

const TRAVEL_MS = 900;
const MAX_DOTS = 7;

/** The time between two states, over which dots are spread. */
const SPREAD_MS = 500;

const calm = matchMedia("(prefers-reduced-motion: reduce)");

/** @typedef {'sent' | 'delivered' | 'filtered' | 'own'} DotKind */
/** @typedef {'open' | 'cut' | 'unused'} TrackState cut: without a link; unused: without a server */
/** @typedef {import('../overview.js').ServerFigures} ServerFigures */

const CLOSED = { cut: "no link", unused: "nothing" };

/**
 * @param {import('../../../index.js').AdapterStats['connections']['listener']} connection
 * @returns {TrackState}
 */
const stateOf = ({ state }) => (state === "connected" ? "open" : "cut");

/**
 * @param {number} rate messages a second
 * @returns {number} more for more messages, but not as many
 */
function dotsFor(rate) {
  const count = (rate * SPREAD_MS) / 1_000;
  if (count < 1) return Math.random() < count ? 1 : 0;
  return Math.min(MAX_DOTS, Math.round(Math.log2(count + 1)));
}

/** One direction: a line, and how much goes along it. */
class Track {
  /**
   * @param {'out' | 'in'} direction
   * @param {string} verb
   */
  constructor(direction, verb) {
    this.direction = direction;
    this.label = create("span", "amount", "");
    this.delay = create("span", "delay", "");
    this.line = create("span", "line");
    this.element = create(
      "div",
      "track",
      this.line,
      create(
        "p",
        "label",
        create("span", "verb", verb),
        this.label,
        this.delay,
      ),
    );
    this.element.dataset.direction = direction;
  }

  /**
   * @param {TrackState} state
   * @param {string} [amount]
   * @param {string} [delay]
   */
  show(state, amount = "", delay = "") {
    const isOpen = state === "open";
    this.element.dataset.state = state;
    setText(this.label, isOpen ? amount : CLOSED[state]);
    setText(this.delay, isOpen ? delay : "");
    if (!isOpen) this.line.replaceChildren();
  }

  /**
   * @param {DotKind} kind
   * @param {number} rate
   */
  flow(kind, rate) {
    for (let i = dotsFor(rate); i > 0; i -= 1)
      this.sendDot(kind, Math.random() * SPREAD_MS);
  }

  /**
   * @param {DotKind} kind
   * @param {number} delay milliseconds
   */
  sendDot(kind, delay) {
    if (
      this.element.dataset.state !== "open" ||
      calm.matches ||
      document.hidden
    )
      return;
    const dot = create("span", "dot");
    dot.dataset.kind = kind;
    this.line.append(dot);
    // Not by a transform: with a layer for each dot, a browser without a GPU shows half as many frames.
    const way = ["0%", "100%"];
    if (this.direction === "in") way.reverse();
    const animation = dot.animate(
      { top: way, opacity: [0, 1, 1, kind === "filtered" ? 0 : 1] },
      {
        duration: TRAVEL_MS,
        delay,
        fill: "backwards",
      },
    );
    animation.addEventListener("finish", () => dot.remove());
    animation.addEventListener("cancel", () => dot.remove());
  }
}

export class Lane {
  constructor() {
    this.out = new Track("out", "sends");
    this.in = new Track("in", "hears");
    this.element = create("div", "lane", this.out.element, this.in.element);
  }

  /** @param {ServerFigures | null} figures null while the server does not run */
  show(figures) {
    if (figures === null) {
      this.out.show("unused");
      this.in.show("unused");
      return;
    }
    const { connections, rates, delay } = figures;
    const perSecond = (/** @type {number} */ rate) => `${formatCount(rate)}/s`;
    this.out.show(stateOf(connections.publisher), perSecond(rates.published));
    this.in.show(
      stateOf(connections.listener),
      perSecond(rates.received),
      delay === null ? "" : `after ${formatMs(delay)}`,
    );
    this.out.flow("sent", rates.published);
    this.in.flow("delivered", rates.received - rates.filtered);
    this.in.flow("filtered", rates.filtered);
  }

  /** A message of this tab goes out here. */
  traceOut() {
    this.out.sendDot("own", 0);
  }

  /** A message of this tab, which went out elsewhere, comes in here. */
  traceIn() {
    this.in.sendDot("own", TRAVEL_MS);
  }
}
