"use strict";

// npm run bump, in a copy of the files that hold the version.

const assert = require("node:assert/strict");
const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { afterEach, beforeEach, describe, it } = require("node:test");
const {
  compareVersions,
  isVersion,
} = require("../../scripts/versioning/semver.js");

const root = path.join(__dirname, "..", "..");
/** Those of the examples that depend on the package. */
const EXAMPLES = fs
  .readdirSync(path.join(root, "examples"))
  .sort()
  .map((name) => path.join("examples", name, "package.json"))
  .filter((file) => {
    const whole = path.join(root, file);
    const manifest = fs.existsSync(whole) ? require(whole) : {};
    return "@socket.io/postgres-adapter-rs" in (manifest.dependencies ?? {});
  });
const FILES = [
  "CHANGELOG.md",
  "Cargo.lock",
  "Cargo.toml",
  path.join("fuzz", "Cargo.lock"),
  ...EXAMPLES,
  "npm",
  "package-lock.json",
  "package.json",
  "scripts",
];

/** @type {string} */
let folder;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "version-test-"));
  for (const file of FILES) {
    fs.cpSync(path.join(root, file), path.join(folder, file), {
      recursive: true,
    });
  }
  write(
    "CHANGELOG.md",
    "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- A.\n",
  );
  git("init", "--quiet");
  commit();
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

/** @param {string} file */
function read(file) {
  return fs.readFileSync(path.join(folder, file), "utf8");
}

/**
 * @param {string} file
 * @param {string} content
 */
function write(file, content) {
  fs.writeFileSync(path.join(folder, file), content);
}

/** @param {string[]} args */
function git(...args) {
  const { status, stderr, stdout } = spawnSync("git", args, {
    cwd: folder,
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  return stdout;
}

function commit() {
  git("add", "--all");
  const author = ["-c", "user.name=Test", "-c", "user.email=test@example.com"];
  author.push("-c", "commit.gpgsign=false");
  git(...author, "commit", "--quiet", "--message", "test");
}

/** @param {string[]} args */
function bump(...args) {
  const script = path.join(folder, "scripts", "version.js");
  return spawnSync(process.execPath, [script, ...args], { encoding: "utf8" });
}

/**
 * @param {string[]} args
 * @param {RegExp} reason
 */
function assertRefused(args, reason) {
  const before = git("status", "--porcelain");
  const { status, stderr } = bump(...args);
  assert.equal(status, 1);
  assert.match(stderr, reason);
  assert.equal(git("status", "--porcelain"), before);
}

describe("npm run bump", () => {
  it("writes the version everywhere, and nothing else", () => {
    const { status, stdout, stderr } = bump("71.2.3");
    assert.equal(status, 0, stderr);
    assert.match(stdout, /git tag v71\.2\.3/);

    const platforms = fs.readdirSync(path.join(folder, "npm"));
    const changed = git("diff", "--name-only").trim().split("\n");
    assert.deepEqual(changed, [
      "CHANGELOG.md",
      "Cargo.lock",
      "Cargo.toml",
      ...EXAMPLES.map((file) => file.replaceAll(path.sep, "/")),
      "fuzz/Cargo.lock",
      ...platforms.map((name) => `npm/${name}/package.json`),
      "package-lock.json",
      "package.json",
    ]);
    const lines = git("diff", "--unified=0")
      .split("\n")
      .filter((line) => /^\+[^+]/.test(line));
    const versions = lines.filter((line) => line.includes("71.2.3"));
    assert.equal(versions.length, changed.length + 1); // twice in package-lock.json
    assert.equal(lines.length, versions.length);
  });

  it("is understood by npm and cargo", () => {
    assert.equal(bump("71.2.3").status, 0);
    const lock = JSON.parse(read("package-lock.json"));
    assert.equal(JSON.parse(read("package.json")).version, "71.2.3");
    assert.equal(lock.version, "71.2.3");
    assert.equal(lock.packages[""].version, "71.2.3");
    assert.match(
      read("Cargo.toml"),
      /^\[package\]\nname = ".*"\nversion = "71/,
    );
    const entry = /name = "socketio-postgres-adapter"\nversion = "71\.2\.3"/;
    assert.match(read("Cargo.lock"), entry);
    assert.match(read(path.join("fuzz", "Cargo.lock")), entry);
  });

  it("dates what was unreleased", () => {
    assert.equal(bump("71.2.3").status, 0);
    assert.match(
      read("CHANGELOG.md"),
      /^# Changelog\n\n## \[Unreleased\]\n\n## \[71\.2\.3\] - \d{4}-\d\d-\d\d\n\n### Added\n\n- A\.\n$/,
    );
  });

  it("refuses what is no version", () => {
    for (const text of ["", "1.2", "v71.2.3", "71.02.3", "patch"]) {
      assertRefused([text], /is no version/);
    }
  });

  it("refuses a version that is no newer", () => {
    const { version } = JSON.parse(read("package.json"));
    assertRefused([version], /does not come after/);
    assertRefused(["0.0.1"], /does not come after/);
  });

  it("refuses a tree with changes", () => {
    write("new-file", "");
    assertRefused(["71.2.3"], /Commit what is changed first:\n\?\? new-file/);
  });

  it("refuses a release of nothing", () => {
    write(
      "CHANGELOG.md",
      "## [Unreleased]\n\n## [0.0.1] - 2020-01-01\n\n- A.\n",
    );
    commit();
    assertRefused(["71.2.3"], /nothing under "Unreleased"/);
  });

  it("refuses to go on from versions that differ", () => {
    const file = path.join("npm", "darwin-x64", "package.json");
    const manifest = JSON.parse(read(file));
    write(file, JSON.stringify({ ...manifest, version: "0.0.1" }, null, 2));
    commit();
    assertRefused(
      ["71.2.3"],
      /darwin-x64.package\.json has the version 0\.0\.1/,
    );
  });
});

describe("npm run bump -- --check", () => {
  it("takes the tag of the version", () => {
    assert.equal(bump("71.2.3").status, 0);
    const { status, stdout } = bump("--check", "v71.2.3");
    assert.equal(status, 0);
    assert.match(stdout, /v71\.2\.3 is the version everywhere/);
  });

  it("refuses another tag", () => {
    assertRefused(["--check", "v71.2.3"], /tag is v71\.2\.3, and the version /);
  });

  it("refuses a version that the changelog does not have", () => {
    const { version } = JSON.parse(read("package.json"));
    assertRefused(["--check", `v${version}`], /says nothing of /);
  });
});

describe("the versions", () => {
  it("are told from other texts", () => {
    for (const text of ["0.0.0", "1.20.300", "1.0.0-rc.1", "1.0.0-0a.b-c"]) {
      assert.ok(isVersion(text), text);
    }
    for (const text of ["1", "1.0.0.0", "1.0.0-", "1.0.0-01", "1.0.0-a..b"]) {
      assert.ok(!isVersion(text), text);
    }
  });

  it("have the order of semver.org", () => {
    const sorted = `
      0.9.9 1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11
      1.0.0-rc.1 1.0.0 1.0.2 1.0.10 1.2.0 2.0.0`
      .trim()
      .split(/\s+/);
    for (const [i, one] of sorted.entries()) {
      for (const [j, other] of sorted.entries()) {
        const order = Math.sign(compareVersions(one, other));
        assert.equal(order, Math.sign(i - j), `${one}, ${other}`);
      }
    }
  });
});
