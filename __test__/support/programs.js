"use strict";

// Programs that are there on some machines only.

const { spawnSync } = require("node:child_process");
const { existsSync } = require("node:fs");
const path = require("node:path");

/** Where package managers put them; not all of it is on the path of an ordinary user. */
const FOLDERS = [
  ...(process.env.PATH ?? "").split(path.delimiter),
  "/usr/sbin",
  "/usr/local/sbin",
  "/opt/homebrew/bin",
];

/**
 * @param {string} name
 * @returns {string | undefined} where it is
 */
function findProgram(name) {
  if (process.platform === "win32") return undefined;
  return FOLDERS.map((folder) => path.join(folder, name)).find((file) =>
    existsSync(file),
  );
}

/**
 * Before 1.27 it wanted a file that names the version of its format.
 *
 * @returns {string[] | undefined} the command that is followed by `config` and the like
 */
function findCompose() {
  const commands = [["docker", "compose"], ["docker-compose"]];
  return commands.find(([program = "", ...args]) => {
    const { stdout } = spawnSync(program, [...args, "version", "--short"], {
      encoding: "utf8",
    });
    return /^v?(1\.2[7-9]|[2-9]|\d\d)/.test(stdout ?? "");
  });
}

module.exports = { findCompose, findProgram };
