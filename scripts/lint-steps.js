"use strict";

// What `npm run lint` consists of: formatters, linters and compilers.

const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const { root } = require("./setup.js");
const { CARGO_LIMIT_MS, LINT_LIMIT_MS } = require("./step-limits.js");

/** @typedef {import("./steps.js").Step} Step */

/**
 * @param {string} packageName an installed npm package
 * @param {string} bin one of its programs
 * @param {...string} args
 * @returns {[string, ...string[]]} the program started with this Node.js, without a shell and on every platform
 */
function nodeProgram(packageName, bin, ...args) {
  const folder = path.join(root, "node_modules", packageName);
  const { bin: bins } = JSON.parse(
    fs.readFileSync(path.join(folder, "package.json"), "utf8"),
  );
  return [
    process.execPath,
    path.join(folder, typeof bins === "string" ? bins : bins[bin]),
    ...args,
  ];
}

/**
 * Compiling cargo-deny takes longer than everything that it is a part of: it is used where it is.
 *
 * @returns {[string, ...string[]]}
 */
function denyCommand() {
  if (spawnSync("cargo", ["deny", "--version"]).status === 0) {
    return ["cargo", "deny", "check", "licenses", "bans", "sources"];
  }
  const hint = "left out: cargo install cargo-deny";
  return [process.execPath, "-p", JSON.stringify(hint)];
}

/** @returns {Step[]} the checks that need no database */
function lintSteps() {
  const tsc = (/** @type {string[]} */ ...args) =>
    nodeProgram("typescript", "tsc", ...args);
  // The project skips declaration files, some of which in node_modules are faulty; our own one must not be.
  const checkDeclarations =
    "--noEmit --strict --module node16 --target es2022 --types node index.d.ts";
  return [
    {
      name: "fmt",
      title: "cargo fmt --check",
      commands: [
        ["cargo", "fmt", "--check"],
        ["cargo", "fmt", "--check", "--manifest-path", "fuzz/Cargo.toml"],
      ],
      limitMs: LINT_LIMIT_MS,
    },
    {
      name: "prettier",
      title: "prettier --check .",
      commands: [nodeProgram("prettier", "prettier", "--check", ".")],
      limitMs: LINT_LIMIT_MS,
    },
    {
      name: "oxlint",
      title: "oxlint",
      commands: [nodeProgram("oxlint", "oxlint")],
      limitMs: LINT_LIMIT_MS,
    },
    {
      name: "tsc",
      title: "tsc: the package, its declarations, and the page of the demo",
      commands: [
        tsc("-p", "tsconfig.json"),
        tsc("-p", path.join("examples", "demo", "public", "tsconfig.json")),
        tsc(...checkDeclarations.split(" ")),
      ],
      limitMs: LINT_LIMIT_MS,
      // The generated declarations of the addon are part of what is checked.
      needsAddon: true,
    },
    {
      name: "clippy",
      title: "cargo clippy --all-targets -- -D warnings",
      commands: [["cargo", "clippy", "--all-targets", "--", "-D", "warnings"]],
      limitMs: CARGO_LIMIT_MS,
    },
    {
      name: "doc",
      title: "cargo doc --no-deps --document-private-items",
      commands: [["cargo", "doc", "--no-deps", "--document-private-items"]],
      env: { RUSTDOCFLAGS: "-D warnings" },
      limitMs: CARGO_LIMIT_MS,
    },
    {
      name: "deny",
      title: "cargo deny check licenses bans sources",
      commands: [denyCommand()],
      limitMs: LINT_LIMIT_MS,
    },
  ];
}

module.exports = { lintSteps };
