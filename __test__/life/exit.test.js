"use strict";

// A process that ends without closing anything, at any moment: with its own exit code, at once, without a crash.

const assert = require("node:assert/strict");
const { after, before, describe, it } = require("node:test");

const { untilAcquainted } = require("../support/cluster.js");
const { runScript } = require("../support/faults.js");
const { useDatabase } = require("../support/postgres.js");
const { TestServer } = require("../support/server.js");

const EXIT_CODE = 42;

/** Traffic in both directions, and a code by which the process ends at the moment that it is given. */
const SCRIPT = `
  const [connectionString, moment] = process.argv.slice(1);
  const exit = () => process.exit(${EXIT_CODE});
  const { EventEmitter } = require("node:events");
  const moments = new EventEmitter();
  moments.once(moment, exit);

  const adapter = createAdapter(connectionString, {
    errorHandler: () => moments.emit("error handler"),
  });
  moments.emit("made");
  const io = new Server(0, { adapter });
  moments.emit("open");
  process.nextTick(() => moments.emit("tick"));
  queueMicrotask(() => moments.emit("microtask"));

  function talk() {
    for (let i = 0; i < 20; i += 1) {
      io.emit("news", "x".repeat(i * 1000));
      io.serverSideEmit("binary", Buffer.alloc(i * 1000));
    }
    io.serverSideEmit("question", () => moments.emit("answer"));
    io.fetchSockets().then(() => moments.emit("sockets"), () => {});
  }

  let turn = 0;
  function nextTurn() {
    turn += 1;
    moments.emit("turn " + turn);
    talk();
    setImmediate(nextTurn);
  }
  setImmediate(nextTurn);

  io.on("news", () => moments.emit("event"));
  io.on("binary", () => moments.emit("binary"));

  switch (moment) {
    case "error handler": // the listener of an event throws
      io.on("news", () => { throw new Error("refused"); });
      break;
    case "closing":
      io.on("news", () => { io.close(); setImmediate(() => moments.emit("closing")); });
      break;
    case "closed":
      io.on("news", () => io.close().then(() => moments.emit("closed")));
      break;
    case "uncaught":
      io.on("news", () => process.nextTick(() => { throw new Error("uncaught"); }));
      process.on("uncaughtException", exit);
      break;
  }
`;

const MOMENTS = [
  "made",
  "open",
  "tick",
  "microtask",
  ...[1, 2, 5, 20, 100].map((turn) => `turn ${turn}`),
  "sockets",
  "event",
  "binary",
  "answer",
  "error handler",
  "closing",
  "closed",
  "uncaught",
];

describe("process.exit()", () => {
  const database = useDatabase();
  /** @type {TestServer} */
  let other;
  /** @type {NodeJS.Timeout} */
  let traffic;

  before(async () => {
    other = new TestServer({ connectionString: database.connectionString });
    database.closeFirst(() => other.close());
    await untilAcquainted([other]);
    other.io.on("question", (answer) => answer(Buffer.alloc(5_000)));
    traffic = setInterval(() => {
      other.io.serverSideEmit("news", "y".repeat(2_000));
      other.io.serverSideEmit("binary", Buffer.alloc(20_000));
    }, 5);
  });
  after(() => clearInterval(traffic));

  for (const moment of MOMENTS) {
    it(`at the moment "${moment}"`, async () => {
      const script = await runScript(SCRIPT, {
        args: [database.connectionString, moment],
      });

      assert.equal(script.errors, "");
      assert.deepEqual([script.code, script.signal], [EXIT_CODE, null]);
    });
  }

  it("leaves no session behind", async () => {
    clearInterval(traffic);
    await other.close();
    await database.untilUnused();
  });
});
