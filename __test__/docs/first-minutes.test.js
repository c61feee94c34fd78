"use strict";

// The server of the README and the client of "Getting started", in a clone: two servers, a client of each, a message.

const assert = require("node:assert/strict");
const { spawn } = require("node:child_process");
const { once } = require("node:events");
const fs = require("node:fs");
const path = require("node:path");
const { before, describe, it } = require("node:test");
const { readCodeBlocks } = require("../../scripts/markdown.js");
const { useCluster } = require("../support/cluster.js");
const { findFreePort } = require("../support/free-port.js");
const { useDatabase } = require("../support/postgres.js");
const { until } = require("../support/wait.js");
const { root } = require("./documents.js");

const FOLDER = path.join(root, "target", "first-minutes");

/** Processes are started on a machine that may be busy. */
const PATIENCE = { timeout: 60_000 };

/**
 * @param {string} document which tells to save a file
 * @param {string} program the file
 */
function saveProgram(document, program) {
  const block = readCodeBlocks(path.join(root, document)).find(
    (candidate) => candidate.program === program,
  );
  assert.ok(block, `no ${program} in ${document}`);
  fs.writeFileSync(path.join(FOLDER, program), block.code);
}

describe("the server of the README", () => {
  const block = readCodeBlocks(path.join(root, "README.md")).find(
    ({ program }) => program === "server.mjs",
  );

  it("has about 15 lines", () => {
    const lines = block?.code.split("\n").filter(Boolean) ?? [];
    assert.ok(lines.length > 0 && lines.length <= 16, `${lines.length}`);
  });
});

describe("the first minutes with the README", () => {
  const database = useDatabase();
  // a further server, to see who is there
  const cluster = useCluster(database, { servers: 1, clientsPerServer: 0 });
  /** @type {import("node:child_process").ChildProcess[]} */
  const processes = [];

  before(() => {
    fs.mkdirSync(FOLDER, { recursive: true });
    saveProgram("README.md", "server.mjs");
    saveProgram(path.join("docs", "getting-started.md"), "client.mjs");
    database.closeFirst(async () => {
      for (const child of processes) child.kill("SIGKILL");
    });
  });

  /**
   * @param {string[]} args
   * @param {Record<string, string>} [env]
   */
  function start(args, env) {
    const child = spawn(process.execPath, args, {
      cwd: FOLDER,
      env: { ...process.env, ...env },
    });
    processes.push(child);
    const started = { child, output: "" };
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk) => (started.output += chunk));
    }
    return started;
  }

  it("end with a message in both windows, and servers that close", async () => {
    const ports = [await findFreePort(), await findFreePort()];
    const servers = ports.map((port) =>
      start(["server.mjs"], {
        DATABASE_URL: database.connectionString,
        PORT: String(port),
      }),
    );
    const outputs = () => servers.map(({ output }) => output).join("");
    await until(
      async () => (await cluster.server(0).adapter().serverCount()) === 3,
      { ...PATIENCE, message: () => `two servers: ${outputs()}` },
    );
    const [first, second] = ports.map((port) => `http://localhost:${port}`);
    const listening = start(["client.mjs", String(first)]);
    await until(async () => (await cluster.io(0).fetchSockets()).length === 1, {
      ...PATIENCE,
      message: () => `the first client connected: ${listening.output}`,
    });
    const speaking = start(["client.mjs", String(second), "hello"]);
    await until(
      () => listening.output === "hello\n" && speaking.output === "hello\n",
      { ...PATIENCE, message: () => `${listening.output}, ${speaking.output}` },
    );
    for (const { child, output } of servers) {
      child.kill("SIGTERM");
      assert.deepEqual(await once(child, "exit"), [0, null]);
      assert.equal(output, "");
    }
  });
});
