"use strict";

// The little SVG that the charts need. A chart carries its own background and both sets of colours, so that it can be
// read on a light page and on a dark one.

const STYLE = `
  svg { font: 13px system-ui, sans-serif; }
  .paper { fill: #ffffff; } text { fill: #1f2937; } .faint { fill: #6b7280; font-size: 11px; }
  .title { font-size: 16px; font-weight: 600; } .strong { font-weight: 600; }
  .grid { stroke: #e5e7eb; } .line { fill: none; stroke-width: 2.5; }
  .native { --ink: #2563eb; } .javascript { --ink: #d97706; } .redis { --ink: #dc2626; } .streams { --ink: #7c3aed; }
  .bar, .dot { fill: var(--ink); } .line { stroke: var(--ink); }
  .spread { stroke: #1f2937; stroke-width: 1.5; }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #111827; } text { fill: #e5e7eb; } .faint { fill: #9ca3af; }
    .grid { stroke: #374151; } .spread { stroke: #f9fafb; }
    .native { --ink: #60a5fa; } .javascript { --ink: #fbbf24; } .redis { --ink: #f87171; } .streams { --ink: #a78bfa; }
  }`;

/** @param {string} raw */
function escapeText(raw) {
  return raw
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/** @param {number} value */
function rounded(value) {
  return Math.round(value * 10) / 10;
}

/**
 * @param {string} name
 * @param {Record<string, string | number>} attributes
 * @param {string} [content] already escaped
 */
function element(name, attributes, content) {
  const written = Object.entries(attributes)
    .map(([key, value]) => {
      const shown = typeof value === "number" ? `${rounded(value)}` : value;
      return ` ${key}="${escapeText(shown)}"`;
    })
    .join("");
  return content === undefined
    ? `<${name}${written}/>`
    : `<${name}${written}>${content}</${name}>`;
}

/**
 * @param {number} x
 * @param {number} y
 * @param {string} content
 * @param {Record<string, string | number>} [attributes]
 */
function text(x, y, content, attributes = {}) {
  return element("text", { x, y, ...attributes }, escapeText(content));
}

/**
 * @param {{ width: number, height: number, title: string, footer: string, parts: string[] }} chart
 * @returns {string} the whole file
 */
function document({ width, height, title, footer, parts }) {
  const lines = [
    element("title", {}, escapeText(title)),
    element("style", {}, STYLE),
    element("rect", { class: "paper", width, height, rx: 8 }),
    text(20, 30, title, { class: "title" }),
    ...parts,
    text(20, height - 14, footer, { class: "faint" }),
  ];
  const attributes = {
    xmlns: "http://www.w3.org/2000/svg",
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    role: "img",
  };
  return `${element("svg", attributes, `\n${lines.join("\n")}\n`)}\n`;
}

/**
 * What is about this adapter is printed in bold.
 *
 * @param {string} className
 * @returns {Record<string, string>} attributes
 */
function emphasis(className) {
  return className === "native" ? { class: "strong" } : {};
}

/** @param {number} value */
function readable(value) {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toLocaleString("en", { maximumFractionDigits: digits });
}

module.exports = { document, element, emphasis, readable, text };
