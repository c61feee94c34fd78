"use strict";

// In which surroundings ci.yml tests: Node.js, PostgreSQL, the system.

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");
const { ALL, PLATFORMS } = require("../../scripts/postgres-versions.js");
const { RUNTIMES } = require("../../scripts/runtimes.js");
const { jobsOf, workflow } = require("./workflow-files.js");

/** @typedef {{ system: string, node: number, postgres: number }} Cell */

/** What the embedded PostgreSQL calls the systems. */
const PLATFORM_OF = /** @type {Record<string, string>} */ ({
  "ubuntu-latest": "linux-x64",
  "macos-latest": "darwin-arm64",
  "windows-latest": "win32-x64",
});

const jobs = jobsOf(workflow("ci.yml"));

const SUPPORTED_NODES = RUNTIMES.filter(({ runsSuites }) => runsSuites).map(
  ({ version }) => parseInt(version, 10),
);

/** @returns {Cell[]} as GitHub has them: the product, less what is excluded, and what is included */
function cells() {
  const strategy = jobs["cross"]?.["strategy"] ?? {};
  const { system, node, postgres, exclude, include } = strategy.matrix;
  /** @type {Cell[]} */
  const product = system.flatMap((/** @type {string} */ s) =>
    node.flatMap((/** @type {number} */ n) =>
      postgres.map((/** @type {number} */ p) => ({
        system: s,
        node: n,
        postgres: p,
      })),
    ),
  );
  const isExcluded = (/** @type {Record<string, any>} */ cell) =>
    exclude.some((/** @type {Record<string, any>} */ pattern) =>
      Object.entries(pattern).every(([key, value]) => cell[key] === value),
    );
  return [...product.filter((cell) => !isExcluded(cell)), ...include];
}

/** @param {string} system */
function postgresOn(system) {
  const platform = String(PLATFORM_OF[system]);
  return ALL.filter((major) => PLATFORMS[major]?.includes(platform) ?? true);
}

/** @param {number[]} numbers */
function ends(numbers) {
  return [Math.min(...numbers), Math.max(...numbers)];
}

/** @param {Cell} cell */
function nameOf({ system, node, postgres }) {
  return `${system}, Node.js ${node}, PostgreSQL ${postgres}`;
}

/** How the table in the comment has them: the initials of the systems, below the version of PostgreSQL. */
function cellsInTable() {
  const lines = workflow("ci.yml").text.split("\n");
  const heading = lines.find((line) => /^ +# +PostgreSQL /.test(line)) ?? "";
  const versions = [...heading.matchAll(/\d+/g)];
  const rows = lines.filter((line) => /^ +# +(Node\.js )?\d+ +L\b/.test(line));
  return rows.flatMap((row) =>
    versions.flatMap(({ 0: postgres, index }) => {
      const [initials] = /^[A-Z ]{0,6}/.exec(row.slice(index)) ?? [];
      return Object.keys(PLATFORM_OF)
        .filter((system) => initials?.includes(initialOf(system)))
        .map((system) =>
          nameOf({
            system,
            node: Number(/\d+/.exec(row)),
            postgres: Number(postgres),
          }),
        );
    }),
  );
}

/** @param {string} system */
function initialOf(system) {
  return system.startsWith("ubuntu") ? "L" : system.slice(0, 1).toUpperCase();
}

describe("the surroundings of the tests", () => {
  const all = cells();

  it("are every runtime, and every PostgreSQL, on Linux", () => {
    assert.deepEqual(
      jobs["node"]?.["strategy"].matrix.runtime,
      RUNTIMES.map(({ name }) => name),
    );
    assert.deepEqual(jobs["postgres"]?.["strategy"].matrix.postgres, ALL);
  });

  it("are, on each system, the oldest and newest Node.js with the oldest and newest PostgreSQL there", () => {
    const names = new Set(all.map(nameOf));
    for (const system of Object.keys(PLATFORM_OF)) {
      for (const node of ends(SUPPORTED_NODES)) {
        for (const postgres of ends(postgresOn(system))) {
          const name = nameOf({ system, node, postgres });
          assert.ok(names.has(name), name);
        }
      }
    }
  });

  it("are none twice, and none without a PostgreSQL or a supported Node.js", () => {
    assert.equal(new Set(all.map(nameOf)).size, all.length);
    for (const cell of all) {
      assert.ok(postgresOn(cell.system).includes(cell.postgres), nameOf(cell));
      assert.ok(SUPPORTED_NODES.includes(cell.node), nameOf(cell));
    }
  });

  it("are those of the table in the comment", () => {
    assert.deepEqual(cellsInTable().sort(), all.map(nameOf).sort());
  });

  it("have every program on Linux, where a test that is left out is a failure", () => {
    const { env } = workflow("ci.yml").content;
    assert.equal(env["LEAVE_NOTHING_OUT"], "linux");
  });
});
