"use strict";

// The example with Prometheus: what it exports is what the adapter counts, in the form that Prometheus asks for.

const assert = require("node:assert/strict");
const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { describe, it } = require("node:test");

const { Registry } = require("prom-client");

const { registerMetrics } = require("../../examples/prometheus/metrics.js");
const { exampleFolder } = require("../../scripts/examples.js");
const { useDatabase } = require("../support/postgres.js");
const { findProgram } = require("../support/programs.js");
const { TestServer } = require("../support/server.js");
const { until } = require("../support/wait.js");
const { startTwo } = require("./example-process.js");
const { assertAllHearAll, untilJoined } = require("./news.js");

const NAME = "prometheus";
const PREFIX = "socket_io_postgres_";

/** What Prometheus measures in: `messages` and the like are things to count, no units. */
const OTHER_UNITS =
  /_(ms|milliseconds|micros|minutes|kb|kilobytes|kib|mb|bits|percent)(_|$)/;

/**
 * @param {string} text in the form that Prometheus reads
 */
function parseMetrics(text) {
  /** @type {Map<string, number>} by name, without the prefix, and label */
  const samples = new Map();
  /** @type {Map<string, string>} */
  const types = new Map();
  /** @type {Map<string, string>} */
  const helps = new Map();
  for (const line of text.split("\n").filter(Boolean)) {
    const [, kind, name = "", rest = ""] =
      /^# (HELP|TYPE) ([a-z_]+) (.+)$/.exec(line) ?? [];
    if (kind === "HELP") helps.set(name, rest);
    else if (kind === "TYPE") types.set(name, rest);
    else {
      const [, sample, value] =
        /^([a-z_]+(?:\{[a-z_]+="[^"]*"\})?) (\S+)$/.exec(line) ?? [];
      assert.ok(sample, `a line of another form: ${line}`);
      assert.ok(!samples.has(sample), `${sample} twice`);
      samples.set(sample.slice(PREFIX.length), Number(value));
    }
  }
  return { samples, types, helps };
}

/** @param {string} url of a server */
async function scrape(url) {
  const response = await fetch(`${url}/metrics`);
  assert.equal(response.status, 200);
  const contentType = response.headers.get("content-type");
  return { ...parseMetrics(await response.text()), contentType };
}

/**
 * @param {unknown} value
 * @param {string} [key]
 * @returns {number[]} the numbers in it, times in seconds
 */
function numbersIn(value, key = "") {
  if (typeof value === "number") {
    return [/^(duration|roundTripTime|at)$/.test(key) ? value / 1000 : value];
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, part]) => numbersIn(part, name));
}

/** @returns {string[]} the PromQL of the README, in its order */
function readQueries() {
  const readme = path.join(exampleFolder(NAME), "README.md");
  return fs
    .readFileSync(readme, "utf8")
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .flatMap((line) => /`(socket_io_.*?|\w+\(.*?)`/.exec(line)?.[1] ?? []);
}

/**
 * What two servers tell in ten minutes, one of which is cut off at the end, and what follows from it.
 *
 * @param {string[]} queries
 */
function promtoolTest(queries) {
  const instances = ["a", "b"];
  /** @type {(name: string, values: string[], labels?: string) => object[]} */
  const series = (name, values, labels = "") =>
    values.map((each, i) => ({
      series: `${PREFIX}${name}{instance="${instances[i]}"${labels}}`,
      values: each,
    }));
  const connection = ',connection="listener"';
  const input_series = [
    ...series("connected", ["1x10", "1x9 0"], connection),
    ...series("dropped_messages_total", ["0x10", "0x5 7x4"]),
    ...series("published_messages_total", ["0+600x10", "0+1200x10"]),
    ...series("published_batches_total", ["0+60x10", "0+60x10"]),
    ...series("received_messages_total", ["0+100x10", "0+100x10"]),
    ...series("filtered_messages_total", ["0+50x10", "0+100x10"]),
    ...series("peers", ["1x10", "1x9 0"]),
  ];
  /** @type {(a?: number, b?: number) => object[]} */
  const ofEach = (a, b) =>
    [a, b].flatMap((value, i) =>
      value === undefined
        ? []
        : [{ labels: `{instance="${instances[i]}"}`, value }],
    );
  const disconnected = `${PREFIX}connected{instance="b"${connection}}`;
  const answers = [
    [{ labels: disconnected, value: 0 }],
    ofEach(undefined, 7),
    [{ labels: "{}", value: 30 }],
    ofEach(10, 20),
    [{ labels: "{}", value: 0.75 }],
    ofEach(0, 1),
  ];
  assert.equal(queries.length, answers.length);
  return {
    tests: [
      {
        interval: "1m",
        input_series,
        promql_expr_test: queries.map((expr, i) => ({
          expr,
          eval_time: "10m",
          exp_samples: answers[i],
        })),
      },
    ],
  };
}

