"use strict";

// node scripts/example.js NAME: two servers of an example, as they stand in this repository, on a database of their own
// or on that of DATABASE_URL.

const { spawn } = require("node:child_process");
const { DemoDatabase } = require("./demo-database.js");
const {
  buildExample,
  exampleCommand,
  exampleFolder,
  exampleManifest,
  exampleNames,
  providePackage,
} = require("./examples.js");
const { END_SIGNALS } = require("./run-command.js");
const { ensureReady, SetupError } = require("./setup.js");

const DEFAULT_PORT = 3000;
const SERVERS = 2;

/** Those that a second server, or a port, means something to. @param {string} name */
function isServer(name) {
  return "socket.io" in exampleManifest(name).dependencies;
}

/** @returns {string} the example that the command line names */
function wantedExample() {
  const names = exampleNames().filter(isServer);
  const name = process.argv[2] ?? "";
  if (names.includes(name)) return name;
  throw new SetupError(
    `node scripts/example.js NAME, where NAME is one of ${names.join(", ")}.`,
  );
}

/**
 * @param {string} name
 * @param {string[]} args
 * @param {Record<string, string>} env
 */
function startProcess(name, args, env) {
  const child = spawn(process.execPath, args, {
    cwd: exampleFolder(name),
    env: { ...process.env, ...env },
    stdio: ["ignore", "inherit", "inherit"],
    // a group of its own: Ctrl-C reaches it through us, while the database is still there
    detached: process.platform !== "win32",
  });
  /** @type {Promise<number>} */
  const ended = new Promise((resolve) => {
    child.once("close", (code) => resolve(code ?? 1));
  });
  return { end: () => child.kill("SIGTERM"), ended };
}

/**
 * @param {string} name
 * @param {string} databaseUrl
 */
function startProcesses(name, databaseUrl) {
  const first = Number(process.env.PORT || DEFAULT_PORT);
  const servers = Array.from({ length: SERVERS }, (_, index) =>
    startProcess(name, exampleCommand(name), {
      DATABASE_URL: databaseUrl,
      PORT: String(first + index),
    }),
  );
  if (!exampleManifest(name).scripts.worker) return servers;
  const worker = exampleCommand(name, "worker");
  const env = { DATABASE_URL: databaseUrl };
  return [...servers, startProcess(name, worker, env)];
}

async function main() {
  const name = wantedExample();
  await ensureReady();
  providePackage();
  buildExample(name);
  const database = await DemoDatabase.open(process.env.DATABASE_URL);
  try {
    const processes = startProcesses(name, database.url);
    const endAll = () => processes.forEach(({ end }) => end());
    for (const signal of END_SIGNALS) process.on(signal, endAll);
    // one alone joins nobody: if one ends, such as for a port that is taken, all do
    process.exitCode = await Promise.race(processes.map(({ ended }) => ended));
    endAll();
    await Promise.all(processes.map(({ ended }) => ended));
  } finally {
    await database.close();
  }
}

main().catch((error) => {
  console.error(error instanceof SetupError ? error.message : error);
  process.exitCode = 1;
});
