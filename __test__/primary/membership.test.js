"use strict";

const assert = require("node:assert/strict");
const { test } = require("node:test");

const { useDatabase } = require("../support/postgres.js");
const { collect } = require("../support/wait.js");
const {
  Host,
  plainServer,
  startHost,
  until,
  untilAcquainted,
} = require("./hosts.js");

const database = useDatabase();

/** Nobody learns or forgets anybody by a heartbeat during a test. */
const SILENT = { heartbeatInterval: 60_000, heartbeatTimeout: 120_000 };

/** @param {import("./hosts.js").Worker | undefined} worker */
function present(worker) {
  assert.ok(worker);
  return worker;
}

test("workers know the servers that were there before, and are known by them", async (t) => {
  const { connectionString } = database;
  const plain = await plainServer(t, {
    kind: "native",
    connectionString,
    options: SILENT,
  });
  const common = { connectionString, adapter: SILENT, workers: 1 };
  const first = await startHost(t, { name: "first", ...common });
  await untilAcquainted([plain, ...first.workers]);
  const second = await startHost(t, { name: "second", ...common });
  await untilAcquainted([plain, ...first.workers, ...second.workers]);
});

test("a worker that dies is seen to leave by everybody, and what it said last is heard", async (t) => {
  const { connectionString } = database;
  const common = { connectionString, adapter: SILENT };
  const [one, two, plain] = await Promise.all([
    startHost(t, { name: "one", ...common }),
    startHost(t, { name: "two", ...common }),
    plainServer(t, { kind: "native", connectionString, options: SILENT }),
  ]);
  const servers = [...one.workers, ...two.workers, plain];
  await untilAcquainted(servers);

  const killed = present(one.workers[0]);
  await killed.kill();
  const four = servers.filter((server) => server !== killed);
  await untilAcquainted(four);

  const speaking = present(two.workers[1]);
  const three = four.filter((server) => server !== speaking);
  const heard = three.map((server) => collect(server.clients[0], "last words"));
  speaking.post("dieWith", "last words", 1);
  await Promise.all(heard.map((each) => each.count(1)));
  await untilAcquainted(three);
  assert.deepEqual(
    heard.map(({ values }) => values),
    [[1], [1], [1]],
  );

  // a new one takes its place
  const again = await two.addWorker();
  await untilAcquainted([...three, again]);
});

test("a request is finished without the worker that dies meanwhile", async (t) => {
  const { connectionString } = database;
  const common = { connectionString, adapter: SILENT, workers: 1 };
  const [one, two] = await Promise.all([
    startHost(t, { name: "one", ...common }),
    startHost(t, { name: "two", ...common }),
  ]);
  const asking = present(one.workers[0]);
  const asked = present(two.workers[0]);
  await untilAcquainted([asking, asked]);
  const answer = asking.call("ask", "/", "unanswerable");
  await until(() => asked.heard.some(({ event }) => event === "unanswerable"), {
    message: "the question arrived",
  });
  await asked.kill();
  assert.deepEqual(await answer, { error: null, responses: [] });
});

test("a primary that is set up after its workers hears them as well", async (t) => {
  const { connectionString } = database;
  const late = new Host({
    name: "late",
    connectionString,
    adapter: { heartbeatInterval: 200 },
  });
  t.after(() => late.kill());
  const worker = await late.addWorker();
  await late.call("setup");
  const plain = await plainServer(t, { kind: "native", connectionString });
  await untilAcquainted([worker, plain]);
});

test("a namespace is listened to while a worker has it, and an adapter that was closed stays away", async (t) => {
  const { connectionString } = database;
  const namespaces = ["/rooms"];
  const [host, plain] = await Promise.all([
    startHost(t, { name: "host", connectionString, namespaces }),
    plainServer(t, { kind: "native", connectionString, namespaces }),
  ]);
  const [first, second] = host.workers.map(present);
  assert.ok(first && second);
  await untilAcquainted([first, second, plain], { namespace: "/rooms" });
  await first.call("closeNamespace", "/rooms");
  await untilAcquainted([second, plain], { namespace: "/rooms" });

  // the closed adapter of a worker answers whoever introduces himself
  const newcomer = await plainServer(t, {
    kind: "native",
    connectionString,
    namespaces,
  });
  await untilAcquainted([second, plain, newcomer], { namespace: "/rooms" });

  first.received.splice(0);
  await second.call("closeNamespace", "/rooms");
  await until(
    () =>
      first.received.some(({ nsp, type }) => nsp === "/rooms" && type === 13),
    { message: "the goodbye of the second worker" },
  );
  await untilAcquainted([plain, newcomer], { namespace: "/rooms" });
  first.received.splice(0);
  await plain.call("emit", { namespace: "/rooms" }, "nobody hears");
  await plain.call("emit", {}, "everybody hears");
  await until(
    () => first.received.some(({ nsp, type }) => nsp === "/" && type === 3),
    { message: "the broadcast in the main namespace" },
  );
  const others = first.received.filter(({ nsp }) => nsp !== "/");
  assert.deepEqual(others, []);
});
