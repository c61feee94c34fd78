"use strict";

// Waiting for conditions: no test sleeps for a guessed time.

const { setTimeout: delay } = require("node:timers/promises");

const POLL_MS = 5;
/** Only what fails takes as long as that; what works may be slow on a busy machine. */
const DEFAULT_PATIENCE_MS = 30_000;

let patienceMs = DEFAULT_PATIENCE_MS;

/** How long a wait may take when it names no time of its own, in milliseconds. */
function patience() {
  return patienceMs;
}

/**
 * Shortens (or with no argument restores) the patience, for what is expected to fail.
 * @param {number} [ms]
 */
function setPatience(ms = DEFAULT_PATIENCE_MS) {
  patienceMs = ms;
}

/**
 * @template T
 * @param {() => T | Promise<T>} condition
 * @param {{ timeout?: number, message?: string | (() => string) }} [options] milliseconds; what was waited for
 * @returns {Promise<NonNullable<Awaited<T>>>} the first truthy value of the condition
 */
async function until(condition, { timeout = patienceMs, message = "" } = {}) {
  const deadline = Date.now() + timeout;
  for (;;) {
    const value = await condition();
    if (value) {
      return value;
    }
    if (Date.now() > deadline) {
      const what = typeof message === "function" ? message() : message;
      throw new Error(`not within ${timeout} ms: ${what || condition}`);
    }
    await delay(POLL_MS);
  }
}

/** @typedef {{ on(event: string, listener: (...args: any[]) => void): unknown, off(event: string, listener: (...args: any[]) => void): unknown }} Emitter */

/**
 * @param {Emitter} emitter
 * @param {string} event
 * @param {{ timeout?: number }} [options] milliseconds
 * @returns {Promise<any[]>} the arguments of the next event
 */
function once(emitter, event, { timeout = patienceMs } = {}) {
  return new Promise((resolve, reject) => {
    /** @param {any[]} args */
    const listener = (...args) => {
      clearTimeout(timer);
      emitter.off(event, listener);
      resolve(args);
    };
    const timer = setTimeout(() => {
      emitter.off(event, listener);
      reject(new Error(`no event "${event}" within ${timeout} ms`));
    }, timeout);
    emitter.on(event, listener);
  });
}

/**
 * Keeps the arguments of every event of this name: `values` holds the only argument, or the array of several.
 * @param {Emitter} emitter
 * @param {string} event
 */
function collect(emitter, event) {
  /** @type {any[]} */
  const values = [];
  emitter.on(event, (...args) => {
    values.push(args.length === 1 ? args[0] : args);
  });
  return {
    values,
    /**
     * @param {number} count
     * @param {{ timeout?: number }} [options] milliseconds
     * @returns {Promise<any[]>} the values, once there are that many
     */
    async count(count, options) {
      await until(() => values.length >= count, {
        ...options,
        message: () => `${count} events "${event}", there are ${values.length}`,
      });
      return values;
    },
  };
}

/**
 * @template T
 * @param {Promise<T>} promise
 * @param {string} message what should have happened
 * @param {{ timeout?: number }} [options] milliseconds
 * @returns {Promise<T>}
 */
async function within(promise, message, { timeout = patienceMs } = {}) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  try {
    return await Promise.race([
      promise,
      /** @type {Promise<never>} */ (
        new Promise((_, reject) => {
          const late = new Error(`not within ${timeout} ms: ${message}`);
          timer = setTimeout(() => reject(late), timeout);
        })
      ),
    ]);
  } finally {
    clearTimeout(timer);
  }
}

module.exports = { collect, once, patience, setPatience, until, within };
