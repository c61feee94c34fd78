"use strict";

// The examples that are a server in one process: two of each, and what one says the other hears.

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");

const { useDatabase } = require("../support/postgres.js");
const { startObserver } = require("./observer.js");
const { startTwo } = require("./example-process.js");
const {
  assertAllHearAll,
  assertNewsReaches,
  sayAnything,
  untilJoined,
} = require("./news.js");
const { runsHere } = require("./requirements.js");

const WITH_A_ROUTE = ["express", "fastify", "nestjs"];
const DEPLOYED = ["docker-compose", "kubernetes", "prometheus"];

const SIGNALS = /** @type {const} */ (["SIGTERM", "SIGINT"]);

/**
 * How an example ends by a signal. NestJS sends it to itself again when all is done.
 *
 * @param {string} name
 * @param {string} signal
 */
function goodEnd(name, signal) {
  const how =
    name === "nestjs" ? { code: null, signal } : { code: 0, signal: null };
  return { ...how, errors: "" };
}

describe("the example", () => {
  const database = useDatabase();

  for (const name of [...WITH_A_ROUTE, "http", ...DEPLOYED]) {
    it(`${name} joins its servers and shuts down gracefully`, async (t) => {
      if (!runsHere(t, name)) return;
      const servers = await startTwo(t, name, database);
      const clients = await Promise.all(servers.map((each) => each.connect()));
      await untilJoined(clients);
      clients.forEach(sayAnything);
      await assertAllHearAll(clients);

      const observer = await startObserver(t, database);
      await observer.untilServers(2);
      for (const [index, signal] of SIGNALS.entries()) {
        const end = await servers[index]?.end(signal);
        assert.deepEqual(end, goodEnd(name, signal));
        await observer.untilServers(1 - index);
      }
    });
  }

  for (const name of WITH_A_ROUTE) {
    it(`${name} passes on what a request says`, async (t) => {
      if (!runsHere(t, name)) return;
      const servers = await startTwo(t, name, database);
      const clients = await Promise.all(servers.map((each) => each.connect()));
      await untilJoined(clients);

      /** @param {unknown} body */
      const post = async (body) => {
        const response = await fetch(`${servers[0].url}/messages`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(body),
        });
        await response.text();
        return response.status;
      };
      await assertNewsReaches(clients, async (text) => {
        assert.equal(await post({ text }), 202);
      });
      assert.equal(await post({ text: { not: "text" } }), 400);
      assert.equal(await post({}), 400);
    });
  }
});
