"use strict";

const { spawn, spawnSync } = require("node:child_process");

/** How long a command gets between the polite signal and the one it cannot refuse, in milliseconds. */
const KILL_GRACE_MS = 10_000;

const isWindows = process.platform === "win32";

/**
 * @typedef {object} CommandOptions
 * @property {string} [cwd]
 * @property {NodeJS.ProcessEnv} [env] the whole environment of the command; default: the one of this process
 * @property {(line: string) => void} [onLine] receives each line of stdout and stderr; without it both go to ours
 * @property {number} [timeoutMs] after this many milliseconds the command and all it started are ended
 * @property {AbortSignal} [signal] ends the command and all it started
 */

/**
 * @typedef {object} CommandResult
 * @property {number | null} code exit code, null when a signal ended the command
 * @property {NodeJS.Signals | null} signal
 * @property {boolean} timedOut
 * @property {Error} [error] the command could not be started at all
 */

/**
 * Ends a command and everything it started. The command leads a process group of its own, so that a test runner's
 * children do not outlive it.
 *
 * @param {import('node:child_process').ChildProcess} child
 * @param {NodeJS.Signals} signal
 */
function killTree(child, signal) {
  if (child.pid === undefined) return;
  if (isWindows) {
    spawnSync("taskkill", ["/pid", String(child.pid), "/t", "/f"]);
    return;
  }
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The whole group has ended already.
  }
}

/**
 * Calls `onLine` for each complete line of a stream, and for an unfinished last one.
 *
 * @param {import('node:stream').Readable} stream
 * @param {(line: string) => void} onLine
 */
function readLines(stream, onLine) {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (/** @type {string} */ chunk) => {
    const lines = (rest + chunk).split(/\r?\n/);
    rest = lines.pop() ?? "";
    lines.forEach(onLine);
  });
  stream.on("end", () => {
    if (rest !== "") onLine(rest);
  });
}

/**
 * Runs a command without stdin and waits for its end. Never rejects: a command that cannot start is a result too.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {CommandOptions} [options]
 * @returns {Promise<CommandResult>}
 */
function runCommand(command, args, options = {}) {
  const { cwd, env, onLine, timeoutMs, signal } = options;
  return new Promise((resolve) => {
    const output = onLine ? "pipe" : "inherit";
    // Windows starts npm and its like through a shell only (they are .cmd files).
    const shell = isWindows && !command.endsWith(".exe");
    const child = spawn(command, args, {
      cwd,
      env,
      shell,
      stdio: ["ignore", output, output],
      detached: !isWindows,
    });
    if (onLine && child.stdout && child.stderr) {
      readLines(child.stdout, onLine);
      readLines(child.stderr, onLine);
    }

    let timedOut = false;
    /** @type {NodeJS.Timeout | undefined} */
    let force;
    const end = () => {
      killTree(child, "SIGTERM");
      force ??= setTimeout(() => killTree(child, "SIGKILL"), KILL_GRACE_MS);
    };
    const limit =
      timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            timedOut = true;
            end();
          }, timeoutMs);
    const release = () => {
      clearTimeout(limit);
      clearTimeout(force);
      signal?.removeEventListener("abort", end);
    };

    // A grandchild that outlives the command holds its pipes open and would keep 'close' from ever coming.
    child.once("exit", () => {
      if (timedOut || signal?.aborted) killTree(child, "SIGKILL");
    });
    child.once("error", (error) => {
      release();
      resolve({ code: null, signal: null, timedOut, error });
    });
    child.once("close", (code, endedBy) => {
      release();
      resolve({ code, signal: endedBy, timedOut });
    });
    if (signal?.aborted) end();
    else signal?.addEventListener("abort", end, { once: true });
  });
}

/** What a terminal or a supervisor sends to end a process. */
const END_SIGNALS = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);

/**
 * Runs `work` with an AbortSignal that the first SIGINT, SIGTERM or SIGHUP triggers. Once the work has ended, the
 * process ends by the same signal, as it would have without the commands to clean up after.
 *
 * @template T
 * @param {(signal: AbortSignal) => Promise<T>} work
 * @returns {Promise<T>}
 */
async function endingOnSignals(work) {
  const controller = new AbortController();
  /** @type {NodeJS.Signals | undefined} */
  let received;
  const onSignal = (/** @type {NodeJS.Signals} */ name) => {
    received ??= name;
    controller.abort();
  };
  for (const name of END_SIGNALS) process.on(name, onSignal);
  try {
    return await work(controller.signal);
  } finally {
    for (const name of END_SIGNALS) process.off(name, onSignal);
    if (received !== undefined) process.kill(process.pid, received);
  }
}

module.exports = {
  runCommand,
  readLines,
  endingOnSignals,
  END_SIGNALS,
  isWindows,
};
