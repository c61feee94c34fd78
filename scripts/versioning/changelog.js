"use strict";

// CHANGELOG.md, as https://keepachangelog.com has it.

const UNRELEASED = "## [Unreleased]\n";

/**
 * @param {string} text of the changelog
 * @returns {string} what is under "Unreleased"
 */
function unreleased(text) {
  const start = text.indexOf(UNRELEASED);
  if (start < 0) throw new Error('CHANGELOG.md has no "## [Unreleased]"');
  const [content = ""] = text
    .slice(start + UNRELEASED.length)
    .split(/^## \[/m, 1);
  return content.trim();
}

/**
 * @param {string} text of the changelog
 * @param {string} version
 * @param {string} date such as 2020-01-31
 * @returns {string} what was under "Unreleased" is under the version
 */
function release(text, version, date) {
  if (unreleased(text) === "") {
    throw new Error('CHANGELOG.md has nothing under "Unreleased"');
  }
  return text.replace(
    UNRELEASED,
    () => `${UNRELEASED}\n## [${version}] - ${date}\n`,
  );
}

/**
 * @param {string} text of the changelog
 * @param {string} version
 * @returns {boolean}
 */
function isReleased(text, version) {
  return text.split("\n").some((line) => line.startsWith(`## [${version}] - `));
}

module.exports = { isReleased, release };
