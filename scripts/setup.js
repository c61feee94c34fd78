"use strict";

// Makes a fresh clone ready to run: npm packages, then the compiled addon. Uses Node's own modules only, because
// node_modules may not be there yet.

const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { spawnSync } = require("node:child_process");
const { withLock } = require("./lock-file.js");
const { endingOnSignals, runCommand } = require("./run-command.js");

const root = path.join(__dirname, "..");

/** The oldest major version of Node.js that the package supports. */
const MIN_NODE_MAJOR = 18;

/** What the addon is compiled from; folders count with everything below them. */
const ADDON_SOURCES = ["Cargo.toml", "Cargo.lock", "build.rs", "src"];

/** Written by npm as the last step of an installation: an interrupted one has none. */
const INSTALL_MARKER = path.join("node_modules", ".package-lock.json");

/** A problem that the reader can solve: shown as its message, without a stack. */
class SetupError extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = "SetupError";
  }
}

/**
 * @param {string} file relative to the repository
 * @returns {number} time of the last change in milliseconds, -Infinity when the file is missing
 */
function changedAt(file) {
  return (
    fs.statSync(path.join(root, file), { throwIfNoEntry: false })?.mtimeMs ??
    -Infinity
  );
}

/**
 * @param {string} file relative to the repository
 * @returns {number} the latest change of a file or of anything below a folder, in milliseconds
 */
function newestChange(file) {
  const stats = fs.statSync(path.join(root, file), { throwIfNoEntry: false });
  if (stats === undefined) return -Infinity;
  if (!stats.isDirectory()) return stats.mtimeMs;
  const entries = fs.readdirSync(path.join(root, file));
  return entries.reduce(
    (newest, entry) => Math.max(newest, newestChange(path.join(file, entry))),
    stats.mtimeMs,
  );
}

/**
 * @param {string} file relative to the repository
 * @returns {Record<string, { version?: string, integrity?: string, optional?: boolean, devOptional?: boolean }>}
 */
function lockedPackages(file) {
  return (
    JSON.parse(fs.readFileSync(path.join(root, file), "utf8")).packages ?? {}
  );
}

/** @returns {boolean} whether what is installed is what package-lock.json asks for */
function installedMatchesLock() {
  const installed = lockedPackages(INSTALL_MARKER);
  return Object.entries(lockedPackages("package-lock.json")).every(
    ([name, wanted]) => {
      // The root package has no entry of its own, and packages for other platforms are left out.
      if (name === "") return true;
      const found = installed[name];
      if (found === undefined)
        return Boolean(wanted.optional || wanted.devOptional);
      return (
        found.version === wanted.version && found.integrity === wanted.integrity
      );
    },
  );
}

/** @returns {boolean} */
function needsInstall() {
  const installedAt = changedAt(INSTALL_MARKER);
  if (installedAt === -Infinity) return true;
  // A checkout touches the lock file even where its content stays: then the content decides.
  return (
    installedAt < changedAt("package-lock.json") && !installedMatchesLock()
  );
}

/** @returns {string[]} the generated loader and the addon of this platform; short of one that is missing */
function builtFiles() {
  const prefix = `postgres-adapter-rs.${process.platform}-${process.arch}`;
  const isOutput = (/** @type {string} */ name) =>
    name === "binding.js" ||
    (name.startsWith(prefix) && name.endsWith(".node"));
  return fs.readdirSync(root).filter(isOutput);
}

/** @returns {boolean} */
function needsBuild() {
  const outputs = builtFiles();
  if (!outputs.includes("binding.js") || outputs.length < 2) return true;
  const builtAt = Math.min(...outputs.map(changedAt));
  return ADDON_SOURCES.some((source) => newestChange(source) > builtAt);
}

function checkNode() {
  if (Number(process.versions.node.split(".")[0]) >= MIN_NODE_MAJOR) return;
  throw new SetupError(
    `Node.js ${MIN_NODE_MAJOR} or newer is needed, this is ${process.version}. Get one from https://nodejs.org.`,
  );
}

/** Lets a shell that was open before rustup ran find what rustup installed. */
function addCargoHomeToPath() {
  const home = process.env.CARGO_HOME ?? path.join(os.homedir(), ".cargo");
  process.env.PATH = [process.env.PATH, path.join(home, "bin")]
    .filter(Boolean)
    .join(path.delimiter);
}

