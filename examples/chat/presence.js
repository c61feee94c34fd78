"use strict";

/** Without any news the list is still read again after this many milliseconds: a killed server says no goodbye. */
const REFRESH_MS = 5_000;

/** Changes that come together are answered together, in milliseconds. */
const GATHER_MS = 50;

/** @typedef {{ id: string, name: string, room: string, server: string }} Person */

/**
 * @param {{ id: string, data: any }} socket
 * @returns {Person}
 */
function toPerson({ id, data }) {
  return { id, name: data.name, room: data.room, server: data.server };
}

/** Tells the visitors of this server who is connected to which server of the cluster. */
class Presence {
  /**
   * @param {import('socket.io').Server} io
   * @param {import('./database-watch.js').DatabaseWatch} database
   */
  constructor(io, database) {
    this.io = io;
    this.database = database;
    this.refreshing = false;
    this.stopped = false;
    /** @type {NodeJS.Timeout | undefined} */
    this.gathering = undefined;
    this.timer = setInterval(() => this.refreshSoon(), REFRESH_MS);
    io.on("presence changed", () => this.refreshSoon());
    database.on("change", () => this.refreshSoon());
  }

  /** Something changed on this server: every server reads the list again. */
  changed() {
    if (this.stopped) return;
    this.io.serverSideEmit("presence changed");
    this.refreshSoon();
  }

  refreshSoon() {
    if (this.stopped) return;
    this.gathering ??= setTimeout(() => {
      this.gathering = undefined;
      void this.refresh();
    }, GATHER_MS);
  }

  async refresh() {
    if (this.refreshing) {
      this.refreshSoon();
      return;
    }
    this.refreshing = true;
    try {
      this.io.local.emit("presence", await this.read());
    } finally {
      this.refreshing = false;
    }
  }

  /** @returns {Promise<{ people: Person[], complete: boolean }>} complete: false when other servers did not answer */
  async read() {
    if (this.database.state.up) {
      try {
        return {
          people: (await this.io.fetchSockets()).map(toPerson),
          complete: true,
        };
      } catch {
        // A server died a moment ago, or the database went away meanwhile. The next refresh knows more.
      }
    }
    return {
      people: (await this.io.local.fetchSockets()).map(toPerson),
      complete: false,
    };
  }

  stop() {
    this.stopped = true;
    clearInterval(this.timer);
    clearTimeout(this.gathering);
  }
}

module.exports = { Presence };
