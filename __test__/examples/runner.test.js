"use strict";

// What starts an example from a clone.

const assert = require("node:assert/strict");
const path = require("node:path");
const { describe, it } = require("node:test");

const { io } = require("socket.io-client");

const { exampleNames } = require("../../scripts/examples.js");
const { once } = require("../support/wait.js");
const { spawnExample, startServer } = require("./example-process.js");
const { assertAllHearAll, untilJoined } = require("./news.js");

const RUNNER = path.join(__dirname, "..", "..", "scripts", "example.js");
const WITHOUT_DATABASE = { DATABASE_URL: undefined };

describe("node scripts/example.js", () => {
  it("starts two servers with a database of their own, and ends them", async (t) => {
    const first = await startServer(t, "http", {
      args: [RUNNER, "http"],
      env: WITHOUT_DATABASE,
    });
    const second = new URL(first.url);
    second.port = String(Number(second.port) + 1);
    await first.untilPrinted(new RegExp(`port ${second.port}`));
    const clients = [
      await first.connect(),
      io(second.href, { transports: ["websocket"], forceNew: true }),
    ];
    t.after(() => clients.forEach((client) => client.disconnect()));
    await once(/** @type {any} */ (clients[1]), "connect");

    await untilJoined(clients);
    await assertAllHearAll(clients);

    const { code, errors } = await first.end("SIGINT");
    assert.deepEqual({ code, errors }, { code: 0, errors: "" });
  });

  it("says which examples there are", async (t) => {
    const runner = spawnExample(t, "http", { args: [RUNNER, "no such one"] });
    assert.deepEqual(await runner.ended, { code: 1, signal: null });
    for (const name of ["http", "cluster"]) {
      assert.ok(exampleNames().includes(name));
      assert.ok(runner.errors.includes(name));
    }
  });
});
