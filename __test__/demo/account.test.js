"use strict";

// What the demo says about a burst, also when it is not as it should be.

const assert = require("node:assert/strict");
const { beforeEach, describe, it } = require("node:test");
const { Bursts } = require("../../examples/demo/bursts.js");
const { Journal } = require("../../examples/demo/journal.js");
const { Overview } = require("../../examples/demo/overview.js");
const { until } = require("../support/wait.js");

const SIZE = 10_000;

/** @param {number[]} numbers in the order of their arrival */
async function tally(numbers) {
  const { Tally } = await import("../../examples/demo/public/tally.mjs");
  const counted = new Tally();
  for (const number of numbers) counted.add(number);
  return [counted.received, counted.misplaced];
}

describe("the tally of a burst", () => {
  it("finds nothing wrong with messages in order", async () => {
    assert.deepEqual(await tally([0, 1, 2, 3]), [4, 0]);
  });

  it("sees what is lost, doubled or out of order", async () => {
    assert.deepEqual(await tally([0, 1, 3]), [3, 1]);
    assert.deepEqual(await tally([0, 1, 1, 2]), [4, 1]);
    assert.deepEqual(await tally([0, 2, 1, 3]), [4, 3]);
    assert.deepEqual(await tally([1, 2]), [2, 1]);
  });
});

describe("the account of a burst", () => {
  /** @type {Journal} */
  let journal;
  /** @type {Bursts} */
  let bursts;
  let burst = 0;

  beforeEach(() => {
    journal = new Journal();
    bursts = new Bursts(journal);
    burst = bursts.begin("one", ["one", "two"]);
  });

  /**
   * @param {string} server
   * @param {number} received
   * @param {number} [misplaced]
   */
  const check = (server, received, misplaced = 0) =>
    bursts.checked({ burst, server, received, misplaced, took: 1_234 });

  const said = () => journal.entries.map(({ kind, text }) => [kind, text]);

  it("is told once all clients have everything", () => {
    check("one", SIZE);
    check("two", SIZE - 1);
    assert.equal(said().length, 1);
    check("two", SIZE);
    check("two", SIZE);
    assert.deepEqual(said(), [
      ["note", "one sends 10,000 messages."],
      [
        "good",
        "All 10,000 messages of one arrived on all 2 servers, each once and in order, within 1.2 s.",
      ],
    ]);
  });

  it("says that something was out of order", () => {
    check("one", SIZE);
    check("two", SIZE, 1);
    assert.deepEqual(said()[1], [
      "bad",
      "The messages of one did not arrive in order.",
    ]);
  });

  it("does not wait for a client whose server was killed", () => {
    check("one", SIZE);
    check("two", 17);
    bursts.serverGone("two");
    assert.match(said()[1]?.[1] ?? "", /arrived on one, each once/);
    assert.equal(bursts.latest?.counts.two?.gone, true);
  });

  it("ends when the server that sends was killed", async () => {
    check("one", SIZE);
    check("two", 16);
    bursts.serverGone("one");
    await until(() => bursts.latest?.ended, { message: "the end" });
    assert.deepEqual(said()[1], [
      "bad",
      "one ended before it had sent all of its messages.",
    ]);
  });

  it("keeps the longest pause of an event loop while it lasts", () => {
    bursts.paused("one", 5);
    bursts.paused("two", 9);
    bursts.paused("two", 3);
    bursts.paused("three", 99);
    check("one", SIZE);
    check("two", SIZE);
    assert.equal(bursts.latest?.longestPause, 9);
    // its last moments are in the first report behind its end
    bursts.paused("one", 12);
    bursts.paused("one", 50);
    assert.equal(bursts.latest?.longestPause, 12);
  });
});

describe("the journal", () => {
  it("tells what happens to several servers at once as one thing", async () => {
    const journal = new Journal();
    for (const name of ["c", "a", "b", "a"])
      journal.gather("down", name, (names) => ["bad", names.sort().join()]);
    await until(() => journal.entries.length > 0, { message: "an entry" });
    assert.deepEqual(
      journal.entries.map(({ kind, text }) => [kind, text]),
      [["bad", "a,b,c"]],
    );
  });

  it("tells in the order in which things happened, whenever it hears of them", async () => {
    const journal = new Journal();
    const place = journal.place();
    journal.gather("down", "a", () => ["bad", "second"]);
    journal.add("note", "third");
    journal.add("note", "first", place);
    await until(() => journal.entries.length === 3, { message: "all" });
    const { entries } = journal;
    assert.deepEqual(
      entries.map(({ text }) => text),
      ["first", "second", "third"],
    );
    const times = entries.map(({ at }) => at);
    assert.deepEqual(times, [...times].sort());
  });
});

describe("the overview", () => {
  /**
   * @param {object} counters
   * @param {number} counters.received
   * @param {number} counters.filtered
   * @param {number[]} [delays]
   * @returns {any} what of a report is read
   */
  const report = ({ received, filtered }, delays = []) => ({
    stats: {
      peers: 1,
      connections: {
        listener: { state: "connected" },
        publisher: { state: "connected" },
      },
      published: { messages: 0 },
      received: { messages: received },
      filtered: { noSocket: filtered, otherRooms: filtered },
      buffer: { messages: 3 },
    },
    people: [],
    loop: { utilization: 0.5, longest: 4 },
    delays,
  });

  it("has no figures before there are reports", () => {
    assert.deepEqual(new Overview().figures(), {
      rate: 0,
      median: null,
      slowest: null,
      filteredShare: null,
      busiest: null,
      longestPause: 0,
    });
  });

  it("takes shares and percentiles of all servers", () => {
    const overview = new Overview();
    for (const server of ["one", "two"]) {
      overview.add(server, report({ received: 100, filtered: 10 }));
      overview.add(
        server,
        report({ received: 200, filtered: 30 }, [1, 2, 3, server.length]),
      );
    }
    const { filteredShare, median, slowest, busiest } = overview.figures();
    assert.deepEqual(
      { filteredShare, median, slowest, busiest },
      { filteredShare: 0.4, median: 2, slowest: 3, busiest: 0.5 },
    );
  });

  it("begins again with a server that was killed", () => {
    const overview = new Overview();
    overview.add("one", report({ received: 500, filtered: 10 }));
    overview.forget("one");
    assert.equal(overview.server("one"), null);
    overview.add("one", report({ received: 5, filtered: 0 }));
    overview.add("one", report({ received: 7, filtered: 1 }));
    assert.equal(overview.figures().filteredShare, 1);
    assert.equal(overview.server("one")?.waiting, 0, "what is under way");
  });
});
