"use strict";

// npm run demo: a chat on three servers that only PostgreSQL joins, behind one address.

const { ServerProcess } = require("../examples/chat/cluster.js");
const { createControl } = require("../examples/chat/control.js");
const { startFront } = require("../examples/chat/front.js");
const { DemoDatabase } = require("./demo-database.js");
const { listenToKeys } = require("./demo-keys.js");
const { END_SIGNALS } = require("./run-command.js");
const { ensureReady, SetupError } = require("./setup.js");

const SERVER_COUNT = 3;
const DEFAULT_PORT = 3000;

/** How many ports above the default one are tried. */
const PORT_ATTEMPTS = 50;

/** After the end of the demo nothing should run any more; what does is cut off after this many milliseconds. */
const EXIT_LIMIT_MS = 2_000;

/** @typedef {import('../examples/chat/front.js').Front} Front */

/** @returns {number | undefined} the port that PORT asks for */
function wantedPort() {
  const text = process.env.PORT;
  if (text === undefined || text === "") return undefined;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new SetupError(`PORT must be a number from 0 to 65535, not "${text}".`);
}

/** @param {unknown} error */
function isPortTaken(error) {
  return (
    error instanceof Error &&
    /** @type {NodeJS.ErrnoException} */ (error).code === "EADDRINUSE"
  );
}

/**
 * @param {Omit<Parameters<typeof startFront>[0], 'port'>} options
 * @returns {Promise<Front>} on the port that PORT asks for, or on the first free one from 3000
 */
async function startFrontOnPort(options) {
  const wanted = wantedPort();
  const last = wanted ?? DEFAULT_PORT + PORT_ATTEMPTS;
  for (let port = wanted ?? DEFAULT_PORT; ; port += 1) {
    try {
      const front = await startFront({ ...options, port });
      if (wanted === undefined && port !== DEFAULT_PORT) {
        console.log(
          `Port ${DEFAULT_PORT} is taken: this demo uses ${port} instead.`,
        );
      }
      return front;
    } catch (error) {
      if (!isPortTaken(error)) throw error;
      if (port >= last) {
        throw new SetupError(
          `Port ${port} is taken. Choose another one: PORT=${Math.min(port + 1, 65_535)} npm run demo`,
        );
      }
    }
  }
}

/**
 * @param {Front} front
 * @param {DemoDatabase} database
 */
function printWelcome(front, database) {
  console.log(`
Ready: open http://localhost:${front.port}

  - Open it in a second tab: each load goes to the next of ${SERVER_COUNT} servers, which only PostgreSQL joins.
    ?server=2 at the end of the address chooses one.
  - Talk, change rooms, see who is connected where.
  - Break it: the page has buttons to kill a server${database.isOurs ? " and to stop PostgreSQL" : ""}.
`);
}

/** Holds what has been started, and ends it in reverse order. */
class Demo {
  constructor() {
    /** @type {(() => Promise<unknown> | void)[]} */
    this.cleanups = [];
    /** @type {ServerProcess[]} */
    this.servers = [];
    /** @type {DemoDatabase | undefined} */
    this.database = undefined;
    this.nextToKill = 0;
  }

  /** @param {AbortSignal} signal */
  async start(signal) {
    const control = createControl({
      status: () => ({
        database: this.database?.isOurs ? this.database.isRunning : undefined,
        servers: this.servers.map(({ name, port }) => ({
          name,
          up: port !== 0,
        })),
      }),
      stopDatabase: async () => this.database?.stop(),
      startDatabase: async () => this.database?.start(),
      killServer: (number) => this.servers[number - 1]?.kill(),
    });
    // First of all, because it is what fails at once. Until the servers run it answers "come back in a second".
    const front = await startFrontOnPort({
      host: process.env.DEMO_HOST || "127.0.0.1",
      backends: this.servers,
      intercept: control,
    });
    this.cleanups.push(() => front.close());
    await ensureReady({ build: true, signal });
    signal.throwIfAborted();

    const database = await DemoDatabase.open(process.env.DATABASE_URL);
    this.database = database;
    this.cleanups.push(() => database.close());
    signal.throwIfAborted();

    await this.startServers(database.url);
    signal.throwIfAborted();
    printWelcome(front, database);
    return database;
  }

  /** @param {string} databaseUrl */
  async startServers(databaseUrl) {
    for (let number = 1; number <= SERVER_COUNT; number += 1) {
      this.servers.push(new ServerProcess(number, databaseUrl));
    }
    this.cleanups.push(() =>
      Promise.all(this.servers.map((server) => server.stop())),
    );
    await Promise.all(this.servers.map((server) => server.start()));
    console.log(`${this.servers.map(({ name }) => name).join(", ")} run.`);
  }

  /** Kills a running server, another one each time. */
  killOne() {
    for (let i = 0; i < this.servers.length; i += 1) {
      const server = this.servers[this.nextToKill++ % this.servers.length];
      if (server && server.port !== 0) {
        server.kill();
        return;
      }
    }
    console.log("No server runs at the moment.");
  }

  async end() {
    while (this.cleanups.length > 0) {
      try {
        await this.cleanups.pop()?.();
      } catch (error) {
        console.error(error);
        process.exitCode = 1;
      }
    }
  }
}

/** @param {AbortSignal} signal */
function untilAborted(signal) {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener("abort", resolve, { once: true });
  });
}

async function main() {
  const ending = new AbortController();
  const end = () => {
    if (ending.signal.aborted) return;
    console.log("\nEnding: the servers, then the database.");
    ending.abort();
  };
  // Stay in place to the end: a second Ctrl-C must not leave anything behind.
  for (const name of END_SIGNALS) process.on(name, end);
  // A terminal that was closed takes no output; ending in order matters more.
  process.stdout.on("error", () => {});
  process.stderr.on("error", () => {});

  const demo = new Demo();
  try {
    const database = await demo.start(ending.signal);
    const stopListening = listenToKeys({
      end,
      killOne: () => demo.killOne(),
      database,
    });
    demo.cleanups.push(stopListening);
    await untilAborted(ending.signal);
  } catch (error) {
    if (!ending.signal.aborted) {
      console.error(error instanceof SetupError ? error.message : error);
      process.exitCode = 1;
    }
  }
  await demo.end();
  setTimeout(() => process.exit(), EXIT_LIMIT_MS).unref();
}

void main();
