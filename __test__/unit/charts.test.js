"use strict";

// The charts of the benchmark: each compares all adapters, or is not drawn.

const assert = require("node:assert/strict");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { beforeEach, afterEach, describe, it } = require("node:test");
const { ADAPTERS } = require("../../bench/arguments.js");
const { drawCharts } = require("../../bench/charts/index.js");
const { CASES } = require("../../bench/cases/index.js");
const { LABELS } = require("../../bench/labels.js");
const { summarise } = require("../../bench/statistics.js");

const FIGURES = ["rate", "delivered", "senderLoop", "receiverLoop"].concat([
  "p50",
  "p99",
  "p999",
]);

/** All charts that a whole run draws. */
const ALL = [
  "event-loop",
  "latency",
  "namespaces",
  "rates",
  "receivers",
].concat(["sizes", "throughput"]);

/**
 * @param {(caseName: string) => readonly string[]} adaptersOf
 * @param {import("../../bench/cases/index.js").Case[]} cases
 * @returns {import("../../bench/results.js").Results} of a run that never was
 */
function resultsWith(adaptersOf, cases = CASES) {
  const figures = Object.fromEntries(
    FIGURES.map((name, i) => [name, summarise([i + 1, i + 2])]),
  );
  return {
    date: "2026-01-02T03:04:05.678Z",
    machine: {
      system: "",
      processor: "P",
      cores: 2,
      memoryGigabytes: 1,
      loadAtTheEnd: 0,
    },
    versions: { node: "v1", postgresql: "18", "redis-server": "7" },
    settings: { repetitions: 2, secondsOfEachRun: 1, quick: false },
    cases: cases.map(({ name, title, points }) => ({
      name,
      title,
      points: points.map(({ key, title: ofPoint }) => ({
        key,
        title: ofPoint,
        adapters: Object.fromEntries(
          adaptersOf(name).map((adapter) => [adapter, { figures }]),
        ),
      })),
    })),
  };
}

describe("drawCharts()", () => {
  /** @type {string} */
  let folder;
  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "charts-test-"));
  });
  afterEach(() => fs.rmSync(folder, { recursive: true }));

  /** @param {ReturnType<typeof resultsWith>} results */
  const draw = (results) => drawCharts(results, ADAPTERS, folder).sort();
  const files = () => fs.readdirSync(folder).sort();

  it("draws every chart of a whole run, with all adapters", () => {
    assert.deepEqual(draw(resultsWith(() => ADAPTERS)), ALL);
    assert.deepEqual(
      files(),
      ALL.map((name) => `${name}.svg`),
    );
    for (const file of files()) {
      const svg = fs.readFileSync(path.join(folder, file), "utf8");
      for (const adapter of ADAPTERS) {
        assert.ok(svg.includes(LABELS[adapter]), `${file}: ${adapter}`);
      }
    }
  });

  it("draws none where an adapter is missing", () => {
    for (const present of [["native"], ["native", "javascript"], []]) {
      assert.deepEqual(draw(resultsWith(() => present)), []);
    }
    assert.deepEqual(files(), []);
  });

  it("draws none with an adapter that is not compared", () => {
    const adapters = [...ADAPTERS, "watched"];
    assert.deepEqual(draw(resultsWith(() => adapters)), []);
  });

  it("leaves those as they are of which an adapter or a case is missing", () => {
    fs.writeFileSync(path.join(folder, "latency.svg"), "as it was");
    const adaptersOf = (/** @type {string} */ name) =>
      name === "latency" ? ADAPTERS.slice(0, 3) : ADAPTERS;
    const cases = CASES.filter(({ name }) => name !== "elsewhere");
    assert.deepEqual(
      draw(resultsWith(adaptersOf, cases)),
      ALL.filter((n) => !["event-loop", "latency", "throughput"].includes(n)),
    );
    const kept = fs.readFileSync(path.join(folder, "latency.svg"), "utf8");
    assert.equal(kept, "as it was");
  });
});

describe("the charts of the documentation", () => {
  const charts = path.join(__dirname, "..", "..", "docs", "charts");
  for (const file of fs.readdirSync(charts)) {
    it(`${file} compares all adapters`, () => {
      const svg = fs.readFileSync(path.join(charts, file), "utf8");
      for (const adapter of ADAPTERS) {
        assert.ok(svg.includes(`>${LABELS[adapter]}<`), adapter);
      }
    });
  }
});
