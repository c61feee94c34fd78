"use strict";

// The faults of the comparison. Each begins, lasts and ends; the clock for "works again after" starts at its end.

const fs = require("node:fs/promises");
const path = require("node:path");
const { setTimeout: delay } = require("node:timers/promises");

const { Client } = require("pg");

const { until } = require("../../__test__/support/wait.js");

/** @typedef {import("./stage.js").Stage} Stage */

/**
 * @typedef {object} Fault
 * @property {string} name
 * @property {(stage: Stage) => Promise<void>} happen from its beginning to its end
 * @property {(stage: Stage) => Promise<void>} [before] the servers start
 * @property {Record<string, string>} [settings] of the PostgreSQL server
 */

/** @param {Stage} stage */
async function takeAllConnections(stage) {
  /** @type {Client[]} */
  const taken = [];
  for (;;) {
    const client = new Client(stage.postgres.connectionString);
    client.on("error", () => {});
    try {
      await client.connect();
      taken.push(client);
    } catch {
      return taken;
    }
  }
}

/**
 * @param {Stage} stage
 * @param {string} what
 * @param {() => Promise<unknown>} work
 */
async function timed(stage, what, work) {
  const start = Date.now();
  const result = await work().catch((err) => err.message.split("\n")[0]);
  const seconds = ((Date.now() - start) / 1000).toFixed(1);
  stage.notes.push(`${what}: ${result ?? "done"} after ${seconds} s`);
}

/** @type {Fault[]} */
const FAULTS = [
  {
    name: "every session ended, 50 times",
    async happen(stage) {
      for (let round = 0; round < 50 && stage.isAlive; round += 1) {
        await stage.endSessions();
        await delay(200);
      }
    },
  },
  ...["fast", "immediate"].map((mode) => ({
    name: `database stopped (${mode}) for 3 s`,
    async happen(/** @type {Stage} */ stage) {
      await stage.postgres.stop(/** @type {any} */ (mode));
      await delay(3_000);
      await stage.postgres.start();
    },
  })),
  {
    name: "database away at the start, for 5 s",
    before: (stage) => stage.postgres.stop(),
    async happen(stage) {
      await delay(5_000);
      await stage.postgres.start();
    },
  },
  {
    name: "database back as a standby, promoted after 5 s",
    async happen(stage) {
      const { postgres } = stage;
      await postgres.stop();
      const signal = path.join(postgres.folder, "data", "standby.signal");
      await fs.writeFile(signal, "");
      await postgres.start();
      await delay(5_000);
      await stage.query("SELECT pg_promote()");
    },
  },
  {
    name: "no connections left for 5 s after all were lost",
    settings: { max_connections: "40" },
    async happen(stage) {
      const crowd = await takeAllConnections(stage);
      const [admin] = crowd;
      const end = Date.now() + 5_000;
      while (Date.now() < end && stage.isAlive) {
        await admin?.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE pid <> pg_backend_pid() AND backend_type = 'client backend' AND query NOT IN ('', 'COMMIT')`,
        );
        crowd.push(...(await takeAllConnections(stage)));
        await delay(50);
      }
      await Promise.all(crowd.map((client) => client.end()));
    },
  },
  {
    name: "no room for the table for 3 s",
    async happen(stage) {
      await stage.query(`
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          RAISE EXCEPTION 'No space left on device' USING ERRCODE = '53100';
        END $$;
        CREATE TRIGGER refuse BEFORE INSERT ON socket_io_attachments
          FOR EACH ROW EXECUTE FUNCTION refuse()`);
      await delay(3_000);
      await stage.query("DROP TRIGGER refuse ON socket_io_attachments");
    },
  },
  {
    name: "table dropped",
    async happen(stage) {
      await stage.query("DROP TABLE socket_io_attachments");
      await delay(3_000);
    },
  },
  {
    name: "rows pruned before they are read",
    async happen(stage) {
      const listeners = stage.receiver.proxy.connections("listener");
      listeners.forEach((connection) => connection.hold());
      await delay(1_000);
      await stage.query("DELETE FROM socket_io_attachments");
      listeners.forEach((connection) => connection.resume());
    },
  },
  {
    name: "listening connection half open",
    async happen(stage) {
      const [listener] = stage.receiver.proxy.connections("listener");
      listener?.swallow("database");
      listener?.swallow("server");
    },
  },
  {
    name: "publishing connections half open",
    async happen(stage) {
      for (const connection of stage.emitter.proxy.connections("publisher")) {
        connection.swallow("database");
        connection.swallow("server");
      }
    },
  },
  {
    name: "every answer 300 ms late, for 10 s",
    async happen(stage) {
      stage.members.forEach(({ proxy }) => proxy.delayAnswers(300));
      await delay(10_000);
      stage.members.forEach(({ proxy }) => proxy.delayAnswers(0));
    },
  },
  {
    name: "JavaScript thread of the receiver blocked for 15 s",
    async happen(stage) {
      let fewest = 2;
      const over = () => true;
      const blocked = stage.receiver.child.call("block", 15_000);
      const isOver = blocked.then(over, over);
      do {
        const count = await stage.emitter.child.call("serverCount");
        fewest = Math.min(fewest, count);
      } while (!(await Promise.race([isOver, delay(100, false)])));
      stage.notes.push(`servers seen meanwhile: ${fewest}`);
      await timed(stage, "fetchSockets() of the blocked server", () =>
        stage.receiver.child.call("fetchSockets"),
      );
    },
  },
  {
    name: "peer killed (SIGKILL)",
    async happen(stage) {
      const { child } = stage.emitter;
      await stage.receiver.child.kill();
      await timed(stage, "fetchSockets()", () => child.call("fetchSockets"));
      await timed(stage, "gone", () =>
        until(async () => (await child.call("serverCount")) === 1, {
          timeout: 20_000,
        }),
      );
    },
  },
  {
    name: "peer frozen (SIGSTOP) for 15 s",
    async happen(stage) {
      const { child } = stage.emitter;
      await stage.receiver.child.suspend();
      await delay(15_000);
      stage.notes.push(
        `servers seen meanwhile: ${await child.call("serverCount")}`,
      );
      stage.receiver.child.resume();
      await timed(stage, "known again", () =>
        until(async () => (await child.call("serverCount")) === 2, {
          timeout: 20_000,
        }),
      );
    },
  },
];

module.exports = { FAULTS };
