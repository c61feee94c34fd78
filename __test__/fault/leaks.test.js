"use strict";

// Adapters that come and go leave nothing behind: no session, no handle, no thread, no memory.

const assert = require("node:assert/strict");
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

  async function meetAndClose(number) {
    const options = { channelPrefix: channelPrefix + number };
    const servers = [0, 1].map(
      () => new Server(0, { adapter: createAdapter(pool, options) }),
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
    await Promise.all(servers.map((io) => io.close()));
  }

  /** Closed before there is any connection. */
  async function closeAtOnce() {
    const io = new Server(0, { adapter: createAdapter(pool) });
    io.of("/chat");
    await io.close();
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
      handles: process._getActiveHandles().length,
      threads: Number(/^Threads:\\s*(\\d+)/m.exec(status)?.[1] ?? 0),
      megabytes: Math.round(process.memoryUsage().rss / 1024 / 1024),
    };
  }

  (async () => {
    await many(20);
    const early = measure();
    await many(100);
    const late = measure();
    const { rows } = await pool.query(
      "SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'",
    );
    console.log(JSON.stringify({ early, late, sessions: rows[0].count }));
    await pool.end();
  })();
`;

/** Far less than 200 engines weigh, more than the collector's moods. */
const TOLERANCE_MB = 40;

describe("200 adapters that were closed", () => {
  const database = useDatabase();

  it("leave no session, handle, thread or memory behind", async (t) => {
    const { output, errors, code } = await runScript(SCRIPT, {
      args: [database.connectionString, "leaks"],
      flags: ["--expose-gc"],
      timeout: 60_000,
    });
    assert.equal(errors, "");
    assert.equal(code, 0);
    const { early, late, sessions } = JSON.parse(output);

    t.diagnostic(output.trim());
    assert.equal(sessions, 0);
    assert.equal(late.handles, early.handles);
    assert.ok(late.threads <= early.threads, "threads");
    assert.ok(late.megabytes - early.megabytes < TOLERANCE_MB, "memory");
  });
});
