"use strict";

// Faults in the life of a server: how it comes and goes.

const { setTimeout: delay } = require("node:timers/promises");

const { until } = require("../../__test__/support/wait.js");

/** @typedef {import("./faults.js").Fault} Fault */
/** @typedef {import("./stage.js").Stage} Stage */

const ROUNDS = 5;
/** How many namespaces are open at a time, and how often they are others. */
const NAMESPACES = 100;

/**
 * @param {Stage} stage
 * @returns {Promise<number>} sessions of others
 */
async function countSessions(stage) {
  const [{ count }] = await stage.query(
    `SELECT count(*)::int AS count FROM pg_stat_activity
      WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'`,
  );
  return count;
}

/**
 * A third server comes and goes, while the other two speak.
 * @param {Stage} stage
 * @param {(server: import("./stage.js").Member) => Promise<void>} leave
 */
async function replaceThird(stage, leave) {
  const { child } = stage.emitter;
  for (let round = 0; round < ROUNDS; round += 1) {
    const third = await stage.startMember();
    await until(
      async () => {
        await third.child.call("introduce");
        return third.numbers.length > 0;
      },
      { timeout: 20_000, message: "a third server that hears the others" },
    );
    await leave(third);
  }
  stage.notes.push(`servers seen at once: ${await child.call("serverCount")}`);
}

/**
 * @param {Stage} stage
 * @param {() => Promise<unknown>} close
 */
async function closeFirst(stage, close) {
  const { child } = stage.receiver;
  await stage.timed("closed", close);
  await stage.timed("gone", () =>
    until(async () => (await child.call("serverCount")) === 1, {
      timeout: 20_000,
    }),
  );
}

/**
 * @param {Stage} stage
 * @param {string} prefix of names of namespaces
 * @returns {Promise<number>} of how many of them the database still tells the second server
 */
async function countHeard(stage, prefix) {
  let heard = "";
  for (const { sockets } of stage.receiver.proxy.connections("listener")) {
    sockets[1]?.on("data", (chunk) => (heard += chunk.toString("latin1")));
  }
  const names = Array.from({ length: NAMESPACES }, (_, i) => `${prefix}${i}`);
  for (const nsp of [...names, "/"]) {
    const payload = JSON.stringify({ type: 2, uid: "outsider", nsp, fence: 1 });
    await stage.query("SELECT pg_notify($1, $2)", [
      `socket.io#${nsp}`,
      payload,
    ]);
  }
  await until(() => heard.includes('"nsp":"/","fence":1'));
  return names.filter((name) => heard.includes(`"nsp":"${name}","fence":1`))
    .length;
}

/** @type {Fault[]} */
const LIFE = [
  {
    name: "io.close() by two callers, then pool.end()",
    last: "closed",
    async happen(stage) {
      const { child } = stage.emitter;
      await closeFirst(stage, () => child.call("closeTwice"));
      await stage.timed("pool.end()", () => child.call("endPool"));
    },
  },
  {
    name: "pool.end(), then io.close() by two callers",
    last: "closed",
    async happen(stage) {
      const { child } = stage.emitter;
      const ended = stage.timed("pool.end()", () =>
        Promise.race([child.call("endPool"), delay(10_000, "still waiting")]),
      );
      await closeFirst(stage, () => child.call("closeTwice"));
      await ended;
    },
  },
  {
    name: "io.close() while the database is away",
    apart: true,
    last: "closed",
    prepare: (stage) => stage.postgres.stop(),
    async happen(stage) {
      const { child } = stage.emitter;
      await delay(3_000);
      await stage.timed("closed", () => child.call("closeTwice"));
      await stage.postgres.start();
      await delay(5_000);
      const sessions = await countSessions(stage);
      stage.notes.push(`sessions once it is back: ${sessions}`);
    },
  },
  {
    name: "pool.end() of both while they run",
    async happen(stage) {
      for (const { child } of stage.members) {
        await stage.timed("pool.end()", () =>
          Promise.race([child.call("endPool"), delay(1_000, "still waiting")]),
        );
      }
    },
  },
  {
    name: "process.exit(3)",
    last: "gone",
    async happen(stage) {
      const { child } = stage.emitter;
      await child.call("exit", 3);
      await child.exited;
      await stage.timed("gone", () =>
        until(
          async () => (await stage.receiver.child.call("serverCount")) === 1,
          { timeout: 20_000 },
        ),
      );
    },
  },
  {
    name: "uncaught exception of the application",
    last: "gone",
    async happen(stage) {
      const { child } = stage.emitter;
      await child.call("fail");
      await child.exited;
    },
  },
  {
    name: "worker thread terminated",
    setting: { threads: true },
    last: "gone",
    async happen(stage) {
      await stage.emitter.child.call("terminate");
      // those of the other server
      await stage.timed("sessions of the thread closed", () =>
        until(() => stage.emitter.proxy.connections().length === 0, {
          timeout: 20_000,
        }),
      );
    },
  },
  {
    name: "namespaces come and go by the hundred",
    setting: { anyNamespace: true },
    async happen(stage) {
      let arrived = 0;
      for (let round = 0; round < ROUNDS; round += 1) {
        for (let index = 0; index < NAMESPACES; index += 1) {
          const name = `/round-${round}-${index}`;
          const sides = await Promise.all(
            stage.members.map((member) => member.visit(name)),
          );
          await until(
            async () => {
              await stage.emitter.child.call("burst", name, 0, 1, 10);
              await delay(20);
              return sides[1]?.arrived.size;
            },
            { timeout: 5_000 },
          ).then(
            () => (arrived += 1),
            () => {},
          );
          sides.forEach(({ leave }) => leave());
        }
      }
      stage.notes.push(
        `${arrived} of ${ROUNDS * NAMESPACES} heard by the other server`,
        `${await countHeard(stage, "/round-0-")} of the first ${NAMESPACES} still heard when closed`,
      );
    },
  },
  {
    name: "adapters created and closed by the hundred",
    async happen(stage) {
      const before = await countSessions(stage);
      await stage.timed("files more than before", () =>
        stage.receiver.child.call("churn", 200),
      );
      await delay(3_000);
      const sessions = (await countSessions(stage)) - before;
      stage.notes.push(`sessions more than before: ${sessions}`);
      stage.notes.push(
        `open files: ${await stage.receiver.child.call("openFiles")}`,
      );
    },
  },
  {
    name: "third server killed and replaced, 5 times",
    happen: (stage) => replaceThird(stage, (third) => third.close()),
  },
  {
    name: "third server restarted in good order, 5 times",
    happen: (stage) =>
      replaceThird(stage, async (third) => {
        await third.child.call("closeTwice");
        await third.close();
      }),
  },
];

module.exports = { LIFE };
