"use strict";

// The forms for issues: GitHub ignores one that is not as it expects, and says so nowhere.

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const { describe, it } = require("node:test");
const { parse } = require("yaml");
const { root } = require("./documents.js");

const FOLDER = path.join(root, ".github", "ISSUE_TEMPLATE");

/** What asks for something; `markdown` only tells. */
const QUESTIONS = new Set(["checkboxes", "dropdown", "input", "textarea"]);

/** @param {string} name */
function readForm(name) {
  return parse(fs.readFileSync(path.join(FOLDER, name), "utf8"));
}

describe("forms for issues", () => {
  const names = fs.readdirSync(FOLDER).filter((name) => name !== "config.yml");

  it("are there", () => assert.ok(names.length > 1));

  for (const name of names) {
    const { name: title, description, body } = readForm(name);
    const questions = body.filter((/** @type {any} */ { type }) =>
      QUESTIONS.has(type),
    );

    it(`${name} has a name, a description, and questions`, () => {
      assert.equal(typeof title, "string");
      assert.equal(typeof description, "string");
      assert.ok(questions.length > 0);
    });

    it(`${name} has questions that can be told apart, with a label`, () => {
      const ids = questions.map((/** @type {any} */ { id }) => id);
      assert.equal(new Set(ids).size, questions.length);
      for (const { id, attributes } of questions) {
        assert.match(id, /^[a-z_-]+$/);
        assert.equal(typeof attributes.label, "string", id);
      }
    });

    it(`${name} has answers to choose from, all of them text`, () => {
      for (const { id, type, attributes } of questions) {
        if (type !== "dropdown") continue;
        const { options } = attributes;
        assert.ok(
          options.every(
            (/** @type {any} */ option) => typeof option === "string",
          ),
          id,
        );
        assert.equal(new Set(options).size, options.length, id);
      }
    });

    it(`${name} leads to files that are there`, () => {
      const links = JSON.stringify(body).matchAll(
        /\.\.\/blob\/main\/([\w./-]+)/g,
      );
      for (const [, file = ""] of links) {
        assert.ok(fs.existsSync(path.join(root, file)), file);
      }
    });
  }

  it("have a configuration", () => {
    const { blank_issues_enabled: areBlankOnes, contact_links: links } =
      readForm("config.yml");
    assert.equal(typeof areBlankOnes, "boolean");
    for (const { name, url, about } of links) {
      assert.ok(name && about, url);
      assert.equal(new URL(url).protocol, "https:");
    }
  });
});
