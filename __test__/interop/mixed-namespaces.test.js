"use strict";

// Namespaces that only some servers of a mixed cluster have.

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");

const { useDatabase } = require("../support/postgres.js");
const { until } = require("../support/wait.js");
const { collectAll } = require("./arrivals.js");
const { useMixedCluster } = require("./mixed-cluster.js");

/** @typedef {import("./member.js").Member} Member */

/** What each server has beside the main one. */
const NAMESPACES = [
  ["/all"],
  ["/all", "/native", "/native-and-0.5", "/native-and-0.4"],
  ["/all", "/native-and-0.5", "/javascript"],
  ["/all", "/native-and-0.4", "/javascript"],
];

/** Long enough for anything that works, in milliseconds. */
const ACK_TIMEOUT_MS = 20_000;

describe("namespaces of a mixed cluster", () => {
  const current = useMixedCluster(
    useDatabase(),
    ["native", "native", "js-0.5", "js-0.4"],
    {
      clientsPerServer: 1,
      namespacesOf: (index) => NAMESPACES[index] ?? [],
    },
  );

  /**
   * Does everything in a namespace, from each server that has it.
   *
   * @param {string} namespace
   * @param {Member[]} members those who have it
   */
  async function useNamespace(namespace, members) {
    const cluster = current();
    await cluster.untilAcquainted({ namespace, members });
    const clients = await Promise.all(
      members.map((member) => member.connect(namespace)),
    );
    clients.forEach((client) => client.on("ask", (reply) => reply(client.id)));
    const elsewhere = collectAll(cluster.clients, namespace);
    for (const sender of members) {
      const arrivals = collectAll(clients, sender.name);
      await sender.emit({ namespace }, sender.name, 1);
      await arrivals.count(1);

      const target = { namespace, timeout: ACK_TIMEOUT_MS };
      const acks = await sender.call("emitWithAck", target, "ask");
      const ids = clients.map(({ id }) => id).sort();
      assert.equal(acks.error, null);
      assert.deepEqual(acks.responses.sort(), ids);

      const sockets = await sender.call("fetchSockets", { namespace });
      assert.deepEqual(
        sockets.map((/** @type {any} */ { id }) => id).sort(),
        ids,
      );

      const answer = await sender.call("ask", namespace, "question");
      assert.equal(answer.error, null);
      assert.equal(answer.responses.length, members.length - 1);
    }
    await cluster.fence();
    assert.deepEqual(elsewhere.values.flat(), []);
    clients.forEach((client) => client.disconnect());
  }

  /** @param {string} namespace */
  function ownersOf(namespace) {
    return current().members.filter((_, index) =>
      NAMESPACES[index]?.includes(namespace),
    );
  }

  it("work where all have them", async () => {
    await useNamespace("/all", ownersOf("/all"));
  });

  it("work where one of ours and one of 0.5 have them", async () => {
    await useNamespace("/native-and-0.5", ownersOf("/native-and-0.5"));
  });

  it("work where one of ours and one of 0.4 have them", async () => {
    await useNamespace("/native-and-0.4", ownersOf("/native-and-0.4"));
  });

  it("work where none of ours has them", async () => {
    await useNamespace("/javascript", ownersOf("/javascript"));
  });

  it("work where only one of ours has them", async () => {
    await useNamespace("/native", ownersOf("/native"));
  });

  it("can be opened later, server by server", async () => {
    const cluster = current();
    /** @type {Member[]} */
    const owners = [];
    for (const member of [3, 2, 1, 0].map((index) => cluster.member(index))) {
      await member.call("openNamespace", "/late");
      owners.push(member);
      await useNamespace("/late", owners);
    }
  });

  it("do not carry server-side events of others", async () => {
    const cluster = current();
    for (const sender of ownersOf("/native-and-0.5")) {
      await sender.call("serverSideEmit", "/native-and-0.5", "note", 1);
      const receiver = ownersOf("/native-and-0.5").find(
        (member) => member !== sender,
      );
      await until(() => receiver?.heard.length === 1);
      await cluster.fence();
      assert.equal(receiver?.heard.splice(0)[0]?.namespace, "/native-and-0.5");
      cluster.members.forEach(({ heard }) => assert.deepEqual(heard, []));
    }
  });

  it("have reported no error anywhere", () => {
    for (const { name, errors } of current().members) {
      assert.deepEqual(errors, [], name);
    }
  });
});
