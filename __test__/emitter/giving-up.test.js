"use strict";

// The end of an emitter whose database does not answer.

const assert = require("node:assert/strict");
const path = require("node:path");
const { describe, it } = require("node:test");

const { Reports } = require("../support/faults.js");
const { emitterFor, runNode } = require("./emitters.js");

const INDEX = path.join(__dirname, "..", "..", "index.js");

/** Nobody listens there. */
const NOWHERE = "postgres://nobody@127.0.0.1:1/nothing";

describe("the end of an emitter whose database does not answer", () => {
  it("comes after 10 s, and the errorHandler is told what it costs", async (t) => {
    const reports = new Reports();
    const { errorHandler } = reports;
    const emitter = emitterFor(t, NOWHERE, { errorHandler });
    const source = `const { Emitter } = require(${JSON.stringify(INDEX)});
      const errorHandler = ({ code, message }) => console.log(code, message);
      const emitter = new Emitter(process.argv[1], { errorHandler });
      emitter.emit("n", 1);`;

    const started = performance.now();
    emitter.emit("n", 1);
    const flush = emitter.flush();
    const [{ code, output, errors }] = await Promise.all([
      runNode(["-e", source, NOWHERE]),
      emitter.close(),
    ]);
    const elapsed = performance.now() - started;

    await flush; // nobody waits for ever
    assert.ok(elapsed > 9_900, `${elapsed} ms`);
    assert.deepEqual({ code, errors }, { code: 0, errors: "" });
    const told =
      /^ERR_PUBLISH the emitter ended without having sent everything/m;
    assert.match(output, told);
    assert.deepEqual(reports.codes.slice(-1), ["ERR_PUBLISH"]);
  });

  it("comes at once when there is nothing to send", async (t) => {
    const reports = new Reports();
    const { errorHandler } = reports;
    const emitter = emitterFor(t, NOWHERE, { errorHandler });

    const started = performance.now();
    await emitter.close();

    assert.ok(performance.now() - started < 9_000);
    assert.ok(!reports.codes.includes("ERR_PUBLISH"));
  });
});
