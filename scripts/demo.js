"use strict";

// npm run demo: a live view of three servers that only PostgreSQL joins, behind one address.

const { Director } = require("../examples/demo/director.js");
const { startFront } = require("../examples/demo/front.js");
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

/** @typedef {import('../examples/demo/front.js').Front} Front */

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
 * @param {string} host that the front listens on
 * @param {number} port
 * @returns {string} where it is reached from this machine
 */
function urlOf(host, port) {
  if (host === "0.0.0.0" || host === "::") return `http://localhost:${port}`;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/**
 * @param {Front} front
 * @param {DemoDatabase} database
 */
function printWelcome(front, database) {
  console.log(`
Ready: open http://localhost:${front.port}

  - See ${SERVER_COUNT} servers that only PostgreSQL joins: who is connected where, what travels, and how fast.
  - Send 10,000 messages at once, kill a server${database.isOurs ? ", stop PostgreSQL" : ""}, and watch what becomes of it.
  - Open it in a second tab and talk: each load goes to the next server. ?server=2 at the end of the address chooses one.
`);
}

/** Holds what has been started, and ends it in reverse order. */
class Demo {
  constructor() {
    /** @type {(() => Promise<unknown> | void)[]} */
    this.cleanups = [];
    this.director = new Director();
    this.nextToKill = 0;
  }

  /** @param {AbortSignal} signal */
  async start(signal) {
    // First of all, because it is what fails at once. Until the servers run it answers "come back in a second".
    const { director } = this;
    this.cleanups.push(() => director.stop());
    const host = process.env.DEMO_HOST || "127.0.0.1";
    const front = await startFrontOnPort({
      host,
      backends: director.servers,
      intercept: director.control,
    });
    this.cleanups.push(() => front.close());
    await ensureReady({ build: true, signal });
    signal.throwIfAborted();

    const database = await DemoDatabase.open(process.env.DATABASE_URL);
    director.useDatabase(database);
    this.cleanups.push(() => database.close());
    signal.throwIfAborted();

    this.cleanups.push(() => director.stopServers());
    await director.startServers(SERVER_COUNT, database.url);
    signal.throwIfAborted();
    this.cleanups.push(() => director.stopCrowd());
    director.startCrowd(
      urlOf(host, front.port),
      process.env.DEMO_VISITORS !== "0",
    );
    printWelcome(front, database);
    return database;
  }

  /** Kills a running server, another one each time. */
  killOne() {
    const { servers } = this.director;
    for (let i = 0; i < servers.length; i += 1) {
      const server = servers[this.nextToKill++ % servers.length];
      if (server && server.port !== 0) {
        void server.kill();
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
