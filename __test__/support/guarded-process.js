"use strict";

const { spawn } = require("node:child_process");

/** Ends with its input, hence with the process that started it, however that ends. */
const GUARD_SCRIPT = '"$@" & pid=$!; read -r _; kill -TERM "$pid"; wait "$pid"';

/** A program that does not outlive whoever started it. */
class GuardedProcess {
  /**
   * @param {string[]} command the program and its arguments
   * @param {{ uid?: number, gid?: number, cwd?: string }} [options]
   */
  constructor(command, options) {
    this._guard = spawn("sh", ["-c", GUARD_SCRIPT, "guard", ...command], {
      ...options,
      stdio: ["pipe", "ignore", "pipe"],
    });
    /** What it wrote to its standard error. */
    this.log = "";
    this._guard.stderr.on("data", (chunk) => (this.log += chunk));
  }

  /** Asks it to end, and waits until it has. */
  async end() {
    if (this._guard.exitCode !== null) return;
    const ended = new Promise((resolve) => this._guard.once("exit", resolve));
    this._guard.stdin.end();
    await ended;
  }
}

module.exports = { GuardedProcess };
