"use strict";

// The example with Node's cluster module: two hosts with two workers each.

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");

const { useDatabase } = require("../support/postgres.js");
const { startTwo } = require("./example-process.js");
const { assertAllHearAll, sayAnything, untilJoined } = require("./news.js");
const { startObserver } = require("./observer.js");

const WORKERS = [1, 2];

describe("the example of Node's cluster module", () => {
  const database = useDatabase();

  it("joins the workers of two hosts, which shut down gracefully", async (t) => {
    const hosts = await startTwo(t, "cluster", database);
    for (const host of hosts) {
      for (const id of WORKERS) {
        await host.untilPrinted(new RegExp(`Worker ${id} listens`));
      }
    }
    // the primary gives the connections to its workers in turn
    const clients = await Promise.all(
      hosts.flatMap((host) => WORKERS.map(() => host.connect())),
    );
    for (const host of hosts) {
      for (const id of WORKERS) {
        await host.untilPrinted(new RegExp(`Worker ${id} has a client`));
      }
    }
    await untilJoined(clients);
    clients.forEach(sayAnything);
    await assertAllHearAll(clients);

    const observer = await startObserver(t, database);
    await observer.untilServers(4);
    const [first, second] = hosts;
    const ended = { code: 0, signal: null, errors: "" };
    assert.deepEqual(await first.end("SIGTERM"), ended);
    await observer.untilServers(2);
    assert.deepEqual(await second.end("SIGINT"), ended);
    await observer.untilServers(0);
  });
});
