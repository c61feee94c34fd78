"use strict";

// Tables of the documentation beside what they describe: options with their defaults, and statistics.

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const { describe, it } = require("node:test");
const { resolveOptions } = require("../../lib/options.js");
const { useCluster } = require("../support/cluster.js");
const { useDatabase } = require("../support/postgres.js");
const { root } = require("./documents.js");

/** Options that lead to a server, beside those that are values. */
const TARGETS = ["listenPool"];

/** Defaults that are no value. */
const IN_WORDS = new Set(["uid", "listenPool", "errorHandler"]);

/** @param {string} file */
function readText(file) {
  return fs.readFileSync(path.join(root, file), "utf8");
}

/**
 * @param {string} file
 * @param {string} title of a table: its first column
 * @returns {Record<string, string>[]} its rows, by the titles of the columns
 */
function readTable(file, title) {
  const lines = readText(file).split("\n");
  const start = lines.findIndex((line) => line.startsWith(`| ${title} `));
  assert.ok(start >= 0, `${file}: no table of "${title}"`);
  const end = lines.findIndex((line, i) => i > start && !line.startsWith("|"));
  const [titles = [], , ...rows] = lines.slice(start, end).map(cellsOf);
  return rows.map((row) =>
    Object.fromEntries(row.map((cell, i) => [titles[i] ?? "", cell])),
  );
}

/**
 * @param {string} line of a table
 * @returns {string[]}
 */
function cellsOf(line) {
  return line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim());
}

/** @param {string | undefined} cell */
function withoutQuotes(cell = "") {
  return cell.replaceAll("`", "");
}

/**
 * @param {string} file
 * @returns {Record<string, string>} the defaults in a table of options, as they are written in it
 */
function optionsIn(file) {
  return Object.fromEntries(
    readTable(file, "option").map((row) => [
      withoutQuotes(row["option"]),
      withoutQuotes(row["default"]).replace(/ \(.*\)$/, ""),
    ]),
  );
}

/** @returns {Record<string, string>} the defaults that the declarations tell */
function optionsInDeclarations() {
  const [, body = ""] =
    /export interface PostgresAdapterOptions \{([^]*?)\n\}/.exec(
      readText("index.d.ts"),
    ) ?? [];
  const members = body.matchAll(/@default (.+)\n\s+\*\/\n\s+(\w+)\?:/g);
  return Object.fromEntries(
    [...members].map(([, text = "", name = ""]) => [
      name,
      text.replace(/ \(.*\)$/, ""),
    ]),
  );
}

/**
 * @param {Record<string, string>} told
 * @param {string[]} names that must be told
 */
function checkDefaults(told, names) {
  assert.deepEqual(Object.keys(told).sort(), [...names].sort());
  const real = /** @type {Record<string, unknown>} */ (resolveOptions());
  for (const name of names) {
    if (IN_WORDS.has(name)) continue;
    assert.equal(told[name], JSON.stringify(real[name]), name);
  }
}

/**
 * @param {Record<string, any>} value
 * @param {string} [prefix]
 * @returns {string[]} such as `published.messages`
 */
function membersOf(value, prefix = "") {
  return Object.entries(value).flatMap(([name, inner]) =>
    inner !== null && typeof inner === "object"
      ? membersOf(inner, `${prefix}${name}.`)
      : [prefix + name],
  );
}

describe("options in the documentation", () => {
  const all = [...Object.keys(resolveOptions()), ...TARGETS];

  it("are those of docs/options.md", () =>
    checkDefaults(optionsIn("docs/options.md"), all));

  it("are those of the declarations", () =>
    checkDefaults(optionsInDeclarations(), all));

  it("are those of an emitter", () => {
    const [, list = ""] =
      /type EmitterOptions = Pick<([^]*?)>;/.exec(readText("index.d.ts")) ?? [];
    const names = [...list.matchAll(/"(\w+)"/g)].map(([, name = ""]) => name);
    checkDefaults(optionsIn("docs/emitter.md"), names);
  });
});

describe("statistics in the documentation", () => {
  const cluster = useCluster(useDatabase(), { servers: 1 });

  it("are those that there are", () => {
    const told = readTable("docs/observability.md", "member").map((row) =>
      withoutQuotes(row["member"]),
    );
    const real = membersOf(cluster.server(0).adapter().stats());
    assert.deepEqual(told.sort(), real.sort());
  });
});

/** The parts of a section about a fault, in their order. */
const PARTS = ["Clients", "`errorHandler`", "Lost", "JavaScript adapter"];

/** @param {string} title of a section, as GitHub makes an anchor of it */
function anchorOf(title) {
  return title
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(/\s/g, "-");
}

describe("failure modes in the documentation", () => {
  const pages = fs
    .readdirSync(path.join(root, "docs"))
    .filter((name) => /^failure-modes-.*\.md$/.test(name));
  const sections = pages.flatMap((page) =>
    readText(`docs/${page}`)
      .split(/^## /m)
      .slice(1)
      .map((section) => {
        const [title = "", ...lines] = section.split("\n");
        return { page, title, text: lines.join("\n") };
      }),
  );

  it("are there", () => assert.ok(sections.length > 50, `${sections.length}`));

  it("are told in the same parts everywhere, with something in each", () => {
    for (const { title, text } of sections) {
      const parts = [...text.matchAll(/^- \*\*(.+?):\*\* \S/gm)];
      assert.deepEqual(
        parts.map(([, part]) => part),
        PARTS,
        title,
      );
    }
  });

  it("are short: no line has more than 500 characters", () => {
    for (const { title, text } of sections) {
      for (const line of text.split("\n")) {
        assert.ok(line.length <= 500, `${title}: ${line}`);
      }
    }
  });

  it("have a row in the tables of docs/failure-modes.md, and no row has no section", () => {
    const rows = readText("docs/failure-modes.md")
      .split("\n")
      .filter((line) => line.startsWith("| ["))
      .map(cellsOf);
    for (const row of rows) {
      assert.equal(row.filter(Boolean).length, 3, row[0]);
    }
    assert.deepEqual(
      rows.map(([first = ""]) => /\]\((.+)\)$/.exec(first)?.[1]).sort(),
      sections.map(({ page, title }) => `${page}#${anchorOf(title)}`).sort(),
    );
  });
});
