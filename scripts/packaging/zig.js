"use strict";

// zig, as a linker and C compiler that brings the C library of any system in any version: what it links runs on an older
// one than this machine's. It and the way to it from cargo are programs that PyPI has, in a folder of their own.

const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const { withLock } = require("../lock-file.js");
const { isWindows, runCommand } = require("../run-command.js");
const { root } = require("../setup.js");

const REQUIREMENTS = ["ziglang==0.15.2", "cargo-zigbuild==0.24.1"];

const FOLDER = path.join(root, "target", "zig");
const PROGRAMS = path.join(FOLDER, isWindows ? "Scripts" : "bin");
const MARKER = path.join(FOLDER, "requirements.txt");
const CONTENT = `${REQUIREMENTS.join("\n")}\n`;

/** @returns {boolean} */
function isInstalled() {
  return fs.existsSync(MARKER) && fs.readFileSync(MARKER, "utf8") === CONTENT;
}

/** @returns {string | undefined} */
function findPython() {
  return ["python3", "python"].find(
    (program) => spawnSync(program, ["-m", "venv", "--help"]).status === 0,
  );
}

/**
 * @param {AbortSignal} [signal]
 * @returns {Promise<string | undefined>} what went wrong
 */
async function install(signal) {
  const python = findPython();
  if (python === undefined) return "there is no Python with the module venv";
  console.log(`Fetching zig (${REQUIREMENTS.join(", ")}).`);
  fs.rmSync(FOLDER, { recursive: true, force: true });
  const pip = "-m pip install --quiet --disable-pip-version-check --no-input";
  /** @type {[command: string, args: string[]][]} */
  const commands = [
    [python, ["-m", "venv", FOLDER]],
    [path.join(PROGRAMS, "python"), [...pip.split(" "), ...REQUIREMENTS]],
  ];
  for (const [command, args] of commands) {
    const { code, error } = await runCommand(command, args, { signal });
    if (code !== 0) return `${command} failed (${error?.message ?? code})`;
  }
  fs.writeFileSync(MARKER, CONTENT);
  return undefined;
}

/**
 * Fetches zig unless it is there.
 *
 * @param {AbortSignal} [signal]
 * @returns {Promise<{ programs: string } | { problem: string }>} the folder to put before the PATH, or why there is none
 */
async function installZig(signal) {
  const work = async () => (isInstalled() ? undefined : install(signal));
  const problem = await withLock(`${FOLDER}.lock`, work, { signal });
  return problem === undefined ? { programs: PROGRAMS } : { problem };
}

module.exports = { installZig };
