// The row of figures: how much travels, how fast, and what of it costs JavaScript nothing.

import { byId, create, setText } from "./dom.js";
import { formatCount, formatMs, formatShare } from "./format.js";
import { Sparkline } from "./sparkline.js";

/** @typedef {import('../overview.js').Figures} FigureValues */

const NONE = "–";

/**
 * @template T
 * @param {T | null} value
 * @param {(value: T) => string} format
 */
const orNone = (value, format) => (value === null ? NONE : format(value));

/** One figure with its name, a note, and the line of its last values. */
class Figure {
  /**
   * @param {object} parts
   * @param {string} parts.name
   * @param {(values: FigureValues) => number | null} parts.value
   * @param {(value: number) => string} parts.format
   * @param {(values: FigureValues) => string} parts.note
   */
  constructor({ name, value, format, note }) {
    this.value = value;
    this.format = format;
    this.note = note;
    this.number = create("span", "number", NONE);
    this.noteElement = create("dd", "hint note", "");
    this.line = new Sparkline();
    this.element = create(
      "div",
      "figure",
      create("dt", "", name),
      create("dd", "value", this.number, this.line.element),
      this.noteElement,
    );
  }

  /** @param {FigureValues} values */
  show(values) {
    const value = this.value(values);
    setText(this.number, orNone(value, this.format));
    setText(this.noteElement, this.note(values));
    this.line.add(value ?? 0);
  }
}

const FIGURES = [
  new Figure({
    name: "Messages between servers",
    value: ({ rate }) => rate,
    format: formatCount,
    note: () => "arrive in a second",
  }),
  new Figure({
    name: "Filtered natively",
    value: ({ filteredShare }) => filteredShare,
    format: formatShare,
    note: () => "of them, without any JavaScript",
  }),
  new Figure({
    name: "Latency between servers",
    value: ({ median }) => median,
    format: formatMs,
    note: ({ slowest }) =>
      `is the median; 99 % within ${orNone(slowest, formatMs)}`,
  }),
  new Figure({
    name: "Event loop in use",
    value: ({ busiest }) => busiest,
    format: formatShare,
    note: ({ longestPause }) =>
      `busiest server; longest pause ${formatMs(longestPause)}`,
  }),
];

byId("figures").append(...FIGURES.map(({ element }) => element));

/** @param {FigureValues} values */
export function showFigures(values) {
  for (const figure of FIGURES) figure.show(values);
}
