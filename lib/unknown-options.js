"use strict";

// A warning of options that nobody reads, and which ones may have been meant.

/**
 * Not refused: options of another adapter may have stayed behind, and the server works without them.
 *
 * @param {string[]} given
 * @param {string[]} known
 */
function warnOfUnknown(given, known) {
  for (const name of given) {
    if (known.includes(name)) continue;
    const closest = closestName(name, known);
    const suggestion = closest ? `: did you mean "${closest}"?` : "";
    process.emitWarning(
      `the option "${name}" is unknown, and ignored${suggestion}`,
      {
        type: "PostgresAdapterWarning",
        code: "WARN_UNKNOWN_OPTION",
      },
    );
  }
}

/**
 * @param {string} name
 * @param {string[]} known
 * @returns {string | undefined} the known name that takes the fewest edits, if they are fewer than half of it
 */
function closestName(name, known) {
  const ranked = known
    .map((candidate) => ({ candidate, edits: countEdits(name, candidate) }))
    .sort((a, b) => a.edits - b.edits);
  const best = ranked.find(
    ({ candidate, edits }) => edits < candidate.length / 2,
  );
  return best?.candidate;
}

/**
 * The Levenshtein distance, without regard to case.
 *
 * @param {string} a
 * @param {string} b
 * @returns {number}
 */
function countEdits(a, b) {
  const target = b.toLowerCase();
  let row = Array.from({ length: target.length + 1 }, (_, index) => index);
  for (const [line, letter] of [...a.toLowerCase()].entries()) {
    const next = [line + 1];
    for (let column = 0; column < target.length; column++) {
      const above = /** @type {number} */ (row[column + 1]);
      const diagonal = /** @type {number} */ (row[column]);
      const left = /** @type {number} */ (next[column]);
      const replaced = diagonal + (letter === target[column] ? 0 : 1);
      next.push(Math.min(above + 1, left + 1, replaced));
    }
    row = next;
  }
  return /** @type {number} */ (row.at(-1));
}

module.exports = { warnOfUnknown };
