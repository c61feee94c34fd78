"use strict";

// Blocks of shell commands: what they start exists.

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const { describe, it } = require("node:test");
const { blocksIn, documents, placeOf, root } = require("./documents.js");
const { readCodeBlocks } = require("../../scripts/markdown.js");

/** @typedef {import("../../scripts/markdown.js").CodeBlock} CodeBlock */

/**
 * @param {string} folder
 * @returns {any} the package.json that npm finds there
 */
function manifestIn(folder) {
  const file = path.join(folder, "package.json");
  return fs.existsSync(file)
    ? JSON.parse(fs.readFileSync(file, "utf8"))
    : manifestIn(path.dirname(folder));
}

const { name, dependencies, devDependencies } = manifestIn(root);
const PACKAGES = new Set([
  name,
  ...Object.keys(dependencies),
  ...Object.keys(devDependencies),
]);

/** Files that the README tells to save. */
const SAVED = new Set(
  documents()
    .flatMap(readCodeBlocks)
    .flatMap(({ program }) => program ?? []),
);

const CARGO = new Set(["bench", "deny", "doc", "fmt", "install", "test"]);

/** Programs of others, whose arguments are not looked at. */
const TAKEN_AS_THEY_ARE = new Set([
  "curl",
  "docker",
  "export",
  "git",
  "kubectl",
  "psql",
]);

/**
 * @typedef {object} Command
 * @property {string[]} words without variables before it
 * @property {string} folder where it is run: a folder of the repository
 */

/** @type {Record<string, (command: Command, file: string) => boolean>} whether what is started exists */
const CHECKS = {
  npm: ({ words, folder }) => isNpmCall(words.slice(1), manifestIn(folder)),
  npx: ({ words: [, program = ""] }) =>
    fs.existsSync(path.join(root, "node_modules", ".bin", program)),
  cargo: ({ words: [, subcommand = ""] }) => CARGO.has(subcommand),
  node({ words, folder }, file) {
    const script = words.slice(1).find((word) => !word.startsWith("-")) ?? "";
    const places = [root, folder, path.dirname(file)];
    // what tsc made of a program
    const source = script.replace(/\.js$/, ".ts");
    return (
      SAVED.has(script) ||
      SAVED.has(source) ||
      places.some((place) => fs.existsSync(path.join(place, script)))
    );
  },
};

/**
 * @param {string[]} words
 * @param {any} manifest
 */
function isNpmCall([verb = "", ...args], { scripts }) {
  const names = args.filter((arg) => !arg.startsWith("-"));
  switch (verb) {
    case "run":
      return (names[0] ?? "") in scripts;
    case "start":
    case "test":
      return verb in scripts;
    case "install":
    case "uninstall":
      return names.every((found) =>
        PACKAGES.has(found.replace(/(?<=.)@.*/, "")),
      );
    default:
      return verb === "ci";
  }
}

/**
 * @param {CodeBlock} block
 * @returns {Command[]}
 */
function commandsOf({ file, code }) {
  let folder = path.dirname(file);
  const lines = code
    .replaceAll("\\\n", " ")
    .split("\n")
    .map((line) => line.replace(/(^|\s)#.*/, ""));
  /** @type {Command[]} */
  const commands = [];
  for (const part of lines.flatMap((line) => line.split(/[|;&]+/))) {
    const words = part.trim().split(/\s+/).filter(Boolean);
    while (/^\w+=/.test(words[0] ?? "")) words.shift();
    if (words[0] === "cd") {
      folder = path.join(root, words[1] ?? "");
      assert.ok(fs.existsSync(folder), `${file}: cd ${words[1]}`);
    } else if (words.length > 0) {
      commands.push({ words, folder });
    }
  }
  return commands;
}

describe("commands in the documentation", () => {
  const blocks = blocksIn("sh");

  // a connection string needs it, and nothing else may bring it
  it("install pg with this package", () => {
    const installs = blocks
      .flatMap(commandsOf)
      .map(({ words }) => words)
      .filter(([npm, verb]) => npm === "npm" && verb === "install")
      .filter((words) => words.includes(name));
    assert.ok(installs.length >= 2);
    for (const words of installs) {
      assert.ok(words.includes("pg"), words.join(" "));
    }
  });

  it("are there", () => assert.ok(blocks.length > 5));

  for (const block of blocks) {
    it(`start what exists: ${placeOf(block)}`, () => {
      for (const command of commandsOf(block)) {
        const [program = ""] = command.words;
        if (TAKEN_AS_THEY_ARE.has(program)) continue;
        const isRight = CHECKS[program]?.(command, block.file) ?? false;
        assert.ok(isRight, command.words.join(" "));
      }
    });
  }
});
