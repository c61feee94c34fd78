"use strict";

// The servers of a cluster are replaced one by one, under traffic, and back again.

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");

const { useDatabase } = require("../support/postgres.js");
const { startMixedCluster } = require("./mixed-cluster.js");
const { fetchIds } = require("./rooms.js");
const { Traffic } = require("./traffic.js");

/** @typedef {import("./adapters.js").Kind} Kind */
/** @typedef {import("./member.js").Member} Member */
/** @typedef {import("./mixed-cluster.js").MixedCluster} MixedCluster */

/** Long enough for anything that works, in milliseconds. */
const ACK_TIMEOUT_MS = 20_000;

/**
 * What a server sends with the JavaScript adapter is on its way over several connections when it closes, and may be
 * lost or overtake the goodbye: there traffic has to stop first. Ours sends what it was told to send, then says goodbye.
 *
 * @param {MixedCluster} cluster
 * @param {Traffic} traffic
 * @param {Member} leaving
 */
async function leave(cluster, traffic, leaving) {
  const staying = cluster.members.filter((member) => member !== leaving);
  traffic.forget(leaving);
  if (leaving.kind === "native") {
    cluster.remove(leaving);
    const last = await leaving.close();
    await traffic.untilComplete(leaving, last, staying);
  } else {
    const last = await leaving.call("stopTraffic");
    await traffic.untilComplete(leaving, last, staying);
    cluster.remove(leaving);
    await leaving.close();
  }
}

/**
 * A server of the JavaScript adapter that reads a row of the table late takes whoever wrote it for alive again, goodbye or
 * not, until its time-out of ten seconds has passed.
 */
const FORGOTTEN_MS = 60_000;

/**
 * @param {MixedCluster} cluster
 * @param {Traffic} traffic
 * @param {Member} replaced
 * @param {Kind} kind of the new one
 */
async function replace(cluster, traffic, replaced, kind) {
  const added = await cluster.add(kind);
  await cluster.untilAcquainted();
  await traffic.start(added);
  await traffic.expectAll(cluster.members);
  await traffic.untilFlowing();

  await leave(cluster, traffic, replaced);

  await cluster.untilAcquainted({ timeout: FORGOTTEN_MS });
  await assertWhole(cluster);
}

/**
 * Requests find all servers and all clients.
 *
 * @param {MixedCluster} cluster
 */
async function assertWhole(cluster) {
  const names = cluster.members.map(({ name }) => name);
  const ids = cluster.clients.map(({ id }) => String(id)).sort();
  for (const member of cluster.members) {
    const servers = await member.call("ask", "/", "question");
    const others = names.filter((name) => name !== member.name);
    assert.equal(servers.error, null);
    assert.deepEqual(
      servers.responses.map((/** @type {any} */ { by }) => by).sort(),
      others.sort(),
    );
    assert.deepEqual(await fetchIds(member, {}), ids);
    const target = { timeout: ACK_TIMEOUT_MS };
    const clients = await member.call("emitWithAck", target, "who");
    assert.equal(clients.error, null);
    assert.deepEqual(clients.responses.sort(), ids);
  }
}

/**
 * @param {Kind} from
 * @param {Kind} to
 */
function describeUpgrade(from, to) {
  describe(`three servers of ${from}, replaced by ${to} and back again`, () => {
    const database = useDatabase();

    it("lose nothing and repeat nothing", async (t) => {
      const cluster = await startMixedCluster(database, [from, from, from], {
        clientsPerServer: 1,
        onClient: (client) => client.on("who", (reply) => reply(client.id)),
      });
      t.after(() => cluster.close());
      const everybody = new Set(cluster.members);
      const traffic = new Traffic();
      for (const member of cluster.members) await traffic.start(member);
      await traffic.expectAll(cluster.members);
      await traffic.untilFlowing();

      for (const kind of [to, from]) {
        for (const replaced of cluster.members) {
          await replace(cluster, traffic, replaced, kind);
          cluster.members.forEach((member) => everybody.add(member));
        }
        assert.ok(cluster.members.every((member) => member.kind === kind));
      }

      for (const member of cluster.members) {
        const last = await member.call("stopTraffic");
        await traffic.untilComplete(member, last, cluster.members);
      }
      traffic.assertNothingTwice();
      traffic.assertInOrder([...everybody]);
      for (const { name, errors } of everybody) {
        assert.deepEqual(errors, [], name);
      }
    });
  });
}

module.exports = { describeUpgrade };
