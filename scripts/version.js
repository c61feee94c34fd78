"use strict";

// npm run bump -- 1.2.3           the version, in every place that holds it; CHANGELOG.md included
// npm run bump -- --check v1.2.3  whether it is that of a tag

const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const { isReleased, release } = require("./versioning/changelog.js");
const {
  findPlaces,
  readVersions,
  writeVersion,
} = require("./versioning/places.js");
const { compareVersions, isVersion } = require("./versioning/semver.js");

const root = path.join(__dirname, "..");
const CHANGELOG = path.join(root, "CHANGELOG.md");

/** A refusal: shown as its message. */
class Refusal extends Error {}

/** @returns {string} the version, which must be the same everywhere */
function currentVersion() {
  const places = findPlaces(root);
  const [version = ""] = readVersions(
    root,
    /** @type {import("./versioning/places.js").Place} */ (places[0]),
  );
  for (const place of places) {
    const found = readVersions(root, place);
    const isWhole = found.length === place.count;
    if (!isWhole || found.some((other) => other !== version)) {
      throw new Refusal(
        `${place.file} has the version ${found.join(", ") || "nowhere"}, and package.json ${version}.`,
      );
    }
  }
  return version;
}

function assertClean() {
  const { stdout, status, error } = spawnSync(
    "git",
    ["status", "--porcelain"],
    { cwd: root, encoding: "utf8" },
  );
  if (status !== 0) throw new Refusal(`git failed: ${error ?? status}`);
  if (stdout.trim() !== "") {
    throw new Refusal(`Commit what is changed first:\n${stdout.trimEnd()}`);
  }
}

/** @param {string} version */
function bump(version) {
  if (!isVersion(version)) {
    throw new Refusal(
      `"${version}" is no version, such as 1.2.3 or 2.0.0-rc.1.`,
    );
  }
  const current = currentVersion();
  if (compareVersions(version, current) <= 0) {
    throw new Refusal(`${version} does not come after ${current}.`);
  }
  assertClean();
  const date = new Date().toISOString().slice(0, "2000-01-01".length);
  const text = fs.readFileSync(CHANGELOG, "utf8");
  fs.writeFileSync(CHANGELOG, release(text, version, date));
  for (const place of findPlaces(root)) writeVersion(root, place, version);
  console.log(`${current} → ${version}. Look at it with git diff, then:

  git commit -am "chore: release ${version}"
  git tag v${version}
  git push origin HEAD v${version}`);
}

/** @param {string} tag */
function check(tag) {
  const version = currentVersion();
  if (tag !== `v${version}`) {
    throw new Refusal(`The tag is ${tag}, and the version ${version}.`);
  }
  if (!isReleased(fs.readFileSync(CHANGELOG, "utf8"), version)) {
    throw new Refusal(`CHANGELOG.md says nothing of ${version}.`);
  }
  console.log(`${tag} is the version everywhere.`);
}

/** @param {string[]} args */
function run([first = "", second = ""]) {
  if (first === "--check") return check(second);
  return bump(first);
}

try {
  run(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
