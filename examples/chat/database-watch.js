"use strict";

const { EventEmitter } = require("node:events");

/** Between two looks at the database, in milliseconds. */
const LOOK_MS = 1_000;

/** @typedef {{ up: boolean, since: number }} DatabaseState since: milliseconds since 1970 */

/**
 * Knows whether this server reaches the database, for the page to show. Emits `change` with a DatabaseState.
 */
class DatabaseWatch extends EventEmitter {
  /** @param {import('pg').Pool} pool */
  constructor(pool) {
    super();
    this.pool = pool;
    /** @type {DatabaseState} */
    this.state = { up: true, since: Date.now() };
    this.stopped = false;
    void this.look();
  }

  async look() {
    const up = await this.pool.query("SELECT 1").then(
      () => true,
      () => false,
    );
    if (this.stopped) return;
    if (up !== this.state.up) {
      this.state = { up, since: Date.now() };
      console.log(up ? "the database is back" : "the database is gone");
      this.emit("change", this.state);
    }
    this.timer = setTimeout(() => void this.look(), LOOK_MS);
  }

  stop() {
    this.stopped = true;
    clearTimeout(this.timer);
  }
}

module.exports = { DatabaseWatch };
