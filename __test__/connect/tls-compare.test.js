"use strict";

// A part of `npm run tls-compare`: generated databases, and the verdicts of `pg` and of the engine on them.

const assert = require("node:assert/strict");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { before, describe, it } = require("node:test");

const { useCleanEnvironment } = require("../support/environment.js");
const { verdictOfPg } = require("../support/verdicts.js");
const { caseNames } = require("../tls-compare/cases.js");
const { compare } = require("../tls-compare/compare.js");
const { describeOutcome } = require("../tls-compare/report.js");
const { compareAll, environmentNames } = require("../tls-compare/runner.js");
const { startFront } = require("../tls-compare/tls-front.js");

/** @typedef {import("../tls-compare/compare.js").Kind} Kind */
/** @typedef {import("../tls-compare/compare.js").Outcome} Outcome */

const COUNT = 500;
const SEED = 7;
/** At least this part of the cases is accepted, and refused, or else they test nothing. */
const MIN_SHARE = 0.2;

describe("the verdicts of pg and of the engine on generated databases", () => {
  useCleanEnvironment();
  /** @type {Outcome[]} */
  let outcomes = [];

  before(async () => {
    outcomes = await compareAll(caseNames(COUNT, SEED, environmentNames()));
  });

  /** @param {...Kind} kinds */
  const ofKind = (...kinds) =>
    outcomes.filter(({ kind }) => kinds.includes(kind));

  it("the engine accepts no database that pg refuses", () => {
    assert.equal(ofKind("wronglyAccepted").map(describeOutcome).join("\n"), "");
  });

  it("the engine refuses what pg accepts for known reasons only", () => {
    const unexplained = ofKind("unexplained", "late", "crashed");
    assert.equal(unexplained.map(describeOutcome).join("\n"), "");
  });

  it("a refusal of a certificate gives the reason of pg", () => {
    const silent = outcomes.filter(({ hasReason }) => hasReason === false);
    assert.equal(silent.map(describeOutcome).join("\n"), "");
  });

  it("enough of the databases are accepted, and enough are refused", () => {
    assert.equal(outcomes.length, COUNT);
    assert.ok(ofKind("accepted").length > MIN_SHARE * COUNT);
    assert.ok(ofKind("refused").length > MIN_SHARE * COUNT);
  });

  it("an engine that trusts every certificate is noticed", async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "tls-compare-"));
    const front = await startFront();
    try {
      const credulous = (/** @type {any} */ settings) =>
        verdictOfPg({ ...settings, ssl: { rejectUnauthorized: false } });
      /** @type {Kind[]} */
      const kinds = [];
      for (let number = 0; number < 20; number += 1) {
        const name = `dates:${number}`;
        kinds.push((await compare(front, name, folder, credulous)).kind);
      }
      assert.ok(kinds.includes("wronglyAccepted"));
      assert.ok(!kinds.includes("refused"));
    } finally {
      await front.close();
      fs.rmSync(folder, { recursive: true });
    }
  });
});
