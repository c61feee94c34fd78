"use strict";

// A short soak; `npm run soak` is the long one.

const assert = require("node:assert/strict");
const { it } = require("node:test");

const { soak } = require("./soak.js");

it("every message is accounted for", async (t) => {
  const started = Date.now();
  const { lines, failures } = await soak({
    seed: "short",
    kinds: ["native", "native", "native", "js-0.5"],
    calm: [500, 1_500],
    late: [3],
    plan: [
      "frames",
      "killedBackends",
      "complete",
      "refusedInsert",
      "slowAnswers",
      "outage",
      "blockedThread",
      "droppedTable",
      "crash",
      "outOfConnections",
      "frozenServer",
      "killedServer",
    ],
    log: (line) => t.diagnostic(`${Date.now() - started} ms: ${line}`),
  });
  lines.forEach((line) => t.diagnostic(line));
  assert.deepEqual(failures, []);
});
