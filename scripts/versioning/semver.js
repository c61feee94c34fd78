"use strict";

// Versions as https://semver.org defines them, without build metadata, which npm ignores.

const NUMBER = "(?:0|[1-9]\\d*)";
const IDENTIFIER = `(?:${NUMBER}|\\d*[A-Za-z-][\\dA-Za-z-]*)`;
const VERSION = new RegExp(
  `^(${NUMBER})\\.(${NUMBER})\\.(${NUMBER})(?:-(${IDENTIFIER}(?:\\.${IDENTIFIER})*))?$`,
);

/**
 * @param {string} text
 * @returns {boolean}
 */
function isVersion(text) {
  return VERSION.test(text);
}

/**
 * @param {string} one
 * @param {string} other
 * @returns {number} as of two identifiers of a pre-release: numbers by value, and before words
 */
function compareIdentifiers(one, other) {
  const areNumbers = [one, other].map((text) => /^\d+$/.test(text));
  if (areNumbers[0] && areNumbers[1]) return Number(one) - Number(other);
  if (areNumbers[0] !== areNumbers[1]) return areNumbers[0] ? -1 : 1;
  return one < other ? -1 : Number(one > other);
}

/**
 * @param {string} version
 * @returns {[core: string[], preRelease: string[]]}
 */
function split(version) {
  const [, major, minor, patch, preRelease] = VERSION.exec(version) ?? [];
  if (major === undefined || minor === undefined || patch === undefined) {
    throw new RangeError(`${version} is no version`);
  }
  return [[major, minor, patch], preRelease?.split(".") ?? []];
}

/**
 * @param {string} one
 * @param {string} other
 * @returns {number} negative if `one` comes before `other`, 0 if they are the same
 */
function compareVersions(one, other) {
  const [core, preRelease] = split(one);
  const [otherCore, otherPreRelease] = split(other);
  const length = Math.max(preRelease.length, otherPreRelease.length);
  for (let i = 0; i < core.length; i += 1) {
    const order = Number(core[i]) - Number(otherCore[i]);
    if (order !== 0) return order;
  }
  // a pre-release comes before its release
  if (preRelease.length === 0 || otherPreRelease.length === 0) {
    return otherPreRelease.length - preRelease.length;
  }
  for (let i = 0; i < length; i += 1) {
    const [mine, its] = [preRelease[i], otherPreRelease[i]];
    if (mine === undefined || its === undefined)
      return mine === undefined ? -1 : 1;
    const order = compareIdentifiers(mine, its);
    if (order !== 0) return order;
  }
  return 0;
}

module.exports = { compareVersions, isVersion };
