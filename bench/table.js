"use strict";

/**
 * @param {string[]} headers
 * @param {string[][]} rows
 * @param {number} words so many columns are aligned to the left, the others, which have figures, to the right
 * @returns {string} a Markdown table
 */
function formatTable(headers, rows, words) {
  const widths = headers.map((header, column) =>
    Math.max(header.length, 3, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (/** @type {string[]} */ cells) => {
    const padded = widths.map((width, column) => {
      const cell = cells[column] ?? "";
      return column < words ? cell.padEnd(width) : cell.padStart(width);
    });
    return `| ${padded.join(" | ")} |`;
  };
  const rule = widths.map((width, column) =>
    column < words ? "-".repeat(width) : `${"-".repeat(width - 1)}:`,
  );
  return [line(headers), line(rule), ...rows.map(line)].join("\n");
}

module.exports = { formatTable };
