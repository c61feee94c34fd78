"use strict";

// A lock between processes, held through a file that exists only while one of them works.

const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");

/** How often a waiting process looks at the lock, in milliseconds. */
const POLL_MS = 250;

/** How often the holder touches its lock, in milliseconds. */
const TOUCH_MS = 2_000;

/**
 * A lock untouched for this many looks is left over from a process that is gone. Counted in looks, not in time, so
 * that a machine that slept does not wake up with every lock expired.
 */
const STALE_LOOKS = 120;

/** @typedef {{ pid: number, host: string, token: string }} Owner */

/**
 * @param {string} file
 * @returns {{ text: string, changedAt: number } | undefined} undefined when there is no lock
 */
function look(file) {
  try {
    return {
      text: fs.readFileSync(file, "utf8"),
      changedAt: fs.statSync(file).mtimeMs,
    };
  } catch (error) {
    if (isCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/**
 * @param {unknown} error
 * @param {string} code
 */
function isCode(error, code) {
  return (
    error instanceof Error &&
    /** @type {NodeJS.ErrnoException} */ (error).code === code
  );
}

/**
 * @param {string} text
 * @returns {Partial<Owner>} empty while the owner is still writing
 */
function parseOwner(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

/**
 * @param {Partial<Owner>} owner
 * @returns {boolean} whether the owner is known to have ended
 */
function hasEnded({ pid, host }) {
  if (pid === undefined || host !== os.hostname()) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return isCode(error, "ESRCH");
  }
}

/**
 * @param {string} file
 * @param {string} text
 * @returns {boolean} false when another process holds the lock
 */
function tryAcquire(file, text) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  try {
    fs.writeFileSync(file, text, { flag: "wx" });
    return true;
  } catch (error) {
    if (isCode(error, "EEXIST")) return false;
    throw error;
  }
}

/**
 * Takes a stale lock away. Two processes may find it stale at the same time: the one that comes second would move
 * the fresh lock of the first, notices by its text, and puts it back.
 *
 * @param {string} file
 * @param {string} staleText
 */
function removeStale(file, staleText) {
  const aside = `${file}.stale.${process.pid}`;
  try {
    fs.renameSync(file, aside);
    if (fs.readFileSync(aside, "utf8") !== staleText) {
      fs.copyFileSync(aside, file, fs.constants.COPYFILE_EXCL);
    }
  } catch (error) {
    if (!isCode(error, "ENOENT") && !isCode(error, "EEXIST")) throw error;
  } finally {
    fs.rmSync(aside, { force: true });
  }
}

/**
 * @param {string} file
 * @param {string} text
 * @param {{ signal?: AbortSignal, onWait?: (pid: number | undefined) => void }} options
 */
async function acquire(file, text, { signal, onWait }) {
  let lastSeen = "";
  let looks = 0;
  let told = false;
  while (!tryAcquire(file, text)) {
    signal?.throwIfAborted();
    const seen = look(file);
    if (seen === undefined) continue;
    const owner = parseOwner(seen.text);
    const key = `${seen.text} ${seen.changedAt}`;
    looks = key === lastSeen ? looks + 1 : 0;
    lastSeen = key;
    if (hasEnded(owner) || looks >= STALE_LOOKS) {
      removeStale(file, seen.text);
      continue;
    }
    if (!told) onWait?.(owner.pid);
    told = true;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/**
 * @param {string} file
 * @param {string} text
 */
function release(file, text) {
  // Only what is still ours: after a very long sleep another process may have taken over.
  if (look(file)?.text === text) fs.rmSync(file, { force: true });
}

/**
 * Runs `work` while this process holds the lock; waits for another holder first.
 *
 * @template T
 * @param {string} file the lock; its folder is created when missing
 * @param {() => Promise<T>} work
 * @param {{ signal?: AbortSignal, onWait?: (pid: number | undefined) => void }} [options] onWait is called once
 * @returns {Promise<T>}
 */
async function withLock(file, work, options = {}) {
  const token = `${Date.now()}-${Math.random()}`;
  const text = JSON.stringify({ pid: process.pid, host: os.hostname(), token });
  await acquire(file, text, options);
  const touch = setInterval(() => {
    const now = new Date();
    fs.utimes(file, now, now, () => {});
  }, TOUCH_MS);
  try {
    return await work();
  } finally {
    clearInterval(touch);
    release(file, text);
  }
}

module.exports = { withLock };
