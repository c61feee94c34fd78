"use strict";

// Adapters that come and go leave nothing behind: no session, no handle, no open file, no thread, no memory.

const assert = require("node:assert/strict");
const { randomBytes } = require("node:crypto");
const { describe, it } = require("node:test");

const { runScript } = require("../support/faults.js");
const { useDatabase } = require("../support/postgres.js");

/** Two servers at a time meet, exchange what there is to exchange, and close; then the state of the process. */
const SCRIPT = `
  const fs = require("node:fs");
  const [connectionString, channelPrefix] = process.argv.slice(1);
  const pool = new Pool({ connectionString });

  async function until(condition) {
    while (!(await condition())) {
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  /** What the server does, without the HTTP server. */
  async function close(io) {
    await Promise.all(["/", "/chat"].map((name) => io.of(name).adapter.close()));
  }

  async function meetAndClose(number) {
    const options = { channelPrefix: channelPrefix + number };
    const servers = [0, 1].map(
      () => new Server({ adapter: createAdapter(pool, options) }),
    );
    const adapters = servers.map((io) => io.of("/chat").adapter);
    let heard = 0;
    for (const io of servers) {
      io.of("/chat").on("hello", () => (heard += 1));
      io.of("/chat").on("question", (reply) => reply(Buffer.alloc(1000)));
    }
    for (const adapter of adapters) {
      await until(async () => (await adapter.serverCount()) === 2);
    }
    servers[0].of("/chat").serverSideEmit("hello", Buffer.alloc(10_000));
    servers[1].of("/chat").serverSideEmit("hello", "text");
    servers[1].of("/chat").emit("news", Buffer.alloc(100_000));
    await servers[0].of("/chat").serverSideEmitWithAck("question");
    await servers[1].of("/chat").fetchSockets();
    await until(() => heard === 2);
    await Promise.all(servers.map(close));
  }

  /** Closed before there is any connection. */
  async function closeAtOnce() {
    const io = new Server({ adapter: createAdapter(pool) });
    io.of("/chat");
    await close(io);
  }

  async function many(count) {
    for (let number = 0; number < count; number += 5) {
      const group = Array.from({ length: 4 }, (_, i) => meetAndClose(number + i));
      await Promise.all([...group, closeAtOnce(), closeAtOnce()]);
    }
  }

  function measure() {
    globalThis.gc();
    const status = fs.existsSync("/proc/self/status")
      ? fs.readFileSync("/proc/self/status", "utf8")
      : "";
    return {
      handles: process._getActiveHandles().map((handle) => handle.constructor.name),
      files: fs.existsSync("/proc/self/fd")
        ? fs.readdirSync("/proc/self/fd").length
        : 0,
      threads: Number(/^Threads:\\s*(\\d+)/m.exec(status)?.[1] ?? 0),
      megabytes: Math.round(process.memoryUsage().rss / 1024 / 1024),
    };
  }

  /** A session ends a moment after its connection: the server has to notice. */
  async function countSessions() {
    const { rows } = await pool.query(
      "SELECT count(*)::int AS count FROM pg_stat_activity WHERE usename = current_user AND pid <> pg_backend_pid()",
    );
    return rows[0].count;
  }

  (async () => {
    await many(20);
    await until(async () => (await countSessions()) === 0);
    const early = measure();
    await many(100);
    await until(async () => (await countSessions()) === 0);
    const late = measure();
    console.log(JSON.stringify({ early, late }));
    await pool.end();
  })();
`;

/** Far less than 200 engines weigh, more than the collector's moods. */
const TOLERANCE_MB = 40;

describe("200 adapters that were closed", () => {
  const database = useDatabase();

  /**
   * The connection of a role whose password costs nothing to check: with hundreds of connections the hashing would take
   * longer than everything else.
   *
   * @param {import("node:test").TestContext} t
   */
  async function cheapConnection(t) {
    const role = `cheap_${randomBytes(4).toString("hex")}`;
    const [{ setting: version }] = await database.query(
      "SELECT setting::int FROM pg_settings WHERE name = 'server_version_num'",
    );
    if (version >= 160_000) {
      await database.query("SET scram_iterations = 1");
    }
    await database.query(`
      CREATE ROLE ${role} LOGIN PASSWORD 'pass';
      GRANT CREATE ON SCHEMA public TO ${role};
    `);
    t.after(async () => {
      await database.untilUnused();
      await database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    });
    return Object.assign(new URL(database.connectionString), {
      username: role,
      password: "pass",
    }).href;
  }

  it("leave no session, handle, open file, thread or memory behind", async (t) => {
    const { output, errors, code } = await runScript(SCRIPT, {
      args: [await cheapConnection(t), "leaks"],
      flags: ["--expose-gc"],
      timeout: 180_000,
    });
    assert.equal(errors, "");
    assert.equal(code, 0);
    const { early, late } = JSON.parse(output);

    t.diagnostic(output.trim());
    assert.deepEqual(late.handles, early.handles);
    assert.ok(late.files <= early.files, "open files");
    assert.ok(late.threads <= early.threads, "threads");
    assert.ok(late.megabytes - early.megabytes < TOLERANCE_MB, "memory");
  });
});
