"use strict";

// The oldest Rust that Cargo.toml names. CI builds with it; here is what can be told without.

const assert = require("node:assert/strict");
const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const { describe, it } = require("node:test");

const root = path.join(__dirname, "..", "..");

/** @typedef {{ name: string, source: string | null, rust_version: string | null }} Crate */

/** @returns {Crate[]} the package and all that it depends on */
function crates() {
  const args = ["metadata", "--format-version", "1", "--locked"];
  const { stdout, stderr, error } = spawnSync("cargo", args, {
    cwd: root,
    encoding: "utf8",
    maxBuffer: Infinity,
  });
  assert.ok(stdout, error?.message ?? stderr);
  return JSON.parse(stdout).packages;
}

/** @param {string | null} version such as "1.88" or "1.88.0" */
function minorOf(version) {
  return Number(version?.split(".")[1] ?? 0);
}

describe("the oldest Rust that is supported", () => {
  const all = crates();
  const own = all.find(({ source }) => source === null)?.rust_version ?? null;

  it("is not older than what a dependency asks for", () => {
    assert.ok(minorOf(own) > 0);
    const newer = all.filter(
      (crate) => minorOf(crate.rust_version) > minorOf(own),
    );
    assert.deepEqual(
      newer.map(({ name, rust_version: version }) => `${name} ${version}`),
      [],
    );
  });

  it("is the one of CONTRIBUTING.md", () => {
    const text = fs.readFileSync(path.join(root, "CONTRIBUTING.md"), "utf8");
    assert.ok(text.includes(`[Rust](https://rustup.rs) ${own} or newer`));
  });
});
