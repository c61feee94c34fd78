"use strict";

const assert = require("node:assert/strict");
const { once } = require("node:events");
const net = require("node:net");
const { afterEach, describe, it } = require("node:test");
const wait = require("../support/wait.js");
const { until } = wait;
const { DemoProcess } = require("./demo-process.js");

/** The servers find each other again with a backoff that grows while the database is away; all on a busy machine. */
const LIMIT_MS = 60_000;

/** @type {DemoProcess[]} */
const started = [];

/** @param {Record<string, string>} [env] */
function startDemo(env) {
  const demo = new DemoProcess(env);
  started.push(demo);
  return demo;
}

afterEach(async () => {
  await Promise.all(started.splice(0).map((demo) => demo.dispose()));
});

/** @typedef {Awaited<ReturnType<DemoProcess['join']>>} Visitor */

/**
 * Says something again and again until the listener hears it: a message sent while a server does not listen to the
 * database is not kept for it.
 *
 * @param {Visitor} speaker
 * @param {Visitor} listener
 * @param {string} text
 */
async function sayUntilHeard(speaker, listener, text) {
  let said = 0;
  const timer = setInterval(
    () => speaker.socket.emit("message", `${text} ${said++}`),
    200,
  );
  const message = () => `"${text}", heard: ${listener.heard.join("; ")}`;
  try {
    await until(() => listener.heard.some((line) => line.includes(text)), {
      timeout: LIMIT_MS,
      message,
    });
  } finally {
    clearInterval(timer);
  }
}

describe("the demo", () => {
  it("carries the chat between servers, also after the database was away, and leaves nothing behind", async () => {
    const demo = startDemo();
    const ada = await demo.join(1, { name: "Ada", room: "tea" });
    const ben = await demo.join(2, { name: "Ben", room: "tea" });
    const eve = await demo.join(3, { name: "Eve", room: "coffee" });
    assert.deepEqual(
      [ada.home(), ben.home(), eve.home()],
      ["server-1", "server-2", "server-3"],
    );
    await sayUntilHeard(ada, ben, "hello from one");
    await sayUntilHeard(ben, ada, "hello from two");
    assert.ok(
      ben.heard.some((line) =>
        line.startsWith("Ada on server-1: hello from one"),
      ),
    );
    assert.deepEqual(
      eve.heard.filter((line) => line.includes("hello")),
      [],
      "another room hears nothing",
    );

    const gone = wait.once(ada.socket, "database", { timeout: LIMIT_MS });
    await demo.control("database/stop");
    assert.equal((await gone)[0].up, false);
    await sayUntilHeard(ada, ada, "local delivery goes on");
    await demo.control("database/start");
    await sayUntilHeard(ada, ben, "back from one");
    await sayUntilHeard(ben, ada, "back from two");

    assert.deepEqual(await demo.end("SIGINT"), { code: 0, left: [] });
  });

  it("tells who is connected where", async () => {
    const demo = startDemo({ DEMO_VISITORS: "0" });
    const ada = await demo.join(1, { name: "Ada", room: "tea" });
    /** @type {string[]} */
    let people = [];
    ada.socket.on("presence", (list) => {
      people = list.people
        .map(
          (/** @type {any} */ one) => `${one.name}@${one.server}#${one.room}`,
        )
        .sort();
    });
    const ben = await demo.join(2, { name: "Ben", room: "coffee" });
    await until(
      () => people.join() === "Ada@server-1#tea,Ben@server-2#coffee",
      { timeout: LIMIT_MS, message: () => people.join() },
    );
    ben.socket.close();
    await until(() => people.join() === "Ada@server-1#tea", {
      timeout: LIMIT_MS,
      message: () => people.join(),
    });
  });

  it("moves the visitors of a killed server to another one and starts it again", async () => {
    const demo = startDemo();
    const ada = await demo.join(1, { name: "Ada", room: "tea" });
    const ben = await demo.join(2, { name: "Ben", room: "tea" });
    await demo.control("servers/2/kill");
    await until(() => ben.home() !== "server-2", {
      timeout: LIMIT_MS,
      message: "another server",
    });
    await sayUntilHeard(ben, ada, "moved");
    await until(() => demo.output.includes("[server-2] is back"), {
      timeout: LIMIT_MS,
      message: () => demo.output,
    });
    const eve = await demo.join(2, { name: "Eve", room: "tea" });
    assert.equal(eve.home(), "server-2");
    await sayUntilHeard(eve, ada, "new here");
  });

  for (const signal of /** @type {const} */ (["SIGTERM", "SIGHUP"])) {
    it(`ends in order on ${signal}, with the database stopped`, async () => {
      const demo = startDemo();
      await demo.url();
      await demo.control("database/stop");
      assert.deepEqual(await demo.end(signal), { code: 0, left: [] });
    });
  }

  it("ends in order while it starts, also when told twice", async () => {
    const demo = startDemo();
    await until(() => demo.leftFiles().length > 0, {
      timeout: LIMIT_MS,
      message: "the folder of the database",
    });
    demo.child.kill("SIGINT");
    assert.deepEqual(await demo.end("SIGINT"), { code: 0, left: [] });
  });

  it("takes its servers and its database with it when it is killed", async () => {
    const demo = startDemo();
    await demo.url();
    const pids = demo.processes();
    assert.ok(
      pids.length >= 6,
      `the demo, three servers, the crowd and PostgreSQL: ${pids.join(", ")}`,
    );
    const { code } = await demo.end("SIGKILL");
    assert.equal(code, "SIGKILL");
    await until(() => demo.leftFiles().length === 0, {
      timeout: LIMIT_MS,
      message: () => demo.leftFiles().join(),
    });
  });

  it("says so when the port that was asked for is taken", async () => {
    const holder = net.createServer().listen(0, "127.0.0.1");
    await once(holder, "listening");
    const { port } = /** @type {net.AddressInfo} */ (holder.address());
    try {
      const demo = startDemo({ PORT: String(port) });
      assert.equal(await demo.exit(), 1);
      assert.match(demo.output, new RegExp(`Port ${port} is taken`));
      assert.deepEqual(demo.leftFiles(), []);
    } finally {
      holder.close();
    }
  });

  it("says so when the database that was named cannot be used", async () => {
    const demo = startDemo({
      DATABASE_URL: "postgres://ada:secret@127.0.0.1:1/chat",
    });
    assert.equal(await demo.exit(), 1);
    assert.match(
      demo.output,
      /postgres:\/\/ada@127\.0\.0\.1:1\/chat\) cannot be used/,
    );
    assert.doesNotMatch(demo.output, /secret/);
  });
});