describe("the example with Prometheus", () => {
  const database = useDatabase();

  it("exports what the adapter counts", async (t) => {
    const servers = await startTwo(t, NAME, database);
    const clients = await Promise.all(servers.map((each) => each.connect()));
    await untilJoined(clients);
    await assertAllHearAll(clients);

    for (const { url } of servers) {
      const { samples } = await scrape(url);
      /** @param {string} name */
      const value = (name) => samples.get(name) ?? NaN;
      assert.equal(value("peers"), 1);
      for (const connection of ["listener", "publisher"]) {
        const label = `{connection="${connection}"}`;
        assert.equal(value(`connected${label}`), 1);
        assert.equal(value(`reconnects_total${label}`), 0);
      }
      // three of the news, from each client
      assert.ok(value("published_messages_total") >= 3);
      assert.ok(value("delivered_messages_total") >= 3);
      assert.ok(
        value("published_bytes_total") >= value("published_messages_total"),
      );
      assert.ok(
        value("published_batches_total") <= value("published_messages_total"),
      );
      assert.equal(value("dropped_messages_total"), 0);
      assert.ok(
        ![...samples.keys()].some((name) => name.startsWith("last_error")),
      );
    }
  });

  it("exports every number, times in seconds", async (t) => {
    const { connectionString } = database;
    const server = new TestServer({ connectionString });
    t.after(() => server.close());
    await until(() => server.adapter().stats().roundTripTime !== null, {
      message: "an answer of PostgreSQL",
    });
    const lastError = { code: "ERR_CONNECTION", message: "", at: 1500 };
    const stats = { ...server.adapter().stats(), lastError };
    const registry = new Registry();
    registerMetrics(registry, { stats: () => stats });

    const { samples } = parseMetrics(await registry.metrics());

    const { listener, publisher } = stats.connections;
    const connected = [listener, publisher].map(({ state }) =>
      Number(state === "connected"),
    );
    const ascending = (/** @type {number} */ a, /** @type {number} */ b) =>
      a - b;
    assert.deepEqual(
      [...samples.values()].sort(ascending),
      [...numbersIn(stats), ...connected].sort(ascending),
    );
    assert.equal(
      samples.get('last_error_timestamp_seconds{code="ERR_CONNECTION"}'),
      1.5,
    );
  });

  it("counts from scrape to scrape, and shows connections that were lost", async (t) => {
    const [server, other] = await startTwo(t, NAME, database);
    const clients = [await server.connect(), await other.connect()];
    await untilJoined(clients);
    const before = await scrape(server.url);
    await assertAllHearAll(clients);
    const name = "published_messages_total";
    // the sender may hear later than the receiver that all is committed
    await until(
      async () => {
        const after = await scrape(server.url);
        return (
          Number(after.samples.get(name)) >=
          Number(before.samples.get(name)) + 3
        );
      },
      { message: "three more messages" },
    );

    await database.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    );
    for (const connection of ["listener", "publisher"]) {
      await until(
        async () => {
          const { samples } = await scrape(server.url);
          const label = `{connection="${connection}"}`;
          return (
            samples.get(`reconnects_total${label}`) === 1 &&
            samples.get(`connected${label}`) === 1
          );
        },
        { message: `the ${connection} connected again` },
      );
    }
    const { samples } = await scrape(server.url);
    const at = samples.get(
      'last_error_timestamp_seconds{code="ERR_CONNECTION"}',
    );
    assert.ok(Math.abs(Number(at) - Date.now() / 1000) < 60);
  });

  it("names everything as Prometheus wants it", async (t) => {
    const [server] = await startTwo(t, NAME, database);
    const { types, helps, contentType } = await scrape(server.url);
    assert.match(String(contentType), /^text\/plain; version=0\.0\.4/);
    assert.ok(types.size > 15);
    assert.deepEqual([...helps.keys()], [...types.keys()]);
    for (const [name, type] of types) {
      assert.ok(name.startsWith(PREFIX), name);
      assert.match(type, /^(counter|gauge)$/);
      assert.equal(name.endsWith("_total"), type === "counter", name);
      assert.doesNotMatch(name, OTHER_UNITS);
      assert.match(helps.get(name) ?? "", /^[A-Z0-9].*\.$/);
    }
  });

  it("asks in its README for metrics that there are", async (t) => {
    const [server] = await startTwo(t, NAME, database);
    const { types } = await scrape(server.url);
    const queries = readQueries().join("\n");
    const named = queries.match(/socket_io_postgres_\w+/g) ?? [];
    assert.ok(named.length > 5);
    for (const name of named) assert.ok(types.has(name), name);
  });

  const noPromtool = findProgram("promtool")
    ? false
    : "left out: promtool is not installed";

  it("asks questions that Prometheus answers", { skip: noPromtool }, (t) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "promtool-test-"));
    t.after(() => fs.rmSync(folder, { recursive: true }));
    const file = path.join(folder, "test.json"); // which is YAML, too
    fs.writeFileSync(file, JSON.stringify(promtoolTest(readQueries())));
    const { status, stdout, stderr } = spawnSync(
      String(findProgram("promtool")),
      ["test", "rules", file],
      { encoding: "utf8" },
    );
    assert.equal(status, 0, stdout + stderr);
  });

  it("answers nothing else", async (t) => {
    const [server] = await startTwo(t, NAME, database);
    const response = await fetch(server.url);
    assert.equal(response.status, 404);
    await response.text();
  });
});
