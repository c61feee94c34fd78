"use strict";

// Blocks of the documentation that are no programs: data, SQL, and languages in all.

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");
const { parseAllDocuments } = require("yaml");
const { readCodeBlocks } = require("../../scripts/markdown.js");
const { useDatabase } = require("../support/postgres.js");
const { blocksIn, documents, placeOf } = require("./documents.js");

/** Each of them has a check, but for text. */
const LANGUAGES = new Set([
  "js",
  "ts",
  "diff",
  "sh",
  "sql",
  "json",
  "yaml",
  "text",
]);

describe("blocks of the documentation", () => {
  it("say which language they are in, one that is checked", () => {
    const others = documents()
      .flatMap(readCodeBlocks)
      .filter(({ language }) => !LANGUAGES.has(language))
      .map((block) => `${placeOf(block)} ${block.language}`);
    assert.deepEqual(others, []);
  });

  it("are valid JSON", () => {
    const blocks = blocksIn("json");
    assert.ok(blocks.length > 0);
    for (const block of blocks) {
      assert.doesNotThrow(() => JSON.parse(block.code), placeOf(block));
    }
  });

  it("are valid YAML", () => {
    const problems = blocksIn("yaml").flatMap((block) =>
      parseAllDocuments(block.code).flatMap(({ errors }) =>
        errors.map(({ message }) => `${placeOf(block)} ${message}`),
      ),
    );
    assert.deepEqual(problems, []);
  });

  describe("in SQL", () => {
    const database = useDatabase();
    const blocks = blocksIn("sql");

    it("are there", () => assert.ok(blocks.length > 0));

    for (const block of blocks) {
      it(`run: ${placeOf(block)}`, async () => {
        await database.query("BEGIN");
        try {
          await database.query(block.code);
        } finally {
          await database.query("ROLLBACK");
        }
      });
    }
  });
});