/** @returns {string | undefined} the version of cargo, such as "1.85.0" */
function cargoVersion() {
  const { stdout } = spawnSync("cargo", ["--version"], {
    cwd: root,
    encoding: "utf8",
  });
  return /^cargo (\d+\.\d+\.\d+)/.exec(stdout ?? "")?.[1];
}

/** Makes sure that `cargo` can be started and is new enough. */
function checkCargo() {
  if (cargoVersion() === undefined) addCargoHomeToPath();
  const found = cargoVersion();
  const manifest = fs.readFileSync(path.join(root, "Cargo.toml"), "utf8");
  const wanted = /^rust-version = "(\d+)\.(\d+)/m.exec(manifest);
  const oldest = wanted ? `${wanted[1]}.${wanted[2]}` : "";
  if (found === undefined) {
    throw new SetupError(
      `The addon is written in Rust and cargo was not found. Install Rust ${oldest} or newer from https://rustup.rs, ` +
        "then run this command again.",
    );
  }
  const [major = 0, minor = 0] = found.split(".").map(Number);
  if (
    wanted &&
    (major < Number(wanted[1]) ||
      (major === Number(wanted[1]) && minor < Number(wanted[2])))
  ) {
    throw new SetupError(
      `Rust ${oldest} or newer is needed, this is ${found}. Run: rustup update stable`,
    );
  }
}

/**
 * @param {string[]} args arguments for npm
 * @param {AbortSignal | undefined} signal
 * @param {string} advice what to look at when it fails
 */
async function npm(args, signal, advice) {
  // Set by npm for the scripts it runs: the same npm again, whatever is on the PATH.
  const cli = process.env.npm_execpath;
  const ownNpm = cli !== undefined && /npm-cli\.c?js$/.test(cli);
  const result = ownNpm
    ? await runCommand(process.execPath, [cli, ...args], { cwd: root, signal })
    : await runCommand("npm", args, { cwd: root, signal });
  if (signal?.aborted) throw new SetupError("The set-up was interrupted.");
  if (result.code === 0) return;
  const reason =
    result.error?.message ?? `exit code ${result.code ?? result.signal}`;
  throw new SetupError(`npm ${args.join(" ")} failed (${reason}). ${advice}`);
}

/** @param {AbortSignal | undefined} signal */
async function build(signal) {
  console.log(
    "Building the native addon in release mode: the first time takes about 2.5 minutes.",
  );
  const startedAt = new Date();
  await npm(
    ["run", "build"],
    signal,
    "Rust needs a C compiler to link with (Debian: build-essential).",
  );
  // The time of the start, so that a source changed during the build counts as newer than its outcome; and both
  // files, because the loader is written only when it differs.
  for (const file of builtFiles())
    fs.utimesSync(path.join(root, file), startedAt, startedAt);
  if (builtFiles().length < 2) {
    throw new SetupError(
      "npm run build ended well but left no addon for this platform beside package.json.",
    );
  }
}

/**
 * Installs the npm packages and builds the addon where they are missing or out of date; otherwise returns at once.
 * Several processes may call it at the same time: one works, the others wait for it.
 *
 * @param {{ build?: boolean, signal?: AbortSignal }} [options] build: also the addon (default true); signal: gives up
 * @returns {Promise<void>} rejects with a SetupError that says what to do
 */
async function ensureReady(options = {}) {
  const { build: wantsAddon = true, signal } = options;
  checkNode();
  if (!needsInstall() && !(wantsAddon && needsBuild())) return;
  if (signal) await setUp(wantsAddon, signal);
  else await endingOnSignals((ownSignal) => setUp(wantsAddon, ownSignal));
}

/**
 * @param {boolean} wantsAddon
 * @param {AbortSignal} signal
 */
async function setUp(wantsAddon, signal) {
  const onWait = (/** @type {number | undefined} */ pid) =>
    console.log(
      `Waiting for process ${pid ?? "(unknown)"}, which is setting up this folder.`,
    );
  const work = async () => {
    if (needsInstall()) {
      console.log("Installing the npm packages.");
      await npm(["ci"], signal, "Look at the messages of npm above.");
    }
    if (wantsAddon && needsBuild()) {
      checkCargo();
      await build(signal);
    }
  };
  await withLock(path.join(root, "target", "setup.lock"), work, {
    signal,
    onWait,
  });
}

module.exports = { ensureReady, addCargoHomeToPath, npm, SetupError, root };

if (require.main === module) {
  ensureReady().then(
    () => console.log("Ready."),
    (error) => {
      console.error(error instanceof SetupError ? error.message : error);
      process.exitCode = 1;
    },
  );
}
