"use strict";

// Servers of several kinds come, stay silent, leave and die.

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");

const { Client } = require("pg");

const { useDatabase } = require("../support/postgres.js");
const { until } = require("../support/wait.js");
const { mixedClusterFor } = require("./mixed-cluster.js");

/** @typedef {import("./adapters.js").Kind} Kind */
/** @typedef {import("./mixed-cluster.js").MixedCluster} MixedCluster */

/** @type {Kind[]} */
const KINDS = ["native", "js-0.5", "js-0.4"];

const HEARTBEAT = 2;

/** Far beyond what a test waits for, in milliseconds: who is gone before has said goodbye. */
const NEVER_MS = 600_000;

/**
 * @param {MixedCluster} cluster
 * @returns {Promise<void>} once every server has an answer of every other one, and no error
 */
async function allAnswerAll(cluster) {
  for (const member of cluster.members) {
    const others = cluster.members.filter((other) => other !== member);
    const { error, responses } = await member.call("ask", "/", "question");
    assert.equal(error, null, member.name);
    assert.deepEqual(
      responses.map((/** @type {any} */ { by }) => by).sort(),
      others.map(({ name }) => name).sort(),
    );
  }
}

describe("a cluster of several kinds that changes", () => {
  const database = useDatabase();

  it("knows at once who leaves", async (t) => {
    const options = { heartbeatInterval: 200, heartbeatTimeout: NEVER_MS };
    const kinds = [...KINDS, ...KINDS];
    const cluster = await mixedClusterFor(t, database, kinds, { options });
    for (const kind of KINDS) {
      const leaving = cluster.members.find((member) => member.kind === kind);
      assert.ok(leaving);

      cluster.remove(leaving);
      await leaving.close();

      await cluster.untilAcquainted();
      await allAnswerAll(cluster);
    }
  });

  it("goes on without the answer of one that leaves", async (t) => {
    const options = { heartbeatInterval: 200, heartbeatTimeout: NEVER_MS };
    const cluster = await mixedClusterFor(t, database, ["native"], { options });
    for (const kind of KINDS.slice(1)) {
      const native = cluster.member(0);
      const leaving = await cluster.add(kind);
      await cluster.untilAcquainted();

      const answer = native.call("ask", "/", "unanswerable");
      await until(() => leaving.heard.length > 0);
      cluster.remove(leaving);
      await leaving.close();

      assert.deepEqual(await answer, { error: null, responses: [] }, kind);
    }
  });

  it("lets those of the JavaScript adapter go on without one of ours", async (t) => {
    const options = { heartbeatInterval: 200, heartbeatTimeout: NEVER_MS };
    for (const kind of KINDS.slice(1)) {
      const cluster = await mixedClusterFor(t, database, [kind, "native"], {
        options: { ...options, channelPrefix: kind },
      });
      const [asker, leaving] = cluster.members;
      assert.ok(asker && leaving);

      const answer = asker.call("ask", "/", "unanswerable");
      await until(() => leaving.heard.length > 0);
      cluster.remove(leaving);
      await leaving.close();

      assert.deepEqual(await answer, { error: null, responses: [] }, kind);
    }
  });

  it("finds out who died", async (t) => {
    const options = { heartbeatInterval: 200, heartbeatTimeout: 2_500 };
    const kinds = [...KINDS, ...KINDS];
    const cluster = await mixedClusterFor(t, database, kinds, { options });
    const dying = cluster.members.slice(0, KINDS.length);
    dying.forEach((member) => cluster.remove(member));

    await Promise.all(dying.map((member) => member.kill()));

    // nobody knows yet: what is asked now is answered by the living, and goes on once the dead are missed
    const asked = allAnswerAll(cluster);
    await cluster.untilAcquainted();
    await asked;
    await allAnswerAll(cluster);
  });

  it("keeps who is silent but alive", async (t) => {
    const heartbeatInterval = 200;
    const heartbeatTimeout = 3_000;
    const options = { heartbeatInterval, heartbeatTimeout };
    /** @type {Map<string, number>} heartbeats of each server */
    const heartbeats = new Map();
    /** @type {Set<number>} */
    const otherTypes = new Set();
    const cluster = await mixedClusterFor(t, database, KINDS, {
      options,
      clientsPerServer: 0,
    });
    const listener = new Client({
      connectionString: database.connectionString,
    });
    await listener.connect();
    t.after(() => listener.end());
    listener.on("notification", ({ payload }) => {
      const { uid, type } = JSON.parse(String(payload));
      if (type === HEARTBEAT)
        heartbeats.set(uid, 1 + (heartbeats.get(uid) ?? 0));
      else otherTypes.add(type);
    });
    await listener.query('LISTEN "socket.io#/"');

    const enough = (1.5 * heartbeatTimeout) / heartbeatInterval;
    await until(
      () =>
        heartbeats.size === KINDS.length &&
        [...heartbeats.values()].every((count) => count >= enough),
      { message: () => `heartbeats of all: ${[...heartbeats]}` },
    );

    assert.deepEqual([...otherTypes], []);
    await cluster.untilAcquainted();
  });

  it("knows who comes back", async (t) => {
    const options = { heartbeatInterval: 200, heartbeatTimeout: NEVER_MS };
    const cluster = await mixedClusterFor(t, database, KINDS, { options });
    for (const kind of KINDS) {
      const leaving = cluster.members.find((member) => member.kind === kind);
      assert.ok(leaving);
      cluster.remove(leaving);
      await leaving.close();
      await cluster.add(kind);
      await cluster.untilAcquainted();
      await allAnswerAll(cluster);
    }
  });
});
