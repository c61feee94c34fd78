"use strict";

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");

const { Requests } = require("../../lib/requests.js");
const { until } = require("../support/wait.js");

const ANSWER = 8;
const PARTIAL_ANSWER = 12;

/** Requests of one adapter, with everything that became of them. */
class Recorder {
  constructor() {
    this.requests = new Requests("prefix-");
    /** @type {any[][]} */
    this.events = [];
  }

  /**
   * @param {string[]} peers
   * @param {Partial<import("../../lib/requests.js").Request>} [changes]
   */
  open(peers, changes) {
    return this.requests.open({
      peers: new Set(peers),
      responseTypes: [ANSWER, PARTIAL_ANSWER],
      timeout: 60_000,
      onResponse: ({ uid }) => this.events.push(["response", uid]),
      onPeerLeft: (uid) => this.events.push(["left", uid]),
      onComplete: () => this.events.push(["complete"]),
      onFailure: ({ message }) => this.events.push(["failure", message]),
      ...changes,
    });
  }

  /**
   * @param {string} requestId
   * @param {string} uid
   * @param {{ type?: number, isLast?: boolean }} [options]
   */
  answer(requestId, uid, { type = ANSWER, isLast } = {}) {
    this.requests.onResponse({ type, uid, data: { requestId } }, isLast);
  }
}

/** @param {import("node:test").TestContext} t after which no timer is left */
function record(t) {
  const recorder = new Recorder();
  t.after(() => recorder.requests.abort("the test is over"));
  return recorder;
}

describe("requests", () => {
  it("have ids of their own, with the prefix of the server", (t) => {
    const recorder = record(t);
    const ids = [recorder.open(["a"]), recorder.open(["a"])];

    assert.notEqual(ids[0], ids[1]);
    ids.forEach((id) => assert.ok(id.startsWith("prefix-")));
  });

  it("are complete once every server has answered", (t) => {
    const recorder = record(t);
    const id = recorder.open(["a", "b"]);

    recorder.answer(id, "b");
    recorder.answer(id, "a");
    recorder.answer(id, "a");
    recorder.requests.abort("closed");

    assert.deepEqual(recorder.events, [
      ["response", "b"],
      ["response", "a"],
      ["complete"],
    ]);
  });

  it("fail when time is up, and say how many have not answered", async (t) => {
    const recorder = record(t);
    const started = performance.now();
    const id = recorder.open(["a", "b", "c"], { timeout: 30 });
    recorder.answer(id, "a");

    await until(() => recorder.events.length === 2);
    recorder.answer(id, "b");

    assert.ok(performance.now() - started >= 29);
    assert.deepEqual(recorder.events, [
      ["response", "a"],
      ["failure", "timeout reached: missing 2 responses"],
    ]);
  });

  it("do not wait for a server that left", (t) => {
    const recorder = record(t);
    const id = recorder.open(["a", "b"]);
    recorder.answer(id, "a");

    recorder.requests.onPeerLeft("b");
    recorder.requests.onPeerLeft("b");

    assert.deepEqual(recorder.events, [
      ["response", "a"],
      ["left", "b"],
      ["complete"],
    ]);
  });

  it("do not care about servers that left after their answer, or were not asked", (t) => {
    const recorder = record(t);
    const id = recorder.open(["a", "b"]);
    recorder.answer(id, "a");

    recorder.requests.onPeerLeft("a");
    recorder.requests.onPeerLeft("stranger");

    assert.deepEqual(recorder.events, [["response", "a"]]);
  });

  it("count the answer of a server once", (t) => {
    const recorder = record(t);
    const id = recorder.open(["a", "b"]);

    recorder.answer(id, "a");
    recorder.answer(id, "a");

    assert.deepEqual(recorder.events, [["response", "a"]]);
  });

  it("take any number of partial answers, and are complete without them", (t) => {
    const recorder = record(t);
    const id = recorder.open(["a"]);
    const partial = { type: PARTIAL_ANSWER, isLast: false };

    recorder.answer(id, "a", partial);
    recorder.answer(id, "a", partial);
    recorder.answer(id, "a");

    assert.deepEqual(recorder.events, [
      ["response", "a"],
      ["response", "a"],
      ["response", "a"],
      ["complete"],
    ]);
  });

  it("without an end go on taking answers until their time is up", async (t) => {
    const recorder = record(t);
    const partial = { type: PARTIAL_ANSWER, isLast: false };
    const id = recorder.open(["a"], {
      timeout: 1,
      onComplete: undefined,
      onFailure: undefined,
    });
    recorder.answer(id, "a");
    recorder.answer(id, "a", partial);

    // opened after it and with the same delay, hence over after it
    recorder.open(["b"], { timeout: 1 });
    await until(() => recorder.events.length === 3);
    recorder.answer(id, "a", partial);

    assert.deepEqual(recorder.events, [
      ["response", "a"],
      ["response", "a"],
      ["failure", "timeout reached: missing 1 responses"],
    ]);
  });

  it("ignore foreign, unknown and unfitting answers", (t) => {
    const recorder = record(t);
    const id = recorder.open(["a"]);

    recorder.answer(id, "stranger");
    recorder.answer("somebody-else-1", "a");
    recorder.answer("__proto__", "a");
    recorder.answer(id, "a", { type: 99 });

    assert.deepEqual(recorder.events, []);
  });

  it("do not disturb each other", async (t) => {
    const recorder = record(t);
    const first = recorder.open(["a"]);
    const second = recorder.open(["a"], { timeout: 10 });

    recorder.answer(first, "a");
    await until(() => recorder.events.length === 3);
    recorder.answer(second, "a");

    assert.deepEqual(recorder.events, [
      ["response", "a"],
      ["complete"],
      ["failure", "timeout reached: missing 1 responses"],
    ]);
  });

  it("are all failed by abort(), but not those that are opened in answer to it", (t) => {
    const recorder = record(t);
    let reopened = 0;
    recorder.open(["a"]);
    recorder.open(["a"], {
      onFailure: () => {
        reopened += 1;
        recorder.open(["b"]);
      },
    });

    recorder.requests.abort("closed");

    assert.deepEqual(recorder.events, [["failure", "closed"]]);
    assert.equal(reopened, 1);
  });

  it("that nobody was asked are forgotten without a word", (t) => {
    const recorder = record(t);
    const id = recorder.open(["a"]);

    recorder.requests.discard(id);
    recorder.requests.discard(id);
    recorder.answer(id, "a");
    recorder.requests.onPeerLeft("a");
    recorder.requests.abort("closed");

    assert.deepEqual(recorder.events, []);
  });
});
