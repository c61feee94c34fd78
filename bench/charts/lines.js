"use strict";

// Lines on logarithmic scales: what grows by a factor grows by a distance.

const { document, element, emphasis, readable, text } = require("./svg");

/** @typedef {{ className: string, label: string, points: { x: number, y: number }[] }} Line */

const WIDTH = 820;
const HEIGHT = 420;
const AREA = { left: 80, right: 640, top: 60, bottom: 330 };

/**
 * @param {number} least
 * @param {number} most
 * @param {number} from pixel of the least
 * @param {number} to pixel of the most
 */
function logarithmic(least, most, from, to) {
  const low = Math.log10(least);
  const range = Math.max(1e-9, Math.log10(most) - low);
  return (/** @type {number} */ value) =>
    from + ((Math.log10(value) - low) / range) * (to - from);
}

/**
 * @param {number} least
 * @param {number} most
 * @returns {number[]} powers of ten around the values
 */
function decades(least, most) {
  const first = Math.floor(Math.log10(least));
  const last = Math.max(first + 1, Math.ceil(Math.log10(most)));
  return Array.from({ length: last - first + 1 }, (_, i) => 10 ** (first + i));
}

/**
 * @param {Line} line
 * @param {(x: number) => number} atX
 * @param {(y: number) => number} atY
 */
function drawLine({ className, points }, atX, atY) {
  const places = points.map(({ x, y }) => [atX(x), atY(y)]);
  const path = places.map((place) => place.map((n) => n.toFixed(1)).join(","));
  const dots = places.map(([cx = 0, cy = 0]) =>
    element("circle", { class: `dot ${className}`, cx, cy, r: 3.5 }),
  );
  const line = { class: `line ${className}`, points: path.join(" ") };
  return [element("polyline", line), ...dots].join("");
}

/** @param {Line[]} lines */
function drawLegend(lines) {
  const x = AREA.right + 24;
  return lines.map(({ className, label }, i) => {
    const y = AREA.top + 14 + i * 24;
    const mark = { class: `bar ${className}`, x, y: y - 10, width: 12 };
    const strong = emphasis(className);
    return (
      element("rect", { ...mark, height: 12, rx: 2 }) +
      text(x + 20, y, label, strong)
    );
  });
}

/**
 * @param {{ title: string, footer: string, xTitle: string, yTitle: string, lines: Line[] }} chart
 * @returns {string} SVG
 */
function drawLines({ title, footer, xTitle, yTitle, lines }) {
  const xs = lines.flatMap(({ points }) => points.map(({ x }) => x));
  const ys = lines.flatMap(({ points }) => points.map(({ y }) => y));
  const steps = decades(Math.min(...ys), Math.max(...ys));
  const { left, right, top, bottom } = AREA;
  const atX = logarithmic(
    Math.min(...xs),
    Math.max(...xs),
    left + 20,
    right - 20,
  );
  const [lowest = 1] = steps;
  const atY = logarithmic(lowest, steps[steps.length - 1] ?? 10, bottom, top);
  const grid = steps.map((value) => {
    const y = atY(value);
    const rule = { class: "grid", x1: left, x2: right, y1: y, y2: y };
    const label = { class: "faint", "text-anchor": "end" };
    return (
      element("line", rule) + text(left - 8, y + 4, readable(value), label)
    );
  });
  const columns = [...new Set(xs)].map((value) =>
    text(atX(value), bottom + 18, readable(value), {
      class: "faint",
      "text-anchor": "middle",
    }),
  );
  const parts = [
    text(left - 60, top - 10, yTitle, { class: "faint" }),
    text((left + right) / 2, bottom + 40, xTitle, {
      class: "faint",
      "text-anchor": "middle",
    }),
    ...grid,
    ...columns,
    ...lines.map((line) => drawLine(line, atX, atY)),
    ...drawLegend(lines),
  ];
  return document({ width: WIDTH, height: HEIGHT, title, footer, parts });
}

module.exports = { drawLines };
