"use strict";

// The client of the examples, in the terminal.

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");

const { exampleCommand } = require("../../scripts/examples.js");
const { useDatabase } = require("../support/postgres.js");
const { until } = require("../support/wait.js");
const { spawnExample, startServer, startTwo } = require("./example-process.js");

describe("the client in the terminal", () => {
  const database = useDatabase();

  /**
   * @param {import("node:test").TestContext} t
   * @param {string} url
   */
  function startClient(t, url) {
    const args = [...exampleCommand("client"), url];
    return spawnExample(t, "client", { args });
  }

  it("says what is typed and prints what it hears", async (t) => {
    const servers = await startTwo(t, "http", database);
    const clients = servers.map(({ url }) => startClient(t, url));
    for (const client of clients) await client.untilPrinted(/^Connected to /m);
    const [speaker, listener] = clients;
    assert.ok(speaker && listener);

    await until(
      () => {
        speaker.type("good news");
        return /^> good news$/m.test(listener.output);
      },
      { message: "what was typed, at the other client" },
    );

    speaker.endInput();
    assert.deepEqual(await speaker.ended, { code: 0, signal: null });
    assert.equal(speaker.errors, "");
  });

  it("says why it cannot connect, and that the server has gone", async (t) => {
    const env = { DATABASE_URL: database.connectionString };
    const server = await startServer(t, "http", { env });
    const client = startClient(t, server.url);
    await client.untilPrinted(/^Connected to /m);
    await server.end("SIGTERM");
    await client.untilPrinted(/^Disconnected: transport close$/m);
    await until(() => client.errors.includes("error"), {
      message: () => `the reason, there is: ${client.errors}`,
    });
  });
});
