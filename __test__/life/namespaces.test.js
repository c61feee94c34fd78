"use strict";

// Hundreds of namespaces that come and go, as clients name them: what was opened for them is given up again.

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");

const { runScript } = require("../support/faults.js");
const { useDatabase } = require("../support/postgres.js");

/** Two servers, and clients that make namespaces on both, use them and leave; then what is left of them. */
const SCRIPT = `
  const { Manager } = require("socket.io-client");
  const { WireTap } = require("./wire-tap.js");
  const [connectionString, rounds, namespaces] = process.argv.slice(1);
  const pool = new Pool({ connectionString });
  const tap = new WireTap(connectionString);
  const allNames = [];
  let near, far;
  const sides = () => [near, far];

  async function until(condition) {
    while (!(await condition())) {
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  class Side {
    constructor(way) {
      this.io = new Server(0, {
        adapter: createAdapter(way),
        transports: ["websocket"],
        cleanupEmptyChildNamespaces: true,
      });
      this.io.of(/^\\/(open|used)-\\d+$/);
      const { port } = this.io.httpServer.address();
      this.manager = new Manager("http://127.0.0.1:" + port, { transports: ["websocket"] });
    }

    connect(name) {
      const client = this.manager.socket(name);
      return new Promise((resolve) => client.once("connect", () => resolve(client)));
    }

    leave(client) {
      client.disconnect();
      delete this.manager.nsps[client.nsp]; // the manager would keep it
    }

    get open() {
      return [...this.io._nsps.keys()].filter((name) => name.startsWith("/used"));
    }
  }

  async function use(name) {
    const [sender, receiver] = await Promise.all(sides().map((side) => side.connect(name)));
    const { adapter } = near.io.of(name);
    await until(async () => (await adapter.serverCount()) === 2);
    const arrival = new Promise((resolve) => receiver.once("news", resolve));
    near.io.of(name).emit("news", Buffer.alloc(1000));
    await arrival;
    near.leave(sender);
    far.leave(receiver);
  }

  async function round(number) {
    allNames.length = 0;
    const names = Array.from({ length: namespaces }, (_, i) => "/used-" + (number * namespaces + i));
    allNames.push(...names);
    for (let i = 0; i < names.length; i += 25) {
      await Promise.all(names.slice(i, i + 25).map(use));
    }
    await until(() => sides().every((side) => side.open.length === 0));
    tap.forget();
  }

  /** Of all the process, and of what JavaScript holds. */
  function megabytes() {
    globalThis.gc();
    const { rss, heapUsed } = process.memoryUsage();
    return { rss: rss / 1024 / 1024, heap: heapUsed / 1024 / 1024 };
  }

  /** Whether the servers are told what is said on any of these channels; a fence shows that they had the chance. */
  async function hearAny(names) {
    const text = "said " + Math.random();
    tap.forget();
    for (const nsp of [...names, "/"]) {
      const message = { type: 2, uid: "outsider", nsp, text: text + (nsp === "/" ? " at last" : "") };
      await pool.query("SELECT pg_notify($1, $2)", ["socket.io#" + nsp, JSON.stringify(message)]);
    }
    await until(() => tap.heard(text + " at last"));
    return tap.heard(text + '"');
  }

  (async () => {
    const way = await tap.open();
    near = new Side(way);
    far = new Side(way);
    await round(0);
    const early = megabytes();
    for (let number = 1; number < rounds; number += 1) {
      await round(number);
    }
    const late = megabytes();
    await near.connect("/open-1");
    await until(() => hearAny(["/open-1"]));
    // the database heeds UNLISTEN some time later
    await until(async () => !(await hearAny(allNames)));
    console.log(JSON.stringify({ early, late, names: allNames.length }));
    sides().forEach(({ manager }) => manager._close());
    await Promise.all(sides().map(({ io }) => io.close()));
    await pool.end();
    tap.close();
  })();
`;

/** What 400 adapters would hold is more; what the process takes goes by the collector's moods as well. */
const TOLERANCE_MB = { heap: 1.5, rss: 40 };

describe("hundreds of namespaces that come and go", () => {
  const database = useDatabase();

  it("give their channels and their memory back", async (t) => {
    const { output, errors, code } = await runScript(SCRIPT, {
      args: [database.connectionString, "5", "100"],
      flags: ["--expose-gc"],
      timeout: 180_000,
    });
    assert.equal(errors, "");
    assert.equal(code, 0);
    const { early, late, names } = JSON.parse(output);

    t.diagnostic(output.trim());
    assert.equal(names, 100);
    assert.ok(late.heap - early.heap < TOLERANCE_MB.heap, "memory held");
    assert.ok(late.rss - early.rss < TOLERANCE_MB.rss, "memory taken");
  });
});
