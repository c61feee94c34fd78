"use strict";

// A database that talks without end: the engine keeps little of it, and reports it.

const assert = require("node:assert/strict");
const path = require("node:path");
const { describe, it } = require("node:test");

const { Emitter } = require("../../index.js");
const { makeCertificate } = require("../support/certificates.js");
const { ChildServer } = require("../support/child.js");
const { useCleanEnvironment } = require("../support/environment.js");
const {
  Flood,
  FLOODS,
  GIGABYTE,
  NoticeInjector,
} = require("../support/floods.js");
const {
  overTls,
  showing,
  startHostileServer,
} = require("../support/hostile-server.js");
const { useDatabase } = require("../support/postgres.js");
const { until, within } = require("../support/wait.js");

const SCRIPT = path.join(__dirname, "../support/hostile-client-process.js");
const MAX_GROWTH = 200 * 2 ** 20;
const PATIENCE = { timeout: 120_000 };

/**
 * @param {import("node:test").TestContext} t which ends it
 * @param {any} pool
 */
async function startVictim(t, pool) {
  const victim = new ChildServer(
    { connectionString: "", pool },
    { script: SCRIPT },
  );
  t.after(() => victim.kill());
  const before = await victim.call("peakMemory");
  return {
    victim,
    /** @returns {Promise<number>} in bytes */
    growth: async () => (await victim.call("peakMemory")) - before,
  };
}

/** @param {number} bytes */
const inMegabytes = (bytes) => `${Math.round(bytes / 2 ** 20)} MB`;

describe("the engine, flooded during the login", () => {
  useCleanEnvironment();
  const shown = showing(makeCertificate({ names: ["localhost"] }));

  for (const [title, content] of Object.entries(FLOODS)) {
    for (const ssl of [false, { rejectUnauthorized: false }]) {
      it(`keeps little of ${title} and reports them, ${ssl ? "over" : "without"} TLS`, async (t) => {
        const flood = new Flood(content);
        const { port } = await startHostileServer(
          t,
          ssl ? overTls(shown, flood.behave) : flood.behave,
        );
        const { victim, growth } = await startVictim(t, {
          host: "localhost",
          port,
          user: "visitor",
          password: "secret",
          ssl,
        });
        await victim.call("emit");
        await until(() => flood.isOver, {
          ...PATIENCE,
          message: () => `the end of the flood, after ${flood.bytes} bytes`,
        });
        const [error] = await until(
          async () => {
            const errors = await victim.call("errors");
            return errors.length > 0 && errors;
          },
          { ...PATIENCE, message: "a report" },
        );
        const grown = await growth();
        t.diagnostic(
          `${inMegabytes(flood.bytes)} taken, grown by ${inMegabytes(grown)}: ${error.code}, ${error.message}`,
        );
        assert.match(error.code, /^ERR_/);
        assert.ok(grown < MAX_GROWTH, `grown by ${inMegabytes(grown)}`);
      });
    }
  }
});

describe("the engine, flooded during a session", () => {
  useCleanEnvironment();
  const database = useDatabase();

  /**
   * A server behind an injector, which hears the numbers that are sent to it.
   * @param {import("node:test").TestContext} t
   */
  async function startHearer(t) {
    const url = new URL(database.connectionString);
    const injector = new NoticeInjector(Number(url.port));
    const { port } = await startHostileServer(t, injector.behave);
    url.host = `127.0.0.1:${port}`;
    const { victim, growth } = await startVictim(t, {
      connectionString: url.href,
    });
    /** @type {Error[]} */
    const errors = [];
    const emitter = new Emitter(database.connectionString, {
      errorHandler: (error) => errors.push(error),
    });
    database.closeFirst(async () => {
      await victim.kill();
      await emitter.close();
    });
    let last = 0;
    const send = async () => {
      emitter.serverSideEmit("number", (last += 1));
      await within(emitter.flush(), `a flush of ${last}`);
      return last;
    };
    const untilHeard = () =>
      until(
        async () => {
          const number = await send();
          return (await victim.call("heard")).includes(number);
        },
        { ...PATIENCE, message: () => `number ${last}` },
      );
    await victim.call("listen");
    await untilHeard();
    return { injector, victim, growth, errors, send, untilHeard };
  }

  it("keeps nothing of a gigabyte of notices, and drops no notification", async (t) => {
    const { injector, victim, growth, errors, send } = await startHearer(t);
    const [first] = await victim.call("heard");
    const flood = { isOver: false };
    const flooded = injector.flood(GIGABYTE / 2).finally(() => {
      flood.isOver = true;
    });
    while (!flood.isOver) await send();
    const bytes = await flooded;
    const last = await send();
    await until(async () => (await victim.call("heard")).includes(last), {
      ...PATIENCE,
      message: "the last number",
    });
    const heard = await victim.call("heard");
    const grown = await growth();
    t.diagnostic(
      `${inMegabytes(bytes)} of notices beside ${last} notifications, grown by ${inMegabytes(grown)}`,
    );
    assert.ok(bytes >= GIGABYTE, `${inMegabytes(bytes)} taken`);
    assert.deepEqual(
      heard,
      Array.from({ length: last - first + 1 }, (_, index) => first + index),
    );
    assert.ok(grown < MAX_GROWTH, `grown by ${inMegabytes(grown)}`);
    assert.deepEqual(await victim.call("errors"), []);
    assert.deepEqual(errors, []);
  });

  const TYPES = {
    N: "a notice",
    E: "an error",
    S: "a parameter",
    A: "a notification",
  };
  for (const [type, name] of Object.entries(TYPES)) {
    it(`keeps little of ${name} of a gigabyte, reports it and connects again`, async (t) => {
      const { injector, victim, growth, untilHeard } = await startHearer(t);
      const bytes = await injector.inflate(type);
      await untilHeard();
      const grown = await growth();
      const reported = await victim.call("errors");
      t.diagnostic(
        `${inMegabytes(bytes)} taken, grown by ${inMegabytes(grown)}: ${reported[0]?.message}`,
      );
      assert.ok(grown < MAX_GROWTH, `grown by ${inMegabytes(grown)}`);
      assert.match(reported[0]?.code, /^ERR_/);
    });
  }
});
