"use strict";

// Bars in panels, each panel with a scale of its own: what is compared stands in one panel.

const { document, element, emphasis, readable, text } = require("./svg");

/** @typedef {import("../statistics").Summary} Summary */
/** @typedef {{ className: string, label: string, value: Summary }} Bar */
/** @typedef {{ title: string, unit: string, bars: Bar[] }} Panel */

const WIDTH = 820;
const COLUMN = 390;
const TOP = 50;
const TITLE_HEIGHT = 26;
const BAR_HEIGHT = 22;
const LABEL_WIDTH = 112;
const BAR_WIDTH = 170;

/**
 * @param {Bar} bar
 * @param {number} x
 * @param {number} y
 * @param {number} scale pixels of a unit
 */
function drawBar({ className, label, value }, x, y, scale) {
  const start = x + LABEL_WIDTH;
  const middle = y + BAR_HEIGHT / 2 - 2;
  const width = Math.max(1, value.median * scale);
  const bar = { x: start, y, width, height: BAR_HEIGHT - 5, rx: 2 };
  const spread = {
    class: "spread",
    x1: start + value.least * scale,
    x2: start + value.most * scale,
    y1: middle,
    y2: middle,
  };
  const end = start + Math.max(width, value.most * scale) + 6;
  const strong = emphasis(className);
  return [
    text(x, y + 13, label, strong),
    element("rect", { class: `bar ${className}`, ...bar }),
    element("line", spread),
    text(end, y + 13, readable(value.median), strong),
  ].join("");
}

/**
 * @param {Panel} panel
 * @param {number} x
 * @param {number} y
 */
function drawPanel({ title, unit, bars }, x, y) {
  const most = Math.max(...bars.map(({ value }) => value.most));
  const scale = most > 0 ? BAR_WIDTH / most : 0;
  const drawn = bars.map((bar, i) =>
    drawBar(bar, x, y + TITLE_HEIGHT + i * BAR_HEIGHT, scale),
  );
  const heading =
    text(x, y + 14, title, { class: "strong" }) +
    text(x + COLUMN - 40, y + 14, unit, {
      class: "faint",
      "text-anchor": "end",
    });
  return [heading, ...drawn].join("\n");
}

/**
 * @param {{ title: string, footer: string, panels: Panel[] }} chart
 * @returns {string} SVG
 */
function drawBars({ title, footer, panels }) {
  const mostBars = Math.max(...panels.map(({ bars }) => bars.length));
  const panelHeight = TITLE_HEIGHT + mostBars * BAR_HEIGHT + 16;
  const parts = panels.map((panel, i) =>
    drawPanel(
      panel,
      20 + (i % 2) * (COLUMN + 10),
      TOP + Math.floor(i / 2) * panelHeight,
    ),
  );
  const height = TOP + Math.ceil(panels.length / 2) * panelHeight + 34;
  return document({ width: WIDTH, height, title, footer, parts });
}

module.exports = { drawBars };
