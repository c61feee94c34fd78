"use strict";

// How an emitter and its process end. The scripts run in processes of their own, until they end by themselves.

const assert = require("node:assert/strict");
const path = require("node:path");
const { describe, it } = require("node:test");
const { pathToFileURL } = require("node:url");

const { useDatabase } = require("../support/postgres.js");
const { emitterFor, listenFor, runNode } = require("./emitters.js");

const INDEX = path.join(__dirname, "..", "..", "index.js");

const REQUIRE = `const { Emitter } = require(${JSON.stringify(INDEX)});`;

describe("a process with an emitter", () => {
  const database = useDatabase();

  /**
   * @param {import("node:test").TestContext} t
   * @param {string} source
   * @param {string} [kind] of module
   */
  async function runAndListen(t, source, kind = "commonjs") {
    const ear = await listenFor(t, database);
    const { connectionString } = database;
    const flags = [`--input-type=${kind}`, "-e", source];
    const result = await runNode([...flags, connectionString]);
    await ear.catchUp();
    const events = ear.messages.map(({ data, type }) =>
      type === 3 && data ? data.packet.data : type,
    );
    return { ...result, events };
  }

  it("ends after close()", async (t) => {
    const { code, errors, events } = await runAndListen(
      t,
      `${REQUIRE}
      (async () => {
        const emitter = new Emitter(process.argv[1]);
        for (let i = 0; i < 3; i += 1) emitter.to("news").emit("n", i);
        emitter.emit("bytes", Buffer.alloc(10_000));
        await emitter.close();
      })();`,
    );

    assert.deepEqual({ code, errors }, { code: 0, errors: "" });
    assert.deepEqual(events, [["n", 0], ["n", 1], ["n", 2], 3]);
  });

  it("ends after flush()", async (t) => {
    const { code, errors, events } = await runAndListen(
      t,
      `${REQUIRE}
      const emitter = new Emitter(process.argv[1]);
      emitter.emit("n", 1);
      emitter.flush();`,
    );

    assert.deepEqual({ code, errors }, { code: 0, errors: "" });
    assert.deepEqual(events, [["n", 1]]);
  });

  it("sends what it has before it ends, also without either", async (t) => {
    const { code, errors, events } = await runAndListen(
      t,
      `${REQUIRE}
      const url = new URL(process.argv[1]);
      const emitter = new Emitter({
        host: url.hostname,
        port: Number(url.port),
        user: url.username,
        database: url.pathname.slice(1),
        password: async () => decodeURIComponent(url.password),
      });
      emitter.emit("n", 1);
      emitter.of("/nobody").emit("n", 1);
      new Emitter(process.argv[1]).emit("n", 2);
      process.once("beforeExit", () => emitter.emit("n", 3));`,
    );

    assert.deepEqual({ code, errors }, { code: 0, errors: "" });
    assert.deepEqual(
      new Set(events.map(([, number]) => number)),
      new Set([1, 2, 3]),
    );
    assert.equal(events.length, 3);
  });

  it("ends when nothing was emitted", async (t) => {
    const { code, errors, events } = await runAndListen(
      t,
      `${REQUIRE}
      new Emitter(process.argv[1]);
      new Emitter(process.argv[1]).close();`,
    );

    assert.deepEqual({ code, errors }, { code: 0, errors: "" });
    assert.deepEqual(events, []);
  });

  it("may be an ES module, and import by name", async (t) => {
    const { code, output, errors, events } = await runAndListen(
      t,
      `import { createAdapter, Emitter, PostgresAdapter } from ${JSON.stringify(pathToFileURL(INDEX).href)};
      const emitter = new Emitter(process.argv[1]);
      emitter.emit("n", 1);
      await emitter.close();
      console.log(createAdapter.name, Emitter.name, PostgresAdapter.name);`,
      "module",
    );

    assert.deepEqual({ code, errors }, { code: 0, errors: "" });
    assert.equal(output, "createAdapter Emitter PostgresAdapter\n");
    assert.deepEqual(events, [["n", 1]]);
  });

  it("closes once, however often it is told to", async (t) => {
    const ear = await listenFor(t, database);
    const emitter = emitterFor(t, database.connectionString);
    emitter.emit("n", 1);

    await Promise.all([
      emitter.close(),
      emitter.of("/other").close(),
      emitter.close(),
    ]);
    await emitter.close();
    await emitter.flush();

    await ear.catchUp();
    assert.equal(ear.messages.length, 1);
  });
});
